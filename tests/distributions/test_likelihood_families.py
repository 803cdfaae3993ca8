"""What every family of likelihoods does, and no formula of one of them."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.distributions import LIKELIHOODS
from keras_vae.distributions.categorical import Categorical
from keras_vae.distributions.continuous_bernoulli import ContinuousBernoulli
from keras_vae.distributions.discretized_logistic import DiscretizedLogistic
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.masked import Masked
from keras_vae.distributions.negative_binomial import NegativeBinomial
from keras_vae.distributions.optimal_sigma_normal import OptimalSigmaNormal
from keras_vae.distributions.poisson import Poisson
from keras_vae.distributions.table import Table

COLUMNS = ["count", "real", ("categorical", 3), "binary"]

FAMILIES = {
    "continuous_bernoulli": ContinuousBernoulli,
    "optimal_sigma_normal": OptimalSigmaNormal,
    "categorical": lambda shape: Categorical(shape, levels=4),
    "discretized_logistic": lambda shape: DiscretizedLogistic(shape, levels=4),
    "mixture of discretized logistics": lambda shape: DiscretizedLogistic(shape, levels=4, components=3),
    "poisson": Poisson,
    "negative_binomial": NegativeBinomial,
    "negative_binomial, shared": lambda shape: NegativeBinomial(shape, dispersion="shared"),
    "masked": lambda shape: Masked(shape, {"name": "normal", "scale": "elementwise"}),
    "table": lambda shape: Table(shape, COLUMNS),
    "masked table": lambda shape: Masked(shape, Table(shape, COLUMNS)),
}

IN_UNIT_INTERVAL = ("continuous_bernoulli", "categorical", "discretized_logistic", "mixture of discretized logistics")
SEED = tf.constant([1, 2])
FEATURES = tf.random.stateless_normal((3, 6), (0, 1))


@pytest.fixture(params=FAMILIES, scope="module")
def case(request):
    """A family's name and a head of it over events of shape (4,), with weights that do not change between runs."""
    head = FAMILIES[request.param]((4,))
    head(FEATURES)
    for i, weight in enumerate(head.trainable_weights):
        weight.assign(0.5 * tf.random.stateless_normal(weight.shape, (7, i)))
    return request.param, head


def test_parameters_have_the_shapes_that_the_head_names(case):
    _, head = case
    parameters = head(FEATURES)
    assert {name: tuple(value.shape) for name, value in parameters.items()} == {
        name: (3, *shape) for name, shape in head.parameter_shapes.items()
    }
    distribution = head.distribution(parameters)
    assert distribution.batch_shape == (3,) and distribution.event_shape == (4,)
    assert tuple(distribution.batch_shape_tensor()) == (3,) and tuple(distribution.event_shape_tensor()) == (4,)


def test_samples_lie_in_the_support_and_repeat_with_the_seed(case):
    name, head = case
    distribution = head.distribution(head(FEATURES))
    samples = distribution.sample(50, seed=SEED).numpy()
    assert samples.shape == (50, 3, 4)
    assert np.array_equal(samples, distribution.sample(50, seed=SEED))
    assert not np.array_equal(samples, distribution.sample(50, seed=SEED + 1))
    head.check_range(samples.min(), samples.max())
    head.check_events(samples.reshape(-1, 4))
    assert np.isfinite(distribution.log_prob(samples)).all()
    if name in IN_UNIT_INTERVAL:
        assert samples.min() >= 0 and samples.max() <= 1
    if "binomial" in name or name == "poisson":
        assert samples.min() >= 0 and (samples == np.round(samples)).all()


def test_the_mean_is_that_of_many_samples(case):
    name, head = case
    distribution = head.distribution(head(FEATURES))
    samples = distribution.sample(20_000, seed=SEED).numpy()
    error = 5 * samples.std(0) / np.sqrt(len(samples)) + 1e-6
    columns = [0, 1, 3] if "table" in name else slice(None)  # the mean of a categorical column is its mode
    assert (np.abs(samples.mean(0) - distribution.mean()) < error)[:, columns].all()


def test_events_broadcast_against_draws_of_the_code(case):
    _, head = case
    parameters = {name: tf.stack([value, value - 0.3]) for name, value in head(FEATURES).items()}  # (S, B, ...)
    distribution = head.distribution(parameters)
    assert distribution.batch_shape == (2, 3)
    x = head.distribution(head(FEATURES)).sample(seed=SEED)
    each = [head.distribution({k: v[s] for k, v in parameters.items()}).log_prob(x) for s in range(2)]
    assert distribution.log_prob(x).shape == (2, 3)
    assert np.allclose(distribution.log_prob(x), each, rtol=1e-5, atol=1e-5)
    assert distribution.mean().shape == (2, 3, 4)
    assert distribution.sample(5, seed=SEED).shape == (5, 2, 3, 4)


def test_a_row_of_the_distribution_is_the_distribution_of_the_row(case):
    _, head = case
    distribution = head.distribution(head(FEATURES))
    x = distribution.sample(seed=SEED)
    assert np.allclose(distribution[1:2].log_prob(x[1:2]), distribution.log_prob(x)[1:2], rtol=1e-5)
    assert np.allclose(distribution[1:2].mean(), distribution.mean()[1:2], rtol=1e-5)


@pytest.mark.slow
def test_xla_and_eager_mode_agree_and_draws_compile(case):
    name, head = case
    draws_tested_elsewhere = ("table", "masked table", "negative_binomial, shared")  # here or in test_table.py
    x = head.distribution(head(FEATURES)).sample(seed=SEED)

    def evaluated(features, x):
        with tf.GradientTape() as tape:
            distribution = head.distribution(head(features))
            log_prob = distribution.log_prob(x)
        gradients = tape.gradient(log_prob, head.trainable_weights)
        draws = distribution.mean() if name in draws_tested_elsewhere else distribution.sample(seed=SEED)
        return log_prob, distribution.mean(), gradients, draws

    *eager, _ = evaluated(FEATURES, x)
    *xla, samples = tf.function(evaluated, autograph=False, jit_compile=True)(FEATURES, x)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), eager, xla)
    assert all(np.isfinite(gradient).all() and np.any(gradient) for gradient in eager[-1])
    assert samples.shape == (3, 4) and np.isfinite(samples).all()


def test_gradients_are_those_of_finite_differences(case):
    _, head = case
    parameters = head(FEATURES)
    x = head.distribution(parameters).sample(seed=SEED)
    for name, value in parameters.items():
        with tf.GradientTape() as tape:
            tape.watch(value)
            log_prob = tf.reduce_sum(head.distribution({**parameters, name: value}).log_prob(x))
        step = 1e-2 * tf.random.stateless_normal(value.shape, (3, 4))
        ahead, behind = (
            tf.reduce_sum(head.distribution({**parameters, name: value + sign * step}).log_prob(x)) for sign in (1, -1)
        )
        slope = float(tf.reduce_sum(tape.gradient(log_prob, value) * step))
        assert float(ahead - behind) / 2 == pytest.approx(slope, rel=2e-2, abs=2e-4)


def test_a_head_survives_keras_and_its_configuration(case):
    _, head = case
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(head))
    assert type(copy) is type(head) and copy.get_config() == head.get_config()
    copy(FEATURES)
    copy.set_weights(head.get_weights())
    x = head.distribution(head(FEATURES)).sample(seed=SEED)
    assert np.allclose(copy.distribution(copy(FEATURES)).log_prob(x), head.distribution(head(FEATURES)).log_prob(x))


def test_a_head_starts_at_the_mean_of_the_examples(case):
    name, head = case
    if name.startswith("masked") or name == "categorical":
        pytest.skip("its base has been tested; a mean does not tell the logits of a categorical distribution")
    head = type(head).from_config(head.get_config())
    head(FEATURES)
    x = np.array([[3, 0.2, 1, 1], [7, 0.4, 1, 0], [2, 0.9, 0, 0], [4, 0.1, 1, 0]], "float32")
    x = x / 10 if name in IN_UNIT_INTERVAL else x
    head.adapt(x)
    mean = head.distribution(head(tf.zeros((1, 6)))).mean()[0]
    expected = x.mean(0)
    if name == "table":
        expected[2] = 1.0  # the most frequent category
    assert np.allclose(mean, expected, rtol=1e-3, atol=0.07 if "logistic" in name else 1e-3)


def test_the_mean_of_many_values_is_not_rounded():
    head = OptimalSigmaNormal((64, 64, 3))
    head(tf.zeros((1, 64, 64, 8)))
    head.adapt(np.broadcast_to(np.float32(0.9), (5000, 64, 64, 3)))  # their sum is above 2^24
    assert np.allclose(head.distribution(head(tf.zeros((1, 64, 64, 8)))).mean(), 0.9, rtol=1e-5)


@pytest.mark.parametrize("features_shape", [(4, 3, 9), (9,)], ids=["pointwise", "vector"])
@pytest.mark.parametrize(
    "name", ["normal", "normal_elementwise", "normal_optimal", "student_t", "discretized_logistic"]
)
def test_first_outputs_spread_as_the_examples_do(name, features_shape):
    options = {"components": 3} if name == "discretized_logistic" else {}
    head, random = LIKELIHOODS[name]((4, 3, 2), **options), np.random.default_rng(0)
    features = random.normal(size=(500, *features_shape)).astype("float32")
    head(features)
    unit = np.array([0.01, 0.1] if name == "discretized_logistic" else [5, 500])
    x = (random.normal(size=(200, 4, 3, 2)) * unit).astype("float32")
    for _ in range(2):  # a second call does not change it
        head.adapt(x)
    parameters = head(features)
    loc = parameters["loc"].numpy().reshape(500, 4, 3, 2, -1)
    np.testing.assert_allclose(loc.std(axis=(0, 1, 2, 4)), unit, rtol=0.3)
    if name in ("normal", "normal_optimal"):
        scale = head.distribution(parameters).stddev()
        np.testing.assert_allclose(scale, np.sqrt(np.mean(unit**2)) / 2, rtol=0.05)
    if name == "normal_elementwise":
        zero = head.distribution(head(np.zeros_like(features))).stddev()
        np.testing.assert_allclose(zero, np.broadcast_to(unit / 2, zero.shape), rtol=0.3)


@pytest.mark.parametrize("name", IN_UNIT_INTERVAL)
def test_values_outside_the_unit_interval_are_refused(name, refused):
    head = FAMILIES[name]((2,))
    head.check_range(0.0, 1.0)
    for low, high in ((-0.1, 1.0), (0.0, 1.5)):
        with refused(r"expected values in \[0, 1\]"):
            head.check_range(low, high)


@pytest.mark.parametrize("name", ["poisson", "negative_binomial"])
def test_negative_counts_and_bytes_are_refused(name, refused):
    head = FAMILIES[name]((2,))
    head.check_range(0.0, 1e6)
    head.check_events(np.array([[1.0, 2.0]], "float32"))
    with refused("expected counts >= 0"):
        head.check_range(-1.0, 3.0)
    with refused("uint8"):
        head.check_events(np.array([[1, 2]], "uint8"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Categorical((2,), levels=1),
        lambda: Categorical((2,), levels=2.0),
        lambda: DiscretizedLogistic((2,), levels=1),
        lambda: DiscretizedLogistic((2,), components=0),
        lambda: NegativeBinomial((2,), dispersion="gene"),
        lambda: NegativeBinomial((2,), min_total_count=0),
        lambda: OptimalSigmaNormal((2,), momentum=1.0),
        lambda: OptimalSigmaNormal((2,), momentum=True),
        lambda: OptimalSigmaNormal((2,), min_scale=-1),
        lambda: Masked((2,), "gaussian"),
        lambda: Masked((2,), ContinuousBernoulli((3,))),
        lambda: Masked((2,), Masked((2,))),
        lambda: Table((2,), ["real"]),
        lambda: Table((2,), "real"),
        lambda: Table((1,), ["categorical"]),
        lambda: Table((1,), ["ordinal"]),
        lambda: Table((1,), [("categorical", 1)]),
        lambda: Table((1,), [3]),
    ],
)
def test_bad_arguments_are_refused_in_one_line(make, refused):
    with refused():
        make()


# Rules of one's own: arrays are checked by the rule that each training step applies


class OnInterval(Likelihood):
    expects = "numbers of the interval"

    def __init__(self, interval):
        super().__init__((2,))
        self.interval = interval


@pytest.mark.parametrize("interval", [(0.0, 0.1), (-np.pi, np.pi), (0.1, 0.3)])
def test_the_ends_of_an_interval_are_rounded_as_the_data_are(interval, refused):
    head = OnInterval(interval)
    ends = np.float32(interval)
    assert np.all(head.in_support(tf.constant(ends)))
    head.check_range(*map(float, ends))
    beyond = np.nextafter(ends[1], np.float32(np.inf))
    assert not head.in_support(tf.constant([beyond]))[0]
    with refused(f"expected numbers of the interval, got values in .*, {re.escape(str(beyond))}]"):
        head.check_range(float(ends[0]), float(beyond))


RULES = {
    "by element": lambda x: x >= 0,
    "by column": lambda x: (x >= [0.0, 2.0, -5.0]) & (x <= [1.0, 3.0, -4.0]),
    "by element of an image": lambda x: x >= tf.constant(GOOD) - 0.5,
    "of whole vectors": lambda x: tf.reduce_sum(x, axis=-1, keepdims=True) > -2.5,
    "of whole vectors, for each value": lambda x: tf.ones_like(x) * tf.reduce_sum(x, axis=-1, keepdims=True) > -2.5,
    "of whole events": lambda x: tf.reduce_sum(x, axis=[-2, -1], keepdims=True) > -5,
    "in NumPy": lambda x: np.asarray(x) >= [0.0, 2.0, -5.0],
}
GOOD = np.float32([[1.0, 2.0, -5.0], [0.5, 2.5, -4.5]])


@pytest.mark.parametrize("name", RULES)
def test_a_rule_of_ones_own_decides_alike_for_arrays_and_batches(name, refused):
    class Own(Likelihood):
        def in_support(self, x):
            return RULES[name](x)

    head = Own(GOOD.shape)
    good = np.abs(GOOD) if name == "by element" else GOOD
    bad = good.copy()
    bad[1, 1] = -1.25 if name != "of whole events" else -125.0
    for x, right in ((good, True), (bad, False)):
        assert np.all(head.in_support(tf.constant(x[None]))) == right
    head.check_range(good.min(), good.max())
    head.check_events(np.stack([good, good]))
    value = r"\[.*\]" if "whole" in name else "-1.25 in the example"
    with refused(f"Own likelihood: expected finite numbers, got {value} at index 1; rescale"):
        head.check_events(np.stack([good, bad]))


@pytest.mark.parametrize("name", ["bernoulli", "poisson", "normal", "masked"])
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_example_is_in_the_support_if_all_its_values_are(name, jit_compile):
    likelihood = LIKELIHOODS[name]((2, 3))
    answer = tf.function(likelihood.examples_in_support, jit_compile=jit_compile)
    for value in (np.nan, np.inf, -np.inf, -0.1, 0.5, 1.1, 3e38, -3e38):
        x = np.ones((4, 2, 3), "float32")
        x[2, 1, 1], x[3, 0, 0], x[3, 1, 2] = value, value, -value
        x = tf.constant(x)
        expected = tf.reduce_all(likelihood.in_support(x), axis=[1, 2])
        assert np.array_equal(answer(x), expected), value
    assert answer(tf.zeros((0, 2, 3))).shape == (0,)
