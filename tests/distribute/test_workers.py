"""Real processes on this machine, which train one model."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from keras_vae.data import load
from keras_vae.distribute.launch import free_ports
from keras_vae.training import Run, TrainingConfig, train
from keras_vae.training.checkpoint import read_checkpoint

LAUNCH = [sys.executable, str(Path(__file__).parents[2] / "scripts" / "launch_workers")]
EPOCHS = 3
QUICK = ["--epochs", str(EPOCHS), "--limit", "250", "--latent-dim", "2", "--set", "units=[16]", "--no-jit-compile"]
QUICK += ["--no-report"]


def command(workers, out, *arguments, model="ae", restarts=0):
    own = [str(workers), "--restarts", str(restarts), "--"]
    return [*LAUNCH, *own, "train", "--model", model, *QUICK, *arguments, "--out", str(out)]


def alone(out, **changes):
    config = TrainingConfig(
        model="ae", epochs=EPOCHS, limit=250, latent_dim=2, options={"units": [16]}, jit_compile=False,
    )  # fmt: skip
    return train(config.replace(**changes), out, report=False, verbose=0)


def assert_same_history(one, other, tolerance=1e-4):
    history, expected = one.read_history(), other.read_history()
    assert list(history) == list(expected) and history["epoch"] == list(range(1, EPOCHS + 1))
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=tolerance, err_msg=name)


@pytest.mark.slow
def test_workers_on_a_stream_one_of_whom_is_killed_end_where_one_process_does_in_memory(tmp_path, assert_same_weights):
    data, run = str(tmp_path / "digits.npy"), Run(tmp_path / "run")
    np.save(data, load("digits").train.x)
    # Of a batch of three, one worker has two examples and the other one.
    many = ["--limit", "130", "--batch-size", "3", "--resume", "--checkpoint-every", "20", "--data", data, "--stream"]
    process = subprocess.Popen(
        command(2, run.path, *many, restarts=1), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 120
    while len(run.read_history().get("epoch", [])) < 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(min(children(process.pid)), signal.SIGKILL)  # the chief
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, printed[-3000:]
    assert "restarting all workers" in printed
    assert len(re.findall(r"^Epoch 1/3$", printed, re.MULTILINE)) == 1, "only the chief tells of its progress"
    single = alone(tmp_path / "alone", batch_size=3, limit=130, data=data)
    assert_same_history(run, single)
    assert_same_weights(run, single, atol=1e-5)
    assert {path.name for path in run.path.iterdir()} == {path.name for path in single.path.iterdir()}


@pytest.mark.slow
def test_a_signal_to_a_worker_stops_both_players_on_all_and_saves(tmp_path):
    run = Run(tmp_path / "run")
    start = command(2, run.path, "--batch-size", "2", model="factor_vae")
    process = subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 120
    while len(run.read_history().get("epoch", [])) < 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.3)
    os.kill(max(children(process.pid)), signal.SIGTERM)
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM, printed[-3000:]
    assert "Stopped. Finished epochs: 1" in printed
    step = read_checkpoint(run, steps=125).step
    assert np.isfinite(list(run.read_history().values())).all()
    assert 125 <= step < 250 and (step == 125 or step % 10 == 0), "saved at the end of an epoch or within the next"


def children(pid):
    """The processes that a process has started."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True)
    return [int(line) for line in found.stdout.split()]


@pytest.mark.slow
def test_workers_with_other_data_are_refused(tmp_path):
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    started = []
    for index in range(2):
        folder = tmp_path / str(index)
        folder.mkdir()
        np.save(folder / "x.npy", np.full((40, 4), index, "float32"))
        task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        arguments = ["train", "--data", "x.npy", "--latent-dim", "2", "--set", "units=[8]", "--out", "run"]
        started.append(
            subprocess.Popen(
                [str(Path(sys.executable).with_name("keras-vae")), *arguments],
                cwd=folder,
                env={**os.environ, "TF_CONFIG": json.dumps(task)},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for process in started:
        _, printed = process.communicate(timeout=300)
        assert process.returncode == 2
        assert "worker 1: expected the same data as the chief, got different data; give all workers the" in printed
    assert not list(tmp_path.glob("*/run"))
