import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import integrate, special, stats

from keras_vae.distributions.power_spherical import PowerSpherical
from keras_vae.priors.uniform_sphere_prior import UniformSpherePrior

tfd = tfp.distributions


def posterior_of(direction, concentration):
    head = PowerSpherical((len(direction),), min_concentration=1e-6)
    raw = np.log(np.expm1(concentration)) if concentration < 30 else concentration
    return head.distribution(
        {"direction": tf.constant([direction], tf.float32), "raw_concentration": tf.constant([raw], tf.float32)}
    )


@pytest.mark.parametrize("concentration", [0.01, 1.0, 50.0, 1000.0])
@pytest.mark.parametrize("size", [2, 3, 8])
def test_the_density_integrates_to_one_over_the_sphere(size, concentration):
    q = posterior_of([1.0] + [0.0] * (size - 1), concentration)
    area = 2 * np.pi ** ((size - 1) / 2) / special.gamma((size - 1) / 2)  # of the sphere of points at one angle
    angles = np.linspace(0, np.pi, 20_001)
    points = np.zeros((len(angles), size), "float32")
    points[:, 0], points[:, 1] = np.cos(angles), np.sin(angles)
    density = np.exp(q.log_prob(points).numpy().astype("float64")) * area * np.sin(angles) ** (size - 2)
    assert integrate.simpson(density, x=angles) == pytest.approx(1, rel=2e-3)


SPHERE, CIRCLE = [[1, 0, 0], [-1, 0, 0], [1, 1e-4, 0], [0.3, -2, 0.1]], [[0.6, 0.8], [-1, 1e-3]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("directions", "jit_compile"),
    [(SPHERE, False), (SPHERE, True), (CIRCLE, False)],
    ids=["sphere", "sphere under xla", "circle"],
)
def test_the_draws_follow_the_law(directions, jit_compile):
    head, k = PowerSpherical((len(directions[0]),)), 2.5
    raw = tf.fill([len(directions)], float(np.log(np.expm1(k - head.min_concentration))))
    q = head.distribution({"direction": tf.constant(directions, tf.float32), "raw_concentration": raw})
    draws = tf.function(lambda: q.sample(40_000, seed=(1, 2)), jit_compile=jit_compile)().numpy()
    for row, direction in enumerate(directions):
        z, size, mu = draws[:, row], len(direction), np.array(direction) / np.linalg.norm(direction)
        half = (size - 1) / 2
        np.testing.assert_allclose(np.linalg.norm(z, axis=-1), 1, atol=1e-5)
        assert stats.kstest((1 + z @ mu) / 2, stats.beta(half + k, half).cdf).pvalue > 1e-3
        across = z - (z @ mu)[:, None] * mu
        np.testing.assert_allclose(across.mean(0), 0, atol=0.02)  # symmetric around the axis
        np.testing.assert_allclose(z.mean(0), k / (size - 1 + k) * mu, atol=0.02)
        np.testing.assert_allclose(z.var(0), q.variance()[row], atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("direction", [[0.9, 0.1, 0.4], [-0.9, 0.1, 0.4], [1.0, 1e-3, 0.0]], ids=str)
def test_the_gradient_through_the_draws_is_that_of_the_mean(direction):
    head = PowerSpherical((3,))
    direction, raw = tf.constant([direction]), tf.constant([0.5])
    weights = tf.constant([0.5, -1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([direction, raw])
        q = head.distribution({"direction": direction, "raw_concentration": raw})
        drawn = tf.reduce_mean(tf.reduce_sum(q.sample(200_000, seed=(1, 2)) * weights, -1))
        k = tf.nn.softplus(raw) + head.min_concentration
        exact = tf.reduce_sum(k / (2 + k) * tf.reduce_sum(tf.math.l2_normalize(direction, -1) * weights, -1))
    for parameter in (direction, raw):
        np.testing.assert_allclose(tape.gradient(drawn, parameter), tape.gradient(exact, parameter), atol=0.02)


@pytest.mark.parametrize("size", [2, 3, 16])
@pytest.mark.parametrize("concentration", [1e-6, 1.0, 1e5])
@pytest.mark.parametrize("length", [0.0, 1e-25, 1.0, 1e30])
def test_everything_stays_finite(size, concentration, length):
    head = PowerSpherical((size,), min_concentration=1e-6)
    direction = np.zeros((1, size), "float32")
    direction[0, -1] = -length
    raw = np.log(np.expm1(concentration)) if concentration < 30 else concentration
    parameters = {"direction": tf.constant(direction), "raw_concentration": tf.constant([raw], tf.float32)}
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        q = head.distribution(parameters)
        z = q.sample(20_000, seed=(1, 2))
        value = tf.concat([q.log_prob(z)[:, 0], q.log_prob(-q.mean()), z[:, 0, 0]], 0)
    assert np.isfinite(value).all()
    np.testing.assert_allclose(np.linalg.norm(q.mean()), 1, atol=1e-6)
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(value, parameters).values())


@pytest.mark.parametrize("size", [2, 5])
def test_the_kl_with_the_uniform_density_tends_to_its_monte_carlo_estimate(size):
    q, p = posterior_of([0.0] * (size - 1) + [2.0], 3.0), UniformSpherePrior((size,)).distribution()
    z = q.sample(100_000, seed=(1, 2))
    estimate = tf.reduce_mean(q.log_prob(z) - p.log_prob(z), 0)
    kl = tf.function(lambda: tfd.kl_divergence(q, p), jit_compile=True)()
    np.testing.assert_allclose(kl, estimate, rtol=0.02)
    assert kl.shape == (1,)


def test_the_kl_with_the_uniform_density_vanishes_without_concentration():
    kls = [
        float(tfd.kl_divergence(posterior_of([1, 0, 0], k), UniformSpherePrior(3).distribution())[0])
        for k in (1, 0.1, 1e-4)
    ]
    assert kls[0] > kls[1] > abs(kls[2]) and abs(kls[2]) < 1e-5


def test_the_direction_of_nothing_is_the_first_axis():
    assert np.array_equal(posterior_of([0.0, 0.0, 0.0], 1.0).mean()[0], [1, 0, 0])


def test_bad_arguments_and_data_are_refused(refused):
    for shape in ((1,), (2, 3)):
        with refused(r"PowerSpherical: expected an event_shape \(D,\) with D >= 2"):
            PowerSpherical(shape)
    with refused("min_concentration must be a positive number"):
        PowerSpherical((3,), min_concentration=-1.0)
    head = PowerSpherical((2,))
    with refused(r"vectors of length 1 over the last axis, got \[1., 1.\] at index 1; normalize the data"):
        head.check_events(np.array([[1.0, 0.0], [1.0, 1.0]]))
    head.check_range(-1, 1)
    head.check_events(np.array([[0.6, 0.8]]))
