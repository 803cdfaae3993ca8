"""Contracts of the recipes: each is tried once, and a cover of their parts in all that may go wrong with a part."""

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

STEPS = 2
TWO_PLAYERS = "its loss rises while the critic learns"
LOSS_NEED_NOT_FALL = {
    "aae": TWO_PLAYERS,
    "vae_gan": TWO_PLAYERS,
    "wae_gan": TWO_PLAYERS,
}
BALANCED = {
    ("autoencoder_kl", "critic/logits/bias"): "both sides of a hinge pull alike while no example is beyond it",
}
COMPILED = (
    *("vae", "vq_vae", "dirichlet_vae", "full_covariance_vae", "ladder_vae", "regularizers", "semi_supervised_vae"),
    *("fsq_vae", "lfq_vae", "tabular_vae", "two_stage_vae"),
)
"""One of each kind of step, and the parts that have no test of their own under XLA; `-m tpu` compiles every recipe."""
ACROSS_REPLICAS = (
    *(
        "vae",
        "factor_vae",
        "lfq_vae",
        "masked_vae",
        "penalties",
        "rae_l2",
        "regularizers",
        "semi_supervised_vae",
        "sigma_vae",
    ),
)
"""Means over the global batch, two players, examples that weigh differently, terms across the batch, a penalty of
weights, missing labels, statistics; see also test_adversarial_autoencoder.py and test_vector_quantizer.py."""


def batch(name, n=48):
    x, y = recipes.examples(name, n), recipes.labels(name, n)
    return x if y is None else (x, y)


def fit(model, name, **options):
    x, y = recipes.examples(name), recipes.labels(name)
    return model.fit(x, y, shuffle=False, verbose=0, **options).history


@cache
def trained(name):
    """A model after some steps, and its metrics before and after them, with the same noise.

    The steps are not traced, which takes longer than to run them.
    """
    model = recipes.create(name)
    model.adapt(recipes.examples(name))
    model.compile(keras.optimizers.Adam(5e-3), run_eagerly=True)
    before = evaluated(model, name)
    fit(model, name, epochs=STEPS, batch_size=48)
    return model, before, evaluated(model, name)


@cache
def created(name):
    """A model that is only looked at."""
    return recipes.create(name)


def evaluated(model, name):
    x, y = recipes.examples(name), recipes.labels(name)
    return model.evaluate(x, y, batch_size=48, return_dict=True, verbose=0)


def weights_of(model):
    return [weight.numpy() for weight in model.trainable_weights]


# Every structure and every term

every_part = pytest.mark.parametrize("name", recipes.every(slow_beyond=recipes.CORE, among=recipes.COVER))


@pytest.mark.slow
@every_part
def test_its_loss_falls_and_its_metrics_add_up(name):
    model, before, metrics = trained(name)
    assert {"loss", "nll", *(term.name for term in model.objective.terms)} <= set(metrics)
    assert np.isfinite(list(metrics.values())).all()
    assert model.has_density == ("elbo" in metrics) == ("kl" in metrics)
    if model.has_density:
        assert metrics["elbo"] == pytest.approx(-metrics["nll"] - metrics["kl"], rel=1e-4)
    falls = {"regularizers": "nll"}.get(name, "loss")  # its loss follows a capacity that grows
    if name not in LOSS_NEED_NOT_FALL:
        assert metrics[falls] < before[falls]


@every_part
def test_every_trainable_weight_gets_a_gradient(name):
    model, *_ = trained(name)
    gradients, *_ = model.gradients(batch(name), as_seed(0))
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        gradient = tf.convert_to_tensor(gradient).numpy()  # of an embedding: slices
        assert np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0 or (name, weight.path) in BALANCED, weight.path


@pytest.mark.slow
@every_part
def test_a_saved_model_gives_equal_outputs_and_trains_on_as_if_it_had_not_been_saved(name, tmp_path):
    model, *_ = trained(name)
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    x, condition = recipes.examples(name), recipes.conditions(name)
    assert np.array_equal(
        loaded.reconstruct(x, condition=condition), model.reconstruct(x, condition=condition), equal_nan=True
    )
    for (own, _), (others, _) in zip(model.optimizers, loaded.optimizers, strict=True):
        assert int(own.iterations) >= STEPS
        for variable, other in zip(own.variables, others.variables, strict=True):
            assert np.array_equal(variable, other), variable.path
    assert fit(model, name, batch_size=48) == fit(loaded, name, batch_size=48)
    for own, others in zip(weights_of(model), weights_of(loaded), strict=True):
        assert np.array_equal(own, others)


@pytest.mark.slow
def test_the_cover_has_every_part_of_every_recipe():
    models = {name: created(name) for name in recipes.ALL}
    for names_of, cover in (
        (recipes.structure_of, recipes.STRUCTURES),
        (recipes.objective_of, recipes.OBJECTIVES),
    ):
        covered = set().union(*(names_of(models[name]) for name in cover))
        for name, model in models.items():
            assert not names_of(model) - covered, f"{name} has a part of its own: add it to the cover in recipes.py"
    assert set(recipes.TRAINED_OTHERWISE.values()) <= set(recipes.STRUCTURES)


def test_every_recipe_is_described_with_its_paper():
    described = kv.zoo.describe()
    assert [row.name for row in described] == list(RECIPES)
    for row in described:
        assert row.paper[-4:].isdigit() and row.summary.endswith(".")


def configuration(model):
    """The configuration of a model without the names of layers, which Keras counts up."""

    def without_names(config):
        if isinstance(config, dict):
            return {key: without_names(value) for key, value in config.items() if key != "name"}
        return [without_names(value) for value in config] if isinstance(config, list | tuple) else config

    return without_names(model.get_config())


@pytest.mark.parametrize(("name", "other"), recipes.TRAINED_OTHERWISE.items())
def test_a_recipe_that_is_only_trained_otherwise_answers_by_the_same_parts(name, other):
    own, others = configuration(created(name)), configuration(created(other))
    for part in ("encoder", "decoder", "posterior", "likelihood", "prior", "condition"):
        assert own[part] == others[part], part


READ_ELSEWHERE = {
    ("autoencoder_kl", "perceptual"): "needs weights from the network; see test_perceptual.py",
}


def numbers_of_recipes():
    for name, recipe in RECIPES.items():
        for option, parameter in inspect.signature(recipe).parameters.items():
            is_number = type(parameter.default) in (int, float) and option != "latent_dim"
            if is_number and (name, option) not in READ_ELSEWHERE:
                yield name, option, recipes.OPTIONS.get(name, {}).get(option, parameter.default)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "option", "value"), numbers_of_recipes())
def test_a_number_that_a_recipe_takes_changes_its_model(name, option, value):
    other = value + 1 if isinstance(value, int) else 1.5 * value or 0.5
    assert configuration(recipes.create(name, **{option: other})) != configuration(created(name))


# Every structure


@pytest.mark.parametrize("name", recipes.every(slow_beyond=recipes.CORE, among=recipes.STRUCTURES))
def test_questions_have_answers_of_the_right_shape(name):
    model, *_ = trained(name)
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


# In other ways than one after the other in float32


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in recipes.COVER if name not in recipes.STRUCTURES])
def test_bfloat16_trains(name):
    """Those of another structure train in test_mixed_precision.py."""
    check_policy(name, "mixed_bfloat16", run_eagerly=True, epochs=2, batch_size=48)


@pytest.mark.tpu
@pytest.mark.parametrize("name", recipes.every())
def test_bfloat16_trains_under_xla_with_static_shapes(name):
    check_policy(name, "mixed_bfloat16", jit_compile=True, epochs=2, batch_size=24)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["factor_vae", "vae"])
def test_float16_trains(name):
    check_policy(name, "mixed_float16", epochs=8)  # loss scaling skips the first steps


def check_policy(name, policy, *, jit_compile=False, run_eagerly=False, **options):
    keras.config.set_dtype_policy(policy)
    try:
        model = recipes.create(name)
        model.compile(keras.optimizers.Adam(1e-3), jit_compile=jit_compile, run_eagerly=run_eagerly)
        before = weights_of(model)
        history = fit(model, name, **options)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history["loss"]).all()
    assert any(not np.array_equal(own, others) for own, others in zip(before, weights_of(model), strict=True))


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


@pytest.mark.parametrize("name", recipes.every(slow_beyond=("vae", "vq_vae"), among=COMPILED))
def test_xla_equals_eager_mode(name, noise_that_xla_draws_alike):
    check_xla(name, {"run_eagerly": True}, batch_size=24)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vae", "vq_vae"])
def test_xla_equals_graph_mode_with_an_open_batch_axis(name, noise_that_xla_draws_alike):
    check_xla(name, {"jit_compile": False}, batch_size=32)  # leaves a remainder


def check_xla(name, otherwise, batch_size):
    weights, histories = [], []
    for how in (otherwise, {"jit_compile": True}):
        model = recipes.create(name)
        model.compile(keras.optimizers.SGD(1e-4), **how)
        before = weights_of(model)
        histories.append(fit(model, name, epochs=2, batch_size=batch_size))
        weights.append(weights_of(model))
    moved = max(np.abs(own - first).max() for own, first in zip(weights[0], before, strict=True))
    for plain, xla in zip(*weights, strict=True):
        assert np.abs(plain - xla).max() < 0.01 * moved
    for metric, values in histories[0].items():
        assert np.allclose(values, histories[1][metric], rtol=1e-3, atol=1e-3), metric


def trained_on(strategy, name, **how):
    with strategy.scope():
        model = recipes.create(name)
        model.compile(keras.optimizers.Adam(1e-3), **how)
    batches = tf.data.Dataset.from_tensor_slices(batch(name, 29)).batch(16)  # the last of 13, which no two share evenly
    validation = batches if name in ("semi_supervised_vae", "vae") else None
    history = model.fit(batches, epochs=2, validation_data=validation, verbose=0).history
    return history, weights_of(model)


def check_replicas(two, name, jit_compile, alone):
    assert two.num_replicas_in_sync == 2
    history_of_two, weights_of_two = trained_on(two, name, jit_compile=jit_compile)
    assert all(np.isfinite(values).all() for values in history_of_two.values())
    history, weights = trained_on(tf.distribute.get_strategy(), name, **alone)
    for metric, values in history.items():
        assert np.allclose(values, history_of_two[metric], rtol=1e-4, atol=1e-5), metric
    for own, others in zip(weights, weights_of_two, strict=True):
        assert np.allclose(own, others, atol=1e-4)


@pytest.mark.parametrize("name", recipes.every(slow_beyond=("vae", "factor_vae"), among=ACROSS_REPLICAS))
def test_two_replicas_equal_one_at_the_same_global_batch(name, two_replicas, codes_at_their_mean):
    check_replicas(two_replicas, name, jit_compile=False, alone={"run_eagerly": True})


@pytest.mark.slow
def test_two_replicas_equal_one_under_xla(two_replicas, noise_that_xla_draws_alike):
    check_replicas(two_replicas, "vae", jit_compile=True, alone={"jit_compile": True})


# Single recipes


@pytest.mark.parametrize("name", recipes.every(slow_beyond=("vae",), among=("vae", "factor_vae", "vq_vae")))
def test_the_same_seed_gives_the_same_history_and_another_seed_another(name):
    histories = []
    for seed in (0, 0, 1):
        model = recipes.create(name, seed)
        model.compile(jit_compile=False, run_eagerly=name != "vae")
        histories.append(fit(model, name, epochs=2, batch_size=48)["loss"])
    assert histories[0] == histories[1] != histories[2]


@pytest.mark.slow
def test_reconstructions_lie_in_the_range_of_bernoulli_data():
    for name in ("ae", "vae", "vq_vae"):
        model, *_ = trained(name)
        reconstructed = model.reconstruct(recipes.examples(name))
        assert reconstructed.min() >= 0 and reconstructed.max() <= 1


def test_beta_weighs_the_kl():
    model = recipes.create("beta_vae", beta=3.0)
    model.compile(run_eagerly=True)
    metrics = model.evaluate(recipes.examples("vae"), return_dict=True, verbose=0)
    assert metrics["loss"] == pytest.approx(metrics["nll"] + 3 * metrics["kl"], rel=1e-5)


@pytest.mark.slow
def test_warm_up_counts_training_batches():
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
    model, x = created(name), recipes.examples(name)
    for call in (lambda: model.sample(1), lambda: model.elbo(x), lambda: model.log_likelihood(x)):
        with pytest.raises(kv.InvalidInputError, match=f"{name}: it has no"):
            call()
    fitted = model.with_prior(kv.GaussianMixturePrior.fit(model.encode(x).mean(), components=2))
    assert fitted.sample(3, seed=0).shape == (3, *model.event_shape)


def test_the_mmd_of_info_vae_has_a_positive_weight(refused):
    weights = {term.name: weight for weight, term in recipes.create("info_vae").objective.weighted}
    assert weights["mmd"] > 0 and weights["kl"] >= 0
    with refused("weight alpha .* must be positive; got -0.5"):
        recipes.create("info_vae", alpha=0.0, scale=0.5)


def test_any_part_can_be_exchanged():
    model = recipes.create("info_vae", prior={"name": "standard_normal"}, likelihood="laplace")
    assert type(model.likelihood).__name__ == "Laplace"
    model = recipes.create("mixture_prior_vae", prior={"components": 7})
    assert model.prior.components == 7
    model = recipes.create("iwae", prior={"name": "mixture", "components": 4})
    assert model.prior.components == 4
