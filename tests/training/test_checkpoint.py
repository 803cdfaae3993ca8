"""A run goes on within an epoch as if it had not been stopped."""

import json
import signal
import zipfile

import keras
import numpy as np
import pytest

from keras_vae.training import Run, TrainingConfig, train
from keras_vae.training.checkpoint import NEWEST, PREVIOUS, KeepRun

STEPS = 37  # a prime beyond the most steps of one execution, so that training can stop after each
CONFIG = TrainingConfig(
    latent_dim=2, epochs=3, batch_size=4, limit=4 * STEPS, options={"units": [16]}, jit_compile=False,
    likelihood_samples=0,
)  # fmt: skip


QUIET = {"report": False, "verbose": 0}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(CONFIG, tmp_path_factory.mktemp("whole") / "run", **QUIET)


@pytest.fixture
def stopped(monkeypatch, tmp_path):
    """Trains until SIGTERM comes in a batch, counted from the start."""

    def stopped(step, config=CONFIG, **options):
        batches = iter(range(1000))

        def begin(self, batch, logs=None):
            if next(batches) == step - 1:
                signal.raise_signal(signal.SIGTERM)

        with monkeypatch.context() as patch:
            patch.setattr(KeepRun, "on_train_batch_begin", begin)
            with pytest.raises(KeyboardInterrupt) as stop:
                train(config, tmp_path / "run", **QUIET, **options)
        assert stop.value.args == (signal.SIGTERM,)
        return Run(tmp_path / "run")

    return stopped


def noted(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("progress.json"))


def assert_ends_as(run, whole, assert_same_weights):
    history, expected = run.read_history(), whole.read_history()
    assert history == expected
    assert_same_weights(run, whole)
    assert {path.name for path in run.path.iterdir()} == {path.name for path in whole.path.iterdir()}


def test_a_run_without_time_left_stops_at_a_batch_and_can_be_resumed(whole, assert_same_weights, tmp_path, capsys):
    run = train(CONFIG, tmp_path / "run", max_time="0.001s", verbose=2)
    progress = noted(run[NEWEST])
    assert not run.is_finished and progress["step"] == 1 and progress["means"]["loss"][1] == 4
    assert run.model().latent_shape == (2,)
    printed = capsys.readouterr().out
    assert "Finished epochs: 0 of 3" in printed and f"keras-vae train --resume --out {run.path}" in printed
    train(CONFIG, run.path, resume=True, max_time="1h", **QUIET)
    assert_ends_as(run, whole, assert_same_weights)


@pytest.mark.slow
def test_the_last_epoch_ends_the_run_in_any_case(whole, tmp_path):
    run = train(CONFIG.replace(batch_size=256, epochs=1), tmp_path / "run", max_time=1e-3, **QUIET)
    assert run.is_finished


@pytest.mark.parametrize("duration", ["", "soon", "-1h", "0", "1h x", "2 weeks", 0, -3.0, float("nan"), True])
def test_an_invalid_time_is_refused(tmp_path, refused, duration):
    with refused("max_time: expected a positive duration, such as 2h"):
        train(CONFIG, tmp_path / "run", max_time=duration)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_stop_in_the_last_batch_of_an_epoch_ends_the_epoch(stopped, whole, assert_same_weights):
    run = stopped(STEPS)
    assert run.read_history()["epoch"] == [1]
    assert noted(run[NEWEST])["step"] == STEPS
    train(CONFIG, run.path, resume=True, **QUIET)
    assert_ends_as(run, whole, assert_same_weights)


@pytest.mark.slow
def test_a_stop_saves_the_step_and_the_means_and_a_damaged_checkpoint_is_passed_over(
    stopped, whole, assert_same_weights, capsys
):
    run = stopped(STEPS + 22, checkpoint_every=10)
    progress = noted(run[NEWEST])
    assert progress["step"] == STEPS + 22 and progress["means"]["loss"][1] == 4 * 22
    assert noted(run[PREVIOUS])["step"] == STEPS + 20, "checkpoints come as often as asked, and two are kept"
    assert run.read_history()["epoch"] == [1]
    content = run[NEWEST].read_bytes()
    run[NEWEST].write_bytes(content[: len(content) // 2])
    train(CONFIG, run.path, resume=True, **QUIET)
    assert f"Continuing from {PREVIOUS}" in capsys.readouterr().err
    assert_ends_as(run, whole, assert_same_weights)


@pytest.mark.slow
def test_a_run_on_one_device_goes_on_on_two(stopped, whole, assert_same_weights):
    import tensorflow as tf

    config = CONFIG.replace(model="ae")
    expected = train(config, whole.path.with_name("ae"), **QUIET)
    run = stopped(STEPS + 5, config)
    devices = [device.name for device in tf.config.list_logical_devices("CPU")[:2]]
    two = tf.distribute.MirroredStrategy(devices, cross_device_ops=tf.distribute.ReductionToOneDevice())
    train(config, run.path, resume=True, strategy=two, **QUIET)
    for name, values in expected.read_history().items():
        np.testing.assert_allclose(run.read_history()[name], values, rtol=1e-4, err_msg=name)
    assert_same_weights(run, expected, atol=1e-5)


@pytest.mark.parametrize("every", [0, -1, 2.5])
def test_other_than_a_number_of_steps_is_refused(tmp_path, refused, every):
    with refused("checkpoint_every must be an integer >= 1"):
        train(CONFIG, tmp_path / "run", checkpoint_every=every)
    assert not (tmp_path / "run").exists()


def test_a_batch_without_an_example_for_each_replica_is_refused(tmp_path, refused):
    import tensorflow as tf

    devices = [device.name for device in tf.config.list_logical_devices("CPU")[:2]]
    two = tf.distribute.MirroredStrategy(devices, cross_device_ops=tf.distribute.ReductionToOneDevice())
    with refused("batch_size: expected an example for each of 2 replicas; got 1"):
        train(CONFIG.replace(batch_size=1), tmp_path / "run", strategy=two, verbose=0)
    assert not (tmp_path / "run").exists()


def test_means_are_kept_and_set_to_nothing():
    from keras_vae import zoo

    model = zoo.ae((4,), 2, units=(4,))
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    model.evaluate(np.zeros((6, 4)), verbose=0)
    means = model.means
    assert means["loss"][1] == 6
    model.means = {}
    assert model.means["loss"] == (0.0, 0.0)
    model.means = means
    assert model.means == means
