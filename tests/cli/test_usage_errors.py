"""A command line that the parser refuses gets one line, before TensorFlow is imported."""

import pytest

from tests.cli.refusals import assert_refused

REFUSED = {
    "trian": "Unknown command 'trian': did you mean 'train'",
    "train --epoch 3": "train: unknown option '--epoch'; did you mean '--epochs'",
    "train --units 200": "train: unknown option '--units'; .* by `--set units=VALUE`; see `keras-vae train --help`",
    "sample -x": "sample: unknown option '-x'; see `keras-vae sample --help`",
    "--epochs 3 train": "--epochs belongs behind the command, such as `keras-vae train --epochs`",
    "train mnist": "train: unexpected argument 'mnist'; did you mean `--data mnist`",
    "train --set beta=4 units=[4]": "train: unexpected argument 'units=.4.'; did you mean `--set units=.4.`",
    "compare": r"compare: RUNS is missing \(two or more run folders\); see `keras-vae compare --help`",
    "sample run": r"sample: --out is missing \(output file: .png",
    "train --epochs": "--epochs: expected a value, got nothing",
    "train --resume=3": "--resume: expected no value",
    "train --epochs three": "train: --epochs must be an integer; got 'three'",
    "train --learning-rate fast": "train: --learning-rate must be a finite number; got 'fast'",
    "explore run --points 1": "explore: --points must be an integer from 2 to 20000; got 1",
    "tune --workers 1.5": "tune: --workers must be an integer >= 0; got 1.5",
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.items())
def test_the_parser_refuses_in_one_line(cli, monkeypatch, arguments, message):
    monkeypatch.setattr("keras_vae.cli.quiet.quiet_tensorflow", lambda: pytest.fail("it is not needed"))
    assert_refused(cli(*arguments.split()), message)


def test_without_arguments_the_first_steps_are_shown(cli):
    code, out, err = cli()
    assert (code, out) == (2, "")
    assert "keras-vae train --data digits" in err and "keras-vae --help" in err


def test_without_tensorflow_a_command_points_to_the_doctor(cli, monkeypatch):
    def fail():
        raise ImportError("libtensorflow.so: no such file")

    monkeypatch.setattr("keras_vae.cli.quiet.quiet_tensorflow", fail)
    assert_refused(cli("models"), "TensorFlow: it cannot be imported .libtensorflow.so.*; run `keras-vae doctor`")


def test_the_end_of_the_input_within_a_command_is_one_line(cli, monkeypatch):
    def end(*_, **__):
        raise EOFError

    monkeypatch.setattr("typer.echo", end)
    code, out, err = cli()
    assert (code, out, err.strip()) == (1, "", "keras-vae: the input ended; nothing further was done.")
