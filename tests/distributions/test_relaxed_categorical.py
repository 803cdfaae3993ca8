import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import integrate

from keras_vae.distributions.relaxed_categorical import RelaxedCategorical

tfd = tfp.distributions


def posterior_of(logits, temperature):
    return RelaxedCategorical((len(logits),), temperature=temperature).distribution({"logits": tf.constant([logits])})


@pytest.mark.parametrize("temperature", [0.3, 1.0, 5.0])
def test_the_density_integrates_to_one(temperature):
    q = posterior_of([0.5, -0.7], temperature)
    log_odds = np.linspace(-60, 60, 40_001)
    first = 1 / (1 + np.exp(-log_odds))
    x = np.stack([first, 1 / (1 + np.exp(log_odds))], -1)
    density = np.exp(q.log_prob(x.astype("float32")).numpy().astype("float64")) * x.prod(
        -1
    )  # dx = x (1 - x) d log-odds
    assert integrate.simpson(density, x=log_odds) == pytest.approx(1, rel=1e-3)


def test_the_log_density_is_tfps():
    logits, x = [0.5, -2.0, 1.0], np.random.default_rng(0).dirichlet([1, 1, 1], 20).astype("float32")
    expected = tfd.RelaxedOneHotCategorical(0.4, logits).log_prob(x)
    np.testing.assert_allclose(posterior_of(logits, 0.4).log_prob(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("temperature", [0.1, 3.0])
def test_the_greatest_element_is_a_draw_from_the_categorical_at_any_temperature(temperature, jit_compile):
    q = posterior_of([1.0, 0.0, -1.0, 2.0], temperature)
    z = tf.function(lambda: q.sample(40_000, seed=(1, 2)), jit_compile=jit_compile)().numpy()[:, 0]
    np.testing.assert_allclose(z.sum(-1), 1, atol=1e-5)
    shares = np.bincount(z.argmax(-1), minlength=4) / len(z)
    np.testing.assert_allclose(shares, tf.nn.softmax([1.0, 0.0, -1.0, 2.0]), atol=0.01)
    np.testing.assert_allclose(q.mean()[0], tf.nn.softmax([1.0, 0.0, -1.0, 2.0]), rtol=1e-5)


def test_draws_tend_to_one_hot_when_it_is_cold_and_to_the_centre_when_it_is_hot():
    assert np.mean(posterior_of([0.5, -0.5, 0.0], 0.01).sample(1000, seed=(1, 2)).numpy().max(-1)) > 0.98
    assert np.ptp(posterior_of([0.5, -0.5, 0.0], 1e4).sample(1000, seed=(1, 2))) < 0.01


@pytest.mark.slow
def test_the_gradient_through_the_draws_is_that_of_the_expectation():
    logits, step = np.array([[0.3, -0.4, 0.1]], "float32"), 0.1
    head = RelaxedCategorical((3,), temperature=1.0)

    def expectation(logits):
        return tf.reduce_mean(head.distribution({"logits": logits}).sample(200_000, seed=(1, 2))[..., 0] ** 2)

    def independent(logits):  # with other noise, so that no draw is followed
        noise = -np.log(-np.log(np.random.default_rng(0).random((1_000_000, 3))))
        return np.mean((np.exp(logits + noise) / np.exp(logits + noise).sum(-1, keepdims=True))[:, 0] ** 2)

    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = expectation(variable)
    ends = [[independent(logits + sign * step * np.eye(3)[k]) for k in range(3)] for sign in (1, -1)]
    differences = (np.array(ends[0]) - np.array(ends[1])) / (2 * step)
    np.testing.assert_allclose(tape.gradient(value, variable)[0], differences, atol=4e-3)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_everything_stays_finite_in_the_cold_at_extreme_logits(jit_compile):
    head = RelaxedCategorical((4, 3), temperature=0.1)
    logits = tf.constant(np.random.default_rng(0).choice([-30.0, 0.0, 30.0], (50, 4, 3)), tf.float32)
    prior = RelaxedCategorical((4, 3), temperature=0.5).distribution({"logits": tf.zeros((4, 3))})

    @tf.function(jit_compile=jit_compile)
    def densities():
        with tf.GradientTape() as tape:
            tape.watch(logits)
            q = head.distribution({"logits": logits})
            z = q.sample(20, seed=(1, 2))
            value = q.log_prob(z) - prior.log_prob(z)
        return z, value, tape.gradient(value, logits)

    z, value, gradient = densities()
    assert np.min(z) > 0 and np.isfinite(value).all() and np.isfinite(gradient).all() and np.any(gradient)


def test_one_hot_data_have_a_finite_density():
    assert np.isfinite(posterior_of([0.0, 1.0, 2.0], 0.5).log_prob([[0.0, 0.0, 1.0]])).all()


def test_the_choices_of_an_event_are_independent():
    logits = tf.random.stateless_normal((2, 4, 3), (1, 2))
    q = RelaxedCategorical((4, 3), temperature=0.7).distribution({"logits": logits})
    z = q.sample(seed=(1, 2))
    single = tfd.RelaxedOneHotCategorical(0.7, logits).log_prob(z)
    np.testing.assert_allclose(q.log_prob(z), tf.reduce_sum(single, -1), rtol=1e-3)


HALVED = keras.optimizers.schedules.ExponentialDecay(2.0, 1, 0.5)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_an_annealed_temperature_falls_with_every_update(jit_compile):
    head = RelaxedCategorical((3,), temperature=HALVED)
    parameters = head(tf.ones((1, 5)))
    update = tf.function(lambda: head.update({}, tf.constant([1, 2])), jit_compile=jit_compile)
    temperature = tf.function(lambda: head.distribution(parameters).temperature, jit_compile=jit_compile)
    seen = []
    for _ in range(3):
        seen.append(float(temperature()))
        update()
    assert seen == [2.0, 1.0, 0.5]
    assert [weight.name for weight in head.non_trainable_weights] == ["step"]


def test_a_step_on_several_replicas_is_one_step():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice())
    with strategy.scope():
        head = RelaxedCategorical((3,), temperature=HALVED)
        head.build((None, 5))

    @tf.function
    def step():
        strategy.run(head.update, args=({}, tf.constant([1, 2])))

    step()
    assert head.step.numpy() == 1


def test_the_step_is_saved(tmp_path):
    features = keras.Input((5,))
    head = RelaxedCategorical((3,), temperature=HALVED, name="head")
    model = keras.Model(features, head(features))
    head.update({}, tf.constant([1, 2]))
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras").get_layer("head")
    assert float(copy.distribution(copy(tf.ones((1, 5)))).temperature) == 1.0


def test_a_fixed_temperature_has_no_step():
    head = RelaxedCategorical((3,), temperature=0.3)
    head(tf.ones((1, 5)))
    head.update({}, tf.constant([1, 2]))
    assert not head.non_trainable_weights


@pytest.mark.parametrize("temperature", [0, -1.0, "cold", keras.optimizers.schedules.ExponentialDecay(0.0, 1, 0.5)])
def test_a_temperature_that_is_not_positive_is_refused(refused, temperature):
    with refused("RelaxedCategorical: temperature must be a positive number"):
        RelaxedCategorical((3,), temperature=temperature)


def test_bad_shapes_and_data_are_refused(refused):
    with refused("K >= 2 classes"):
        RelaxedCategorical((4, 1))
    head = RelaxedCategorical((2,))
    for x in ([[0.5, 1.0]], [[-0.5, 1.5]]):
        with refused("proportions that sum to 1 over the last axis"):
            head.check_events(np.array(x))
    head.check_range(0.0, 1.0)
    head.check_events(np.array([[0.0, 1.0]]))
