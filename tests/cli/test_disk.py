"""A full disk, a target that cannot be written, and a process that is ended: one line, and nothing half-written."""

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.refusals import assert_refused

EXPORT = Path(__file__).parents[2] / "saved_models" / "digits"
WRITE = {
    "export": "export {run} {out}/m --no-server-files --no-data --signature encode",
    "onnx": "export {run} {out}/m.onnx",
    "parquet": "reconstruct {export} --data {pixels} --out {out}/codes",
    "tfrecord": "reconstruct {export} --data {pixels} --out {out}/codes --format tfrecord",
    "beam": "reconstruct {export} --data {pixels} --out {out}/codes --runner DirectRunner",
    "beam tfrecord": "reconstruct {export} --data {pixels} --out {out}/codes --runner DirectRunner --format tfrecord",
    "array": "sample {run} --out {out}/x.npy --limit 500",
    "picture": "sample {run} --out {out}/x.png",
    "codes": "encode {run} --out {out}/x.npz",
    "train": "train --epochs 1 --limit 64 --set units=[4] --no-jit-compile --out {out}/run",
    "tune": "tune --out {out}/search",
}


@pytest.fixture(scope="module")
def pixels(tmp_path_factory):
    path = tmp_path_factory.mktemp("pixels") / "x.npy"
    np.save(path, np.random.default_rng(0).random((2000, 8, 8, 1), "float32"))
    return path


@pytest.fixture
def words(finished_run, pixels):
    """The words of a command that writes below `out`."""

    def words(name, out):
        if name == "onnx":
            pytest.importorskip("tf2onnx")
        if "beam" in name:
            pytest.importorskip("apache_beam")
        return WRITE[name].format(run=finished_run, export=EXPORT, pixels=pixels, out=out).split()

    return words


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("export", "parquet", "picture") else pytest.mark.slow)
        for name in WRITE
        if name not in ("train", "tune")
    ],
)
def test_a_full_disk_is_told_in_one_line_and_nothing_is_left(cli, words, tmp_path, full_disk, name):
    with full_disk(1500):
        result = cli(*words(name, "out"))
    assert_refused(result, r"out/\S+: (File too large|it cannot be written)")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", WRITE)
def test_a_target_that_cannot_be_written_is_found_before_the_work(cli, words, tmp_path, monkeypatch, name):
    """A folder below a file stands for one without permission, which does not bind root."""
    (tmp_path / "file").write_text("mine")
    from keras_vae.training import train

    def begun(*_, **__):
        pytest.fail("the work has begun")

    for reads in (
        *("keras_vae.cli.sources.load_model", "keras_vae.cli.sources.load_data", "keras_vae.training.run.load_model"),
        *("keras_vae.tuning.hyper_model.load_data", "tensorflow.saved_model.load"),
    ):
        monkeypatch.setattr(reads, begun)
    monkeypatch.setitem(train.__globals__, "load_data", begun)
    assert_refused(cli(*words(name, "file")), "file.*: Not a directory")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number", "code"),
    [("export", signal.SIGTERM, 143), ("parquet", signal.SIGINT, 130), ("parquet", signal.SIGKILL, -9)],
)
def test_a_process_that_is_ended_leaves_nothing_or_the_next_one_clears_it(
    command, cli, words, tmp_path, name, number, code
):
    if name == "parquet":
        np.save(tmp_path / "many.npy", np.zeros((300_000, 8, 8, 1), "uint8"))
    given = ["many.npy" if word.endswith("x.npy") else word for word in words(name, "out")]

    def as_in_a_terminal():  # a shell ignores SIGINT in processes that it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)

    process = subprocess.Popen(
        [command, *map(str, given)], cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=as_in_a_terminal
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("out/.*.partial-*/content/*")):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[1]
        time.sleep(0.01)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == code and "Traceback" not in error
    if number == signal.SIGKILL:
        assert list(tmp_path.glob("out/.*.partial-*"))
        assert cli(*words(name, "out"))[0] == 0
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["codes"]
    else:
        assert not os.path.exists(tmp_path / "out")
