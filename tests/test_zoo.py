"""One contract for every recipe: a new one is tested by being registered."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.random import as_seed
from keras_vae.zoo import RECIPES

SHAPE, LATENT = (8, 8, 1), 3
X = np.random.default_rng(0).integers(0, 256, (48, *SHAPE), dtype=np.uint8)


def new(name, **options):
    keras.utils.set_random_seed(0)
    return kv.zoo.create(name, SHAPE, LATENT, units=(16,), seed=0, **options)


@pytest.fixture(params=RECIPES)
def name(request):
    return request.param


@pytest.fixture
def model(name):
    model = new(name)
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    return model


@pytest.fixture
def codes_at_their_mean(monkeypatch):
    """Takes the noise away, which XLA and each replica make differently."""
    draw = lambda self, *, distribution, samples=1, seed=None: tf.stack([distribution.mean()] * samples)  # noqa: E731
    monkeypatch.setattr(kv.Sampling, "call", draw)


def weights_of(model):
    return [weight.numpy() for weight in model.trainable_weights]


def test_it_trains(model):
    history = model.fit(X, epochs=8, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert history["loss"][-1] < history["loss"][0]


def test_every_trainable_weight_gets_a_gradient(model):
    gradients, *_ = model._gradients(X, as_seed(0))
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None and np.abs(gradient).max() > 0, weight.path


def test_a_saved_model_gives_equal_outputs_and_trains_on_as_if_it_had_not_been_saved(model, tmp_path):
    model.fit(X, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert int(loaded.optimizer.iterations) == int(model.optimizer.iterations) > 0
    histories = [each.fit(X, epochs=2, shuffle=False, verbose=0).history for each in (model, loaded)]
    assert histories[0] == histories[1]
    for own, others in zip(weights_of(model), weights_of(loaded), strict=True):
        assert np.array_equal(own, others)


def test_xla_equals_graph_mode(name, codes_at_their_mean):
    weights = []
    for jit_compile in (False, True):
        model = new(name)
        model.compile(keras.optimizers.SGD(1e-3), jit_compile=jit_compile)
        model.fit(X, epochs=2, shuffle=False, verbose=0)
        weights.append(weights_of(model))
    for graph, xla in zip(*weights, strict=True):
        assert np.allclose(graph, xla, atol=1e-5)


def test_the_same_seed_gives_the_same_history_and_another_seed_another(name):
    histories = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        model = kv.zoo.create(name, SHAPE, LATENT, units=(16,), seed=seed)
        model.compile(jit_compile=False)
        histories.append(model.fit(X, epochs=2, shuffle=False, verbose=0).history["loss"])
    assert histories[0] == histories[1] != histories[2]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_two_replicas_equal_one_at_the_same_global_batch(name, jit_compile, codes_at_their_mean):
    devices = tf.config.list_logical_devices("CPU")
    results = []
    mirrored = tf.distribute.MirroredStrategy(
        [device.name for device in devices[:2]],
        cross_device_ops=tf.distribute.ReductionToOneDevice(),  # collectives of one process mix up their keys
    )
    for strategy in (tf.distribute.get_strategy(), mirrored):
        with strategy.scope():
            model = new(name)
            model.compile(keras.optimizers.Adam(1e-2), jit_compile=jit_compile)
        batches = tf.data.Dataset.from_tensor_slices(X).batch(16)
        history = model.fit(batches, epochs=3, validation_data=batches, verbose=0).history
        results.append((strategy.num_replicas_in_sync, history, weights_of(model)))
    (one, history, weights), (two, history_of_two, weights_of_two) = results
    assert (one, two) == (1, 2)
    for metric, values in history.items():
        assert np.allclose(values, history_of_two[metric], rtol=1e-4), metric
    for own, others in zip(weights, weights_of_two, strict=True):
        assert np.allclose(own, others, atol=1e-4)


def test_reconstructions_lie_in_the_range_of_the_data(model):
    reconstructed = model.reconstruct(X)
    assert reconstructed.shape == X.shape
    assert reconstructed.min() >= 0 and reconstructed.max() <= 1


def test_metrics_are_named_and_consistent(model):
    metrics = model.evaluate(X, return_dict=True, verbose=0)
    assert {"loss", "nll"} <= set(metrics)
    assert model.has_density == ("elbo" in metrics) == ("kl" in metrics)
    if model.has_density:
        assert metrics["elbo"] == pytest.approx(-metrics["nll"] - metrics["kl"], rel=1e-5)


def test_beta_weighs_the_kl():
    model = new("beta_vae", beta=3.0)
    model.compile(jit_compile=False)
    metrics = model.evaluate(X, return_dict=True, verbose=0)
    assert metrics["loss"] == pytest.approx(metrics["nll"] + 3 * metrics["kl"], rel=1e-5)


def test_warm_up_counts_optimizer_steps():
    model = new("vae", warmup_steps=8)
    model.compile(keras.optimizers.SGD(1e-9), jit_compile=False)
    shares = []
    for _ in range(4):  # three steps an epoch: weights 3/8, 6/8, 1, 1 at the evaluations
        model.fit(X, batch_size=16, verbose=0)
        metrics = model.evaluate(X, return_dict=True, verbose=0)
        shares.append((metrics["loss"] - metrics["nll"]) / metrics["kl"])
    assert np.allclose(shares, [3 / 8, 6 / 8, 1, 1], rtol=1e-2)


def test_the_plain_autoencoder_does_not_generate():
    for call in (lambda ae: ae.sample(1), lambda ae: ae.elbo(X), lambda ae: ae.log_likelihood(X)):
        with pytest.raises(kv.InvalidInputError, match="ae: it has no"):
            call(new("ae"))
