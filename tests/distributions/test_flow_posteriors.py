import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.distributions.flow_distribution import FlowDistribution
from keras_vae.distributions.inverse_autoregressive import InverseAutoregressive
from keras_vae.distributions.planar import Planar, _solve
from keras_vae.distributions.real_nvp_posterior import RealNVPPosterior
from keras_vae.priors.maf_prior import MAFPrior

tfd = tfp.distributions

HEADS = {
    "iaf": lambda dim: InverseAutoregressive(dim, units=(16,), activation="tanh", context_dim=3),
    "planar": lambda dim: Planar(dim, flows=3),
    "real_nvp": lambda dim: RealNVPPosterior(dim, flows=3, units=(16,), activation="tanh", context_dim=3),
}


def normal(*shape, seed=0):
    return tf.random.stateless_normal(shape, (0, seed))


def make_head(name, dim):
    """A head away from its start, and parameters for five examples."""
    head = HEADS[name](dim)
    head.build((None, 4))
    rng = np.random.default_rng(1)
    for weight in head.trainable_weights:
        weight.assign(weight + 0.3 * rng.normal(size=weight.shape))
    return head, head(normal(5, 4))


@pytest.fixture(autouse=True)
def same_initial_weights():
    keras.utils.set_random_seed(0)


@pytest.fixture(params=HEADS)
def name(request):
    return request.param


def test_the_density_integrates_to_one_and_has_the_mean_of_the_draws(name):
    head, parameters = make_head(name, 2)
    q = head.distribution({key: value[:1] for key, value in parameters.items()})
    draws = q.sample(20_000, seed=tf.constant([1, 2]))[:, 0].numpy()
    center, width = draws.mean(0), 8 * draws.std(0)
    axes = [np.linspace(c - w, c + w, 401) for c, w in zip(center, width, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 1, 2).astype("float32")
    mass = q.prob(grid).numpy()[:, 0] * np.prod([axis[1] - axis[0] for axis in axes])
    assert mass.sum() == pytest.approx(1, abs=5e-3)
    assert np.allclose(mass @ grid[:, 0], center, atol=4 * draws.std(0).max() / np.sqrt(20_000))


def test_the_log_density_of_its_own_draws_needs_no_inverse_and_equals_the_exact_one(name, monkeypatch):
    head, parameters = make_head(name, 4)
    variables = [*parameters.values(), *head.trainable_variables[2:]]  # what stands behind the projection

    def log_density(foreign):
        with tf.GradientTape() as tape:
            tape.watch(variables[: len(parameters)])
            q = head.distribution(parameters)
            z = q.sample(3, seed=tf.constant([1, 2]))
            if not foreign:
                monkeypatch.setattr(q, "_inverse", None)
            value = q.log_prob(tf.identity(z) if foreign else z)
            total = tf.reduce_sum(value * normal(3, 5, seed=3))
        return value, tape.gradient(total, variables)

    (own, own_gradients), (exact, exact_gradients) = log_density(False), log_density(True)
    assert np.allclose(own, exact, atol=2e-4)
    for one, other in zip(own_gradients, exact_gradients, strict=True):
        assert np.allclose(one, other, atol=2e-3 * max(1, np.abs(one).max()))


@pytest.mark.slow
def test_the_gradient_of_the_log_density_at_a_fixed_point_is_that_of_finite_differences(name):
    head, parameters = make_head(name, 3)
    z = normal(5, 3, seed=4)
    for key, value in parameters.items():
        direction = normal(*value.shape, seed=5)

        def total(step, key=key, value=value, direction=direction):
            moved = {**parameters, key: value + step * direction}
            return tf.reduce_sum(head.distribution(moved).log_prob(z))

        with tf.GradientTape() as tape:
            step = tf.constant(0.0)
            tape.watch(step)
            along = total(step)
        near, far = (total(h) - total(-h) for h in (5e-3, 1e-2))
        assert np.allclose(tape.gradient(along, step), (8 * near - far) / 6e-2, rtol=1e-2, atol=1e-2), key


def test_every_weight_gets_a_gradient_at_the_start(name):
    head = HEADS[name](4)
    features = normal(5, 4)
    head.build(features.shape)
    with tf.GradientTape() as tape:
        q = head.distribution(head(features))
        loss = tf.reduce_sum(q.log_prob(q.sample(seed=tf.constant([1, 2]))) ** 2)
    for weight, gradient in zip(head.trainable_weights, tape.gradient(loss, head.trainable_weights), strict=True):
        assert gradient is not None and np.abs(gradient).max() > 0, weight.path


def test_leading_axes_of_the_parameters_are_batch_axes(name):
    head, parameters = make_head(name, 3)
    deep = {key: tf.stack([value, 2 * value]) for key, value in parameters.items()}
    q, z = head.distribution(deep), normal(2, 5, 3, seed=1)
    assert q.batch_shape == (2, 5) and q.event_shape == (3,)
    assert q.sample(4, seed=tf.constant([1, 2])).shape == (4, 2, 5, 3)
    assert q.mean().shape == q.stddev().shape == (2, 5, 3)
    second = head.distribution({key: 2 * value for key, value in parameters.items()})
    assert np.allclose(q.log_prob(z)[1], second.log_prob(z[1]), atol=1e-4)


@pytest.mark.slow
def test_a_slice_is_the_distribution_of_these_examples(name):
    head, parameters = make_head(name, 3)
    q, z = head.distribution(parameters), normal(5, 3, seed=1)
    assert np.allclose(q[1:3].log_prob(z[1:3]), q.log_prob(z)[1:3], atol=1e-5)
    seeds = tf.stack([tf.range(5), tf.range(5)], axis=1)
    draws = kv.Sampling()(distribution=q, samples=2, seed=seeds)
    alone = kv.Sampling()(distribution=q[3:4], samples=2, seed=seeds[3:4])
    assert np.allclose(draws[:, 3:4], alone, atol=1e-5)


def test_the_draws_of_the_sampling_layer_are_remembered(name):
    head, parameters = make_head(name, 3)
    q = head.distribution(parameters)
    z = kv.Sampling()(distribution=q, samples=2, seed=tf.constant([1, 2]))
    assert z is q._drawn


def test_the_standard_deviation_is_near_that_of_many_draws_and_that_of_an_example_alone(name):
    head, parameters = make_head(name, 3)
    q = head.distribution(parameters)
    many = tf.math.reduce_std(q.sample(20_000, seed=tf.constant([1, 2])), axis=0)
    assert np.allclose(q.stddev() / many, 1, atol=0.3)
    assert np.allclose(q[2:3].stddev(), q.stddev()[2:3], rtol=1e-4)


@pytest.mark.slow
def test_xla_equals_eager_mode():
    head, parameters = make_head("planar", 3)  # the steps of the others are compared in tests/layers
    z = normal(5, 3, seed=1)

    def values():
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            q = head.distribution(parameters)
            value = q.log_prob(z)
        return [value, q.mean(), *tf.nest.flatten(tape.gradient(value, parameters))]

    for one, other in zip(values(), tf.function(values, jit_compile=True)(), strict=True):
        assert np.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_a_copy_from_the_configuration_with_equal_weights_is_the_same_function(name):
    head, parameters = make_head(name, 3)
    copy = type(head).from_config(head.get_config())
    copy.build((None, 4))
    copy.set_weights(head.get_weights())
    assert copy.get_config() == head.get_config()
    z = normal(5, 3, seed=1)
    copied = copy.distribution(copy(normal(5, 4))).log_prob(z)
    assert np.array_equal(copied, head.distribution(parameters).log_prob(z))


def test_a_flow_of_an_affine_map_is_the_normal_distribution():
    log_det = np.float32(2 * np.log(3.0))
    q = FlowDistribution(
        normal(4, 2),
        tf.exp(normal(4, 2, seed=1)),
        lambda u, c: (3 * u + 1, log_det),
        lambda z, c: ((z - 1) / 3, -log_det),
    )
    exact = tfd.MultivariateNormalDiag(3 * normal(4, 2) + 1, 3 * tf.exp(normal(4, 2, seed=1)))
    z = 5 * normal(4, 2, seed=2)
    assert np.allclose(q.log_prob(z), exact.log_prob(z), rtol=1e-5)
    assert np.allclose(q.mean(), exact.mean(), rtol=1e-5)
    assert np.allclose(q.stddev(), exact.stddev(), rtol=1e-4)
    draws = q.sample(50_000, seed=tf.constant([1, 2]))
    assert np.allclose(q.log_prob(draws), exact.log_prob(draws), rtol=1e-3, atol=1e-3)
    assert np.allclose(tf.math.reduce_std(draws, 0), exact.stddev(), rtol=0.02)


@pytest.mark.parametrize("strength", [0.0, 0.01, 1.0, 10.0])
def test_a_planar_step_is_inverted_however_weak_or_strong_it_is(strength):
    head = Planar(3, flows=2)
    shapes = {key: (200, *shape) for key, shape in head.parameter_shapes.items()}
    parameters = {key: normal(*shape, seed=i) for i, (key, shape) in enumerate(shapes.items())}
    for key in ("u", "w", "b"):
        parameters[key] *= strength
    q = head.distribution(parameters)
    z = q.sample(seed=tf.constant([1, 2]))
    u, _ = q._inverse(z, q._context)
    assert np.isfinite(q.log_prob(z)).all()
    assert np.allclose(q._forward(u, q._context)[0], z, atol=1e-4 * max(1, strength))


def test_the_equation_of_a_planar_step_is_solved_with_its_implicit_gradient():
    target, slope, offset = (tf.linspace(-5.0, 5.0, 21), tf.linspace(-0.99, 6.0, 21), tf.linspace(2.0, -1.0, 21))
    with tf.GradientTape() as tape:
        tape.watch([target, slope, offset])
        root = _solve(target, slope, offset)
    assert np.allclose(root + slope * tf.tanh(root + offset), target, atol=1e-5)
    bent = tf.tanh(root + offset).numpy()
    steepness = 1 + slope * (1 - bent**2)
    by_target, by_slope, by_offset = tape.gradient(root, [target, slope, offset])
    assert np.allclose(by_target, 1 / steepness, rtol=1e-3)
    assert np.allclose(by_slope, -bent / steepness, rtol=1e-3, atol=1e-5)
    assert np.allclose(by_offset, 1 / steepness - 1, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "jit_compile"), [("iaf", True), ("planar", False)])
def test_a_model_with_a_flow_trains_and_is_saved(name, jit_compile, tmp_path):
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    model = kv.Autoencoder(
        kv.MLPEncoder((6,), (8,)),
        kv.MLPDecoder((2,), (8,)),
        posterior=HEADS[name]((2,)),
        likelihood="normal",
        prior=MAFPrior((2,), flows=1, units=(8,)),
        objective=kv.NLL() + kv.KL(estimator="monte_carlo"),
        seed=0,
    )
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=jit_compile)
    losses = model.fit(x, epochs=8, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.elbo(x), model.elbo(x))
    assert loaded.sample(3, seed=0).shape == (3, 6)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (
            lambda: InverseAutoregressive((4, 4, 2)),
            "InverseAutoregressive: expected an event_shape \\(D,\\) with D >= 1",
        ),
        (lambda: Planar((2, 2)), "Planar: expected an event_shape \\(D,\\) with D >= 1"),
        (lambda: RealNVPPosterior(1), "at least 2 numbers"),
        (lambda: InverseAutoregressive(4, flows=0), "flows must be an integer >= 1"),
        (lambda: InverseAutoregressive(4, units=(8.5,)), "units must be an integer"),
        (lambda: RealNVPPosterior(4, context_dim=0), "context_dim must be"),
        (lambda: Planar(4, flows="2"), "flows must be"),
        (lambda: Planar(4, min_scale=0), "min_scale must be a positive number"),
    ],
)
def test_bad_input_is_refused(refused, make, match):
    with refused(match):
        make()
