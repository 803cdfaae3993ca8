import subprocess
import sys

import pytest
import tensorflow as tf

from keras_vae.distribute import is_chief, make_strategy


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("TF_CONFIG", "TPU_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["one", "auto"])
def test_a_single_device_needs_no_strategy(name):
    assert make_strategy(name) is tf.distribute.get_strategy()


@pytest.mark.parametrize("options", [("mirrored", 2), ("auto", 2)])
def test_the_cpu_can_be_parted_for_a_trial(options):
    name, replicas = options
    strategy = make_strategy(name, replicas=replicas)
    assert strategy.num_replicas_in_sync == 2 and is_chief(strategy)


@pytest.mark.slow
def test_the_parts_of_the_cpu_are_made_in_a_fresh_process():
    code = "from keras_vae.distribute import make_strategy as m; print(m('mirrored', replicas=3).num_replicas_in_sync)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "3"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mirorred", {}, "Unknown strategy 'mirorred': did you mean 'mirrored'"),
        ("mirrored", {}, "expected several GPUs, got none; use --strategy one, or --replicas 2"),
        ("mirrored", {"replicas": 0}, "replicas must be an integer >= 1"),
        ("mirrored", {"replicas": 64}, "TensorFlow has started with 2; create"),
        ("one", {"replicas": 2}, "replicas: expected the strategy 'mirrored', got 'one'"),
        ("multi-worker", {}, "expected TF_CONFIG in the environment"),
    ],
)
def test_a_strategy_that_cannot_be_is_refused(refused, name, options, message):
    tf.config.list_logical_devices()  # starts TensorFlow
    with refused(message):
        make_strategy(name, **options)


def test_without_a_tpu_one_line_says_so(refused):
    with refused("tpu: expected a TPU, got none"):
        make_strategy("tpu")


def test_a_named_tpu_is_looked_for(monkeypatch, refused):
    monkeypatch.setenv("TPU_NAME", "nobody")
    with refused("tpu: expected a TPU, got none"):
        make_strategy("auto")


def test_malformed_workers_are_refused_before_anything_is_connected(monkeypatch, refused):
    monkeypatch.setenv("TF_CONFIG", "{")
    with refused("TF_CONFIG: expected JSON"):
        make_strategy("auto")
