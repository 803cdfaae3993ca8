"""One contract for every recipe: a new one is tested by being registered."""

import inspect
from functools import cache

import keras
import numpy as np
import pytest
import recipes
import tensorflow as tf
from tensorflow_probability.python.internal import samplers

import keras_vae as kv
from keras_vae.random import as_seed
from keras_vae.zoo import RECIPES

TWO_PLAYERS = "its loss rises while the critic learns"
LOSS_NEED_NOT_FALL = {"aae": TWO_PLAYERS, "vae_gan": TWO_PLAYERS, "wae_gan": TWO_PLAYERS}
OWN_NOISE = "each replica draws noise of its own, and not only for the codes"
REPLICAS_DIFFER = {
    "aae": OWN_NOISE,
    "denoising_ae": OWN_NOISE,
    "denoising_vae": OWN_NOISE,
    "rae_gp": OWN_NOISE,
    "residual_vq_vae": "the codebook starts at examples of the first replica; see test_vector_quantizer.py",
    "vae_gan": OWN_NOISE,
    "vq_vae": "the codebook starts at examples of the first replica; see test_vector_quantizer.py",
    "wae_gan": OWN_NOISE,
}


@pytest.fixture(params=recipes.every(slow_beyond=recipes.CORE))
def name(request):
    return request.param


@pytest.fixture(params=recipes.CORE)
def core_name(request):
    return request.param


@pytest.fixture
def codes_at_their_mean(monkeypatch):
    """Takes the noise of the codes away, which XLA and each replica make differently."""
    draw = lambda self, *, distribution, samples=1, seed=None: tf.stack([distribution.mean()] * samples)  # noqa: E731
    monkeypatch.setattr(kv.Sampling, "call", draw)


@pytest.fixture
def noise_that_xla_draws_alike(monkeypatch, codes_at_their_mean):
    """Replaces all other random numbers by a fixed sequence: TensorFlow draws others under XLA than without."""

    def uniform(shape, *_, minval=0, maxval=None, dtype=tf.float32, **__):
        shape = tf.cast(tf.convert_to_tensor(shape), tf.int32)
        golden = tf.cast(tf.range(1, tf.reduce_prod(shape) + 1), tf.float64) * 0.6180339887498949
        values = tf.reshape(tf.cast(golden % 1.0, tf.float32), shape)
        if maxval is not None:
            values = tf.cast(minval, tf.float32) + values * tf.cast(maxval - minval, tf.float32)
        return tf.cast(values, dtype)

    def normal(shape, *_, dtype=tf.float32, **__):
        return tf.cast(tf.math.ndtri(0.01 + 0.98 * uniform(shape)), dtype)

    for name, function in (("uniform", uniform), ("normal", normal)):
        monkeypatch.setattr(tf.random, f"stateless_{name}", function)
        monkeypatch.setattr(samplers, name, function)


def batch(name, n=48):
    x, y = recipes.examples(name, n), recipes.labels(name, n)
    return x if y is None else (x, y)


def fit(model, name, **options):
    x, y = recipes.examples(name), recipes.labels(name)
    return model.fit(x, y, shuffle=False, verbose=0, **options).history


@cache
def trained(name):
    """A model after 30 steps, and its history; not to be trained on."""
    model = recipes.create(name)
    model.adapt(recipes.examples(name))
    model.compile(keras.optimizers.Adam(3e-3), jit_compile=False)
    history = fit(model, name, epochs=15, batch_size=24)
    return model, history


def weights_of(model):
    return [weight.numpy() for weight in model.trainable_weights]


def test_its_loss_falls(name):
    _, history = trained(name)
    assert all(np.isfinite(values).all() for values in history.values())
    if name not in LOSS_NEED_NOT_FALL:
        assert history["loss"][-1] < history["loss"][0]


def test_every_trainable_weight_gets_a_gradient(name):
    model, _ = trained(name)
    gradients, *_ = model._gradients(batch(name), as_seed(0))
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        gradient = tf.convert_to_tensor(gradient).numpy()  # of an embedding: slices
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path


def test_a_saved_model_gives_equal_outputs_and_trains_on_as_if_it_had_not_been_saved(name, tmp_path):
    model, _ = trained(name)
    model.save(tmp_path / "model.keras")
    one, two = (kv.load_model(tmp_path / "model.keras") for _ in range(2))
    x, condition = recipes.examples(name), recipes.conditions(name)
    assert np.array_equal(
        one.reconstruct(x, condition=condition), model.reconstruct(x, condition=condition), equal_nan=True
    )
    before = [int(optimizer.iterations) for optimizer, _ in model._optimizers()]
    assert before == [int(optimizer.iterations) for optimizer, _ in one._optimizers()] == [30] * len(before)
    two.save(tmp_path / "again.keras")
    two = kv.load_model(tmp_path / "again.keras")
    assert fit(one, name) == fit(two, name)
    for own, others in zip(weights_of(one), weights_of(two), strict=True):
        assert np.array_equal(own, others)


def test_questions_have_answers_of_the_right_shape(name):
    model, _ = trained(name)
    x, condition = recipes.examples(name, 4), recipes.conditions(name, 4)
    codes = model.encode(x, condition=condition).mean()
    assert codes.shape == (4, *model.latent_shape)
    reconstructed = model.reconstruct(x, condition=condition)
    assert reconstructed.shape == x.shape and np.isfinite(reconstructed).all()
    assert model.reconstruct(x, condition=condition, draw="sample", seed=0).shape == x.shape
    if model.prior is not None:
        assert np.isfinite(model.sample(4, seed=0, condition=condition)).all()
    if model.has_density:
        elbo = model.elbo(x, condition=condition, samples=20)
        bound = model.log_likelihood(x, condition=condition, samples=20)
        assert elbo.shape == bound.shape == (4,)
        assert bound.mean() > elbo.mean() - 1


def test_metrics_are_named_and_consistent(name):
    model, _ = trained(name)
    x, y = recipes.examples(name), recipes.labels(name)
    metrics = model.evaluate(x, y, return_dict=True, verbose=0)
    assert {"loss", "nll", *(term.name for term in model.objective.terms)} <= set(metrics)
    assert model.has_density == ("elbo" in metrics) == ("kl" in metrics)
    if model.has_density:
        assert metrics["elbo"] == pytest.approx(-metrics["nll"] - metrics["kl"], rel=1e-4)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_history_and_another_seed_another(core_name):
    histories = []
    for seed in (0, 0, 1):
        model = recipes.create(core_name, seed)
        model.compile(jit_compile=False)
        histories.append(fit(model, core_name, epochs=2)["loss"])
    assert histories[0] == histories[1] != histories[2]


def test_bfloat16_trains(name):
    check_policy(name, "mixed_bfloat16", epochs=2)


@pytest.mark.tpu
@pytest.mark.parametrize("name", recipes.every())
def test_bfloat16_trains_under_xla_with_static_shapes(name):
    check_policy(name, "mixed_bfloat16", jit_compile=True, epochs=2, batch_size=24)


@pytest.mark.slow
def test_float16_trains(core_name):
    check_policy(core_name, "mixed_float16", epochs=8)  # loss scaling skips the first steps


def check_policy(name, policy, *, jit_compile=False, **options):
    keras.config.set_dtype_policy(policy)
    try:
        model = recipes.create(name)
        model.compile(keras.optimizers.Adam(1e-3), jit_compile=jit_compile)
        before = weights_of(model)
        history = fit(model, name, **options)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history["loss"]).all()
    assert any(not np.array_equal(own, others) for own, others in zip(before, weights_of(model), strict=True))


def test_xla_equals_graph_mode(name, noise_that_xla_draws_alike):
    check_xla(name, batch_size=24)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ae", "vae", "vq_vae"])
def test_xla_equals_graph_mode_with_an_open_batch_axis(name, noise_that_xla_draws_alike):
    check_xla(name, batch_size=32)  # leaves a remainder


def check_xla(name, batch_size):
    weights = []
    for jit_compile in (False, True):
        model = recipes.create(name)
        model.compile(keras.optimizers.SGD(1e-4), jit_compile=jit_compile)
        before = weights_of(model)
        fit(model, name, epochs=2, batch_size=batch_size)
        weights.append(weights_of(model))
    moved = max(np.abs(own - first).max() for own, first in zip(weights[0], before, strict=True))
    for graph, xla in zip(*weights, strict=True):
        assert np.abs(graph - xla).max() < 0.01 * moved


def trained_on(strategy, name, jit_compile):
    with strategy.scope():
        model = recipes.create(name)
        model.compile(keras.optimizers.Adam(1e-3), jit_compile=jit_compile)
    batches = tf.data.Dataset.from_tensor_slices(batch(name, 45)).batch(16)  # the last of 13, which no two share evenly
    validation = batches if name in recipes.CORE else None
    history = model.fit(batches, epochs=2, validation_data=validation, verbose=0).history
    return history, weights_of(model)


def check_replicas(name, jit_compile):
    two = tf.distribute.MirroredStrategy(
        [device.name for device in tf.config.list_logical_devices("CPU")[:2]],
        cross_device_ops=tf.distribute.ReductionToOneDevice(),  # collectives of one process mix up their keys
    )
    assert two.num_replicas_in_sync == 2
    history_of_two, weights_of_two = trained_on(two, name, jit_compile)
    assert all(np.isfinite(values).all() for values in history_of_two.values())
    if name in REPLICAS_DIFFER:
        return
    history, weights = trained_on(tf.distribute.get_strategy(), name, jit_compile)
    for metric, values in history.items():
        assert np.allclose(values, history_of_two[metric], rtol=1e-4, atol=1e-5), metric
    for own, others in zip(weights, weights_of_two, strict=True):
        assert np.allclose(own, others, atol=1e-4)


def test_two_replicas_equal_one_at_the_same_global_batch(name, codes_at_their_mean):
    check_replicas(name, jit_compile=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vae", "vq_vae"])
def test_two_replicas_equal_one_under_xla(name, noise_that_xla_draws_alike):
    check_replicas(name, jit_compile=True)


@pytest.mark.parametrize(("name", "other"), recipes.TRAINED_OTHERWISE.items())
def test_a_recipe_that_is_only_trained_otherwise_answers_by_the_same_parts(name, other):
    own, others = (recipes.create(recipe).get_config() for recipe in (name, other))
    for part in ("encoder", "decoder", "posterior", "likelihood", "prior", "condition"):
        assert without_names(own[part]) == without_names(others[part])


def without_names(config):
    """A configuration without the names of layers, which Keras counts up."""
    if isinstance(config, dict):
        return {key: without_names(value) for key, value in config.items() if key != "name"}
    return [without_names(value) for value in config] if isinstance(config, list | tuple) else config


def test_reconstructions_lie_in_the_range_of_bernoulli_data():
    for name in ("ae", "vae", "iwae", "vq_vae"):
        model, _ = trained(name)
        reconstructed = model.reconstruct(recipes.examples(name))
        assert reconstructed.min() >= 0 and reconstructed.max() <= 1


def test_beta_weighs_the_kl():
    model = recipes.create("beta_vae", beta=3.0)
    model.compile(jit_compile=False)
    metrics = model.evaluate(recipes.examples("vae"), return_dict=True, verbose=0)
    assert metrics["loss"] == pytest.approx(metrics["nll"] + 3 * metrics["kl"], rel=1e-5)


def test_warm_up_counts_optimizer_steps():
    model = recipes.create("vae", warmup_steps=8)
    model.compile(keras.optimizers.SGD(1e-9), jit_compile=False)
    x, shares = recipes.examples("vae"), []
    for _ in range(4):  # three steps an epoch: weights 3/8, 6/8, 1, 1 at the evaluations
        model.fit(x, batch_size=16, verbose=0)
        metrics = model.evaluate(x, return_dict=True, verbose=0)
        shares.append((metrics["loss"] - metrics["nll"]) / metrics["kl"])
    assert np.allclose(shares, [3 / 8, 6 / 8, 1, 1], rtol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ae", "contractive_ae", "denoising_ae", "rae_gp", "rae_l2", "rae_sn", "sparse_ae"])
def test_a_model_without_a_prior_does_not_generate_until_it_is_given_one(name):
    model, _ = trained(name)
    x = recipes.examples(name)
    for call in (lambda: model.sample(1), lambda: model.elbo(x), lambda: model.log_likelihood(x)):
        with pytest.raises(kv.InvalidInputError, match=f"{name}: it has no"):
            call()
    fitted = model.with_prior(kv.GaussianMixture.fit(model.encode(x).mean(), components=2))
    assert fitted.sample(3, seed=0).shape == (3, *model.event_shape)


def test_the_mmd_of_info_vae_has_a_positive_weight(refused):
    weights = {term.name: weight for weight, term in recipes.create("info_vae").objective.weighted}
    assert weights["mmd"] > 0 and weights["kl"] >= 0
    with refused("weight alpha .* must be positive; got -0.5"):
        recipes.create("info_vae", alpha=0.0, scale=0.5)


def test_every_recipe_is_described_with_its_paper():
    described = kv.zoo.describe()
    assert [row.name for row in described] == list(RECIPES)
    for row in described:
        assert row.paper[-4:].isdigit() and row.summary.endswith(".")
        assert len(row.summary) <= 110


def test_a_recipe_is_short():
    for recipe in RECIPES.values():
        assert len(inspect.getsource(inspect.getmodule(recipe)).splitlines()) <= 75, recipe.__name__


def test_any_part_can_be_exchanged():
    model = recipes.create("info_vae", prior={"name": "standard_normal"}, likelihood="laplace")
    assert type(model.likelihood).__name__ == "Laplace"
    model = recipes.create("mixture_prior_vae", prior={"components": 7})
    assert model.prior.components == 7
    model = recipes.create("iwae", prior={"name": "mixture", "components": 4})
    assert model.prior.components == 4
