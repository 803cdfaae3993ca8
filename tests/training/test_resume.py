"""A run that is killed, stopped or out of disk goes on where it was, and ends where it would have ended."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from importlib import import_module

import numpy as np
import pytest

from keras_vae import load_model
from keras_vae.cli.main import main
from keras_vae.training import Run, TrainingConfig, train
from keras_vae.training.checkpoint import KeepRun, save_checkpoint
from keras_vae.training.epochs import steps_of
from keras_vae.training.run_data import load_data

resource = pytest.importorskip("resource", reason="the limits of a process are POSIX's")

EPOCHS = 6
CONFIG = TrainingConfig(
    latent_dim=4, epochs=EPOCHS, batch_size=8, options={"units": [128, 128]}, jit_compile=False, likelihood_samples=0
)
STEPS = 1437 // 8
BRIEF = [
    "--latent-dim", "4", "--epochs", "4", "--limit", "128", "--set", "units=[128,128]", "--no-jit-compile",
    "--likelihood-samples", "0",
]  # fmt: skip
ARGUMENTS = [
    "--latent-dim", "4", "--epochs", str(EPOCHS), "--batch-size", "8", "--set", "units=[128,128]",
    "--no-jit-compile", "--likelihood-samples", "0",
]  # fmt: skip


@pytest.fixture
def start(command):
    """Starts the training in a process of its own, with a terminal's signals."""
    processes = []

    def start(out):
        def prepare():
            signal.signal(signal.SIGINT, signal.default_int_handler)

        arguments = [command, "train", *ARGUMENTS, "--out", str(out)]
        pipe = subprocess.PIPE
        processes.append(subprocess.Popen(arguments, stdout=pipe, stderr=pipe, text=True, preexec_fn=prepare))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def with_short_reports(short_reports):
    with short_reports():
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory, with_short_reports):
    return train(CONFIG, tmp_path_factory.mktemp("whole") / "run", verbose=0)


@pytest.fixture(scope="module")
def brief(with_short_reports):
    return CONFIG.replace(batch_size=None, limit=128, epochs=4)


@pytest.fixture(scope="module")
def whole_brief(tmp_path_factory, brief):
    return train(brief, tmp_path_factory.mktemp("whole") / "run", verbose=0)


@pytest.fixture(scope="module")
def assert_same(assert_same_weights):
    def assert_same(run, expected):
        history = run.read_history()
        assert list(history) == list(expected.read_history())
        for name, values in expected.read_history().items():
            np.testing.assert_allclose(history[name], values, rtol=1e-6, err_msg=name)
        assert_same_weights(run, expected, atol=1e-6)
        one, other = (part.read_json("evaluation.json")["answers"]["likelihood"] for part in (run, expected))
        numbers = {name for name, value in one.items() if name not in ("verdict", "notes")}
        assert {name: one[name] for name in numbers} == pytest.approx({name: other[name] for name in numbers}, rel=1e-6)
        assert {path.name for path in run.path.iterdir()} == {path.name for path in expected.path.iterdir()}

    return assert_same


def rows(run):
    return len(run.read_history().get("epoch", []))


def wait_for_the_middle_of_the_third_epoch(process, run):
    times = {}
    deadline = time.monotonic() + 180
    while rows(run) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the training does not get anywhere"
        times.setdefault(rows(run), time.monotonic())
        time.sleep(0.01)
    time.sleep((time.monotonic() - times.get(1, times[0])) / 2)


@pytest.mark.slow
def test_a_killed_run_goes_on_after_its_last_whole_epoch(tmp_path, start, whole, assert_same):
    run = Run(tmp_path / "run")
    process = start(run.path)
    wait_for_the_middle_of_the_third_epoch(process, run)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL

    done, rest = divmod(int(load_model(run["checkpoint.keras"]).optimizer.iterations), STEPS)
    assert rest == 0
    assert 2 <= rows(run) < EPOCHS and done in (rows(run), rows(run) - 1)
    assert run.config() == CONFIG
    assert not run["model.keras"].exists()

    train(CONFIG, run.path, resume=True, verbose=0)
    assert_same(run, whole)


@pytest.mark.slow
def test_an_interrupted_process_ends_with_130_and_its_run_goes_on(tmp_path, start, whole, assert_same):
    run = Run(tmp_path / "run")
    process = start(run.path)
    wait_for_the_middle_of_the_third_epoch(process, run)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert f"Finished epochs: {rows(run)}, saved in {run.path}" in stderr and rows(run) < EPOCHS
    train(CONFIG, run.path, resume=True, verbose=0)
    assert_same(run, whole)


@pytest.fixture
def call(monkeypatch, capsys):
    """Calls the command in this process: arguments -> exit code and stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["keras-vae", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code or 0, capsys.readouterr().err

    return call


@pytest.mark.slow
def test_an_interrupted_run_says_how_to_go_on_and_does(tmp_path, monkeypatch, call, whole_brief, assert_same):
    run = Run(tmp_path / "run")
    batches = iter(range(1000))

    def interrupt(self, batch, logs=None):
        if next(batches) == 1:  # the four of an epoch are run at once
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(KeepRun, "on_train_batch_begin", interrupt)
        code, stderr = call("train", *BRIEF, "--out", str(run.path))
    advice = f"keras-vae train --resume --out {run.path}"
    assert code == 130
    assert stderr.split("\n") == [
        "",
        f"Stopped. Finished epochs: 2, saved in {run.path}. Resume with:",
        f"  {advice}",
        "",
    ]
    assert rows(run) == 2
    assert call(*advice.split()[1:]) == (0, "")
    assert_same(run, whole_brief)


@pytest.mark.slow
def test_a_full_disk_is_told_in_one_line_and_leaves_nothing_half_written(tmp_path, call, whole_brief, full_disk):
    run = Run(tmp_path / "run")
    with full_disk(whole_brief["model.keras"].stat().st_size // 2):
        code, stderr = call("train", *BRIEF, "--out", str(run.path))
    assert code == 2
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert stderr.startswith("keras-vae: ")
    assert "File too large" in stderr
    assert {path.name for path in run.path.iterdir()} == {
        "config.json", "data.json", "environment.json", "history.csv",
    }  # fmt: skip
    assert rows(run) == 1


@pytest.mark.slow
def test_an_interrupt_that_is_swallowed_on_its_way_stops_the_run_all_the_same(
    tmp_path, monkeypatch, brief, whole_brief, assert_same
):
    run = Run(tmp_path / "run")
    original, handler = Run.save_model, signal.getsignal(signal.SIGINT)

    def swallow(self, *arguments):
        original(self, *arguments)
        with contextlib.suppress(KeyboardInterrupt):  # as bare excepts in Keras and TensorFlow do
            if rows(self) == 1:
                signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "save_model", swallow)
        with pytest.raises(KeyboardInterrupt):
            train(brief, run.path, verbose=0)
    assert rows(run) <= 2
    assert signal.getsignal(signal.SIGINT) is handler
    train(brief, run.path, resume=True, verbose=0)
    assert_same(run, whole_brief)


class StopError(Exception):
    """Stands for the end of the process."""


ENDS = [  # the call of a function in which the process ends, and how many epochs have a row then
    (Run, "write_history", 2, 0),  # before the first row
    (Run, "save_model", 1, 1),  # before the first checkpoint
    (Run, "save_model", 3, 3),  # in the third checkpoint
    (Run, "save_model", 3, 4),  # in the model, after the third and the fourth checkpoint
    (import_module("keras_vae.training.report"), "write_report", 1, 4),
]


@pytest.mark.slow
def test_wherever_a_run_ends_it_goes_on_and_leaves_no_remains(tmp_path, monkeypatch, brief, whole_brief, assert_same):
    run = Run(tmp_path / "run")
    for owner, function, call, epochs in ENDS:
        calls, original = iter(range(1, 100)), getattr(owner, function)

        def stop(*arguments, call=call, calls=calls, original=original, **options):
            if next(calls) == call:
                raise StopError
            original(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(owner, function, stop)
            with pytest.raises(StopError):
                train(brief, run.path, resume=True, verbose=0)
        assert rows(run) == epochs
        for name in ("checkpoint.keras", "history.csv", "evaluation.json"):
            left = run[f".{name}.partial-1"]
            (left / "content").mkdir(parents=True, exist_ok=True)
            (left / "content" / name).write_bytes(b"half")
            (left / ".lock").write_text('{"program": "keras_vae"}')
    train(brief, run.path, resume=True, verbose=0)
    assert_same(run, whole_brief)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda history: history.pop("kl"), "history.csv: it lacks kl; put the file back"),
        (lambda history: history.update(mine=history["kl"]), "history.csv: it has no use for mine; put the file back"),
    ],
)
def test_a_history_of_other_columns_is_refused(tmp_path, brief, whole_brief, refused, change, message):
    run = Run(tmp_path / "run")
    run.start(brief)
    history = {name: values[:2] for name, values in whole_brief.read_history().items()}
    change(history)
    run.write_history(history)
    run["model.keras"].write_bytes(whole_brief["model.keras"].read_bytes())
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    with refused(message):
        train(brief, run.path, resume=True, verbose=0)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_a_truncated_checkpoint_is_refused_and_kept(tmp_path, brief, whole_brief, refused, kept):
    run = Run(tmp_path / "run")
    run.start(brief)
    run.write_history({name: values[:2] for name, values in whole_brief.read_history().items()})
    whole = whole_brief["model.keras"].read_bytes()
    run["checkpoint.keras"].write_bytes(whole[: int(kept * len(whole))])
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    with refused(r"checkpoint\.keras: it is not a \.keras file, or a damaged one"):
        train(brief, run.path, resume=True, verbose=0)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "change", "differs"),
    [
        ("model.keras", {"latent_dim": 5}, r"\S+ \S+; got \S+ \S+"),
        ("checkpoint.keras", {"latent_dim": 5}, r"\S+ \S+; got \S+ \S+"),
        ("model.keras", {"options": {"units": [128, 128], "free_bits": 0.5}}, r"objective\S* .+; got .+"),
        ("checkpoint.keras", {"optimizer": "adamw"}, r"optimizers\S* 'AdamW'; got 'Adam'"),
    ],
)
def test_a_model_of_another_configuration_is_refused_and_kept(
    tmp_path, brief, whole_brief, refused, name, change, differs
):
    run, other = Run(tmp_path / "run"), brief.replace(**change)
    run.start(other)
    run.write_history({epoch: values[:2] for epoch, values in whole_brief.read_history().items()})
    shutil.copy(whole_brief["model.keras"], run.path)
    if name != "model.keras":
        save_checkpoint(run, whole_brief.model(), 2 * steps_of(brief, load_data(brief)))
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    with refused(rf"expected a saved model as in its config\.json, with {differs}; put back the file"):
        train(other, run.path, resume=True, verbose=0)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


@pytest.mark.slow
@pytest.mark.parametrize("finished", [False, True])
def test_a_history_without_its_last_epochs_is_refused_and_kept(tmp_path, brief, whole_brief, refused, finished):
    run = Run(tmp_path / "run")
    run.start(brief)
    shutil.copy(whole_brief["model.keras"], run.path)
    if not finished:
        steps = steps_of(brief, load_data(brief))
        save_checkpoint(run, load_model(whole_brief["model.keras"]), 2 * steps)
    run.write_history({name: values[: not finished] for name, values in whole_brief.read_history().items()})
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    with refused(r"history\.csv: expected a row for each epoch .*put the file back as training wrote it"):
        train(brief, run.path, resume=True, verbose=0)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before
