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


def run(*arguments, **options):
    return subprocess.run(command(*arguments, **options), capture_output=True, text=True, timeout=400)


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
def test_three_workers_learn_from_a_stream_what_one_process_learns_in_memory(tmp_path, assert_same_weights):
    data = str(tmp_path / "digits.npy")
    np.save(data, load("digits").train.x)
    done = run(3, tmp_path / "workers", "--data", data, "--stream")
    assert done.returncode == 0, done.stderr[-3000:]
    together, single = Run(tmp_path / "workers"), alone(tmp_path / "alone", data=data)
    assert_same_history(together, single)
    assert_same_weights(together, single, atol=1e-5)
    assert {path.name for path in together.path.iterdir()} == {path.name for path in single.path.iterdir()}
    assert len(re.findall(r"^Epoch \d/3$", done.stdout, re.MULTILINE)) == EPOCHS, "only the chief tells of its progress"


@pytest.mark.slow
def test_after_a_kill_both_start_again_and_end_where_one_process_does(tmp_path, assert_same_weights):
    run = Run(tmp_path / "run")
    many = ["--batch-size", "2", "--resume", "--checkpoint-every", "20"]
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
    single = alone(tmp_path / "alone", batch_size=2)
    assert_same_history(run, single)
    assert_same_weights(run, single, atol=1e-4)


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
