"""A run goes on with the data that it was started with, and is written by one process at a time."""

import subprocess
import sys

import numpy as np
import pytest
from own_process import start_file

from keras_vae.cli.evaluations import report_folder
from keras_vae.cli.sources import data_of
from keras_vae.files import write_json
from keras_vae.training import Run, train


@pytest.fixture
def data(tmp_path):
    """Writes digits-like arrays to `x.npz`."""
    random = np.random.default_rng(0)
    arrays = {
        "x": random.random((60, 8, 8, 1), "float32"), "y": np.arange(60) % 3,
        "x_validation": random.random((10, 8, 8, 1), "float32"), "x_test": random.random((10, 8, 8, 1), "float32"),
        "y_test": np.arange(10) % 3,
    }  # fmt: skip

    def write(name="x.npz", **changes):
        np.savez(tmp_path / name, **{**arrays, **changes})
        return str(tmp_path / name)

    write.arrays = arrays
    return write


@pytest.fixture
def begun(data, tiny, tmp_path):
    """The configuration of a finished run that may go on, and its folder."""
    config = tiny(data=data(), limit=None, decay="none", epochs=1)
    train(config, tmp_path / "run", verbose=0, report=False)
    return config.replace(epochs=2), tmp_path / "run"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.slow
def test_other_data_of_the_same_shape_are_refused_and_named(begun, data, refused):
    (config, out), before = begun, contents(begun[1])
    changed = data.arrays["x"].copy()
    changed[17, 3, 3, 0] += 1e-3
    for change, named in (
        ({"x": changed}, "training examples"),
        ({"x": data.arrays["x"][::-1], "y": data.arrays["y"][::-1]}, "training examples, training labels"),
        ({"y": 2 - data.arrays["y"]}, "training labels"),
        ({"x_validation": data.arrays["x_test"]}, "validation examples"),
        ({"y_test": data.arrays["y_test"] * 2}, "test labels"),
        ({"x_test": data.arrays["x_test"] / 2}, "test examples"),
    ):
        data(**change)
        with refused(rf"other data than '.*x\.npz' holds now \(different: {named}\); resume it with the same data"):
            train(config, out, resume=True, verbose=0, report=False)
        assert contents(out) == before
    data()
    assert train(config, out, resume=True, verbose=0, report=False).read_history()["epoch"] == [1, 2]


@pytest.mark.slow
def test_the_same_data_may_be_elsewhere_and_more_may_change_in_the_report(begun, data):
    config, out = begun
    moved = config.replace(data=data("moved.npz"), likelihood_samples=7, validation=0.2)
    run = train(moved, out, resume=True, verbose=0, report=False)
    assert run.config() == moved and run.read_history()["epoch"] == [1, 2]


@pytest.mark.slow
def test_a_run_without_a_record_goes_on_with_a_note_and_has_one_then(begun, data, capsys, refused):
    config, out = begun
    (out / "data.json").unlink()
    train(config, out, resume=True, verbose=0, report=False)
    assert "does not record its data" in capsys.readouterr().err
    data(x=data.arrays["x"] / 2)
    with refused("training examples"):
        train(config.replace(epochs=3), out, resume=True, verbose=0, report=False)


@pytest.mark.slow
def test_commands_that_read_a_runs_data_note_that_they_have_changed(begun, data, capsys):
    _, out = begun
    data_of(out, None)
    assert capsys.readouterr().err == ""
    data(x_test=data.arrays["x_test"] / 2)
    data_of(out, None)
    note = capsys.readouterr().err
    assert note.startswith("Note: ") and "x.npz has changed since" in note and "(different: test examples)" in note
    data_of(out, "digits")
    assert capsys.readouterr().err == ""


HOLD = """
import sys, time
from pathlib import Path
from keras_vae.locks import locked
with locked(Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(600)
"""
TRAIN = """
import sys
from keras_vae.training import TrainingConfig, train
train(TrainingConfig.read(sys.argv[1]), sys.argv[2], resume=True, report=False, verbose=0)
"""


@pytest.fixture
def held(begun):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(begun[1])], stdout=subprocess.PIPE)
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_a_run_that_another_process_writes_is_refused_until_that_is_gone(begun, held, refused):
    config, out = begun
    before = contents(out)
    for options in ({"resume": True}, {"overwrite": True}):
        with refused(f"process {held.pid} on .* is working in it"):
            train(config, out, verbose=0, report=False, **options)
    with refused(f"process {held.pid} on"), report_folder(out):
        pass
    assert contents(out) == before
    (out / "config.json").unlink()  # as when the other process has only just begun
    for options in ({"resume": True}, {"overwrite": True}, {}):
        with refused(f"process {held.pid} on .* is working in it"):
            train(config, out, verbose=0, report=False, **options)
    (out / "config.json").write_bytes(before["config.json"])
    held.kill()
    held.wait()
    train(config, out, resume=True, verbose=0, report=False)
    assert ".lock" not in contents(out)


@pytest.mark.slow
def test_two_that_start_at_once_do_not_mix(tmp_path, tiny):
    """One of them is refused; the other ends as if it had been alone."""
    out = tmp_path / "run"
    write_json(tmp_path / "config.json", tiny(epochs=3).as_dict())
    (tmp_path / "train.py").write_text(TRAIN)
    outputs = [tmp_path / "one.txt", tmp_path / "other.txt"]
    both = [start_file(tmp_path / "train.py", tmp_path / "config.json", out, output=output) for output in outputs]
    for process in both:
        process.join()
    failed = [output.read_text() for process, output in zip(both, outputs, strict=True) if process.exitcode]
    assert len(failed) <= 1 and all("is working in it" in error for error in failed)
    assert Run(out).read_history()["epoch"] == [1, 2, 3]
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
