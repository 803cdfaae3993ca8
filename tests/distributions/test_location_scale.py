import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_vae.distributions.location_scale import Laplace, Logistic, StudentT

LAWS = {
    "laplace": (Laplace, {}, stats.laplace()),
    "logistic": (Logistic, {}, stats.logistic()),
    "student_t": (StudentT, {"df": 3.0}, stats.t(3)),
    "light tails": (StudentT, {"df": 30.0}, stats.t(30)),
}


@pytest.fixture(params=LAWS)
def law(request):
    return LAWS[request.param]


@pytest.mark.parametrize("scale", ["elementwise", "shared", 0.3])
def test_the_log_density_is_scipys(law, scale):
    family, options, noise = law
    head = family((5,), scale=scale, **options)
    distribution = head.distribution(head(tf.random.stateless_normal((3, 4), (0, 1))))
    x = np.random.default_rng(0).normal(0, 3, size=(3, 5)).astype("float32")
    loc, scale = distribution.distribution.loc.numpy(), np.asarray(distribution.distribution.scale)
    expected = (noise.logpdf((x - loc) / scale) - np.log(scale)).sum(-1)
    np.testing.assert_allclose(distribution.log_prob(x), expected, rtol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_the_draws_follow_the_law(law, jit_compile):
    family, options, noise = law
    head = family((1,), scale=2.0, **options)
    draw = tf.function(
        lambda: head.distribution({"loc": tf.constant([[3.0]])}).sample(20_000, seed=(1, 2)), jit_compile=jit_compile
    )
    assert stats.kstest((draw().numpy().ravel() - 3) / 2, noise.cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("family", "options", "variance"),
    [(Laplace, {}, 2.0), (Logistic, {}, np.pi**2 / 3), (StudentT, {"df": 12.0}, 1.2)],
)
def test_the_gradient_through_the_draws_is_that_of_the_moments(family, options, variance):
    head = family((1,), min_scale=1e-6, **options)
    loc, raw = tf.constant([[0.7]]), tf.constant([[0.4]])
    scale = float(tf.nn.softplus(raw)[0, 0])
    with tf.GradientTape() as tape:
        tape.watch([loc, raw])
        distribution = head.distribution({"loc": loc, "raw_scale": raw})
        square = tf.reduce_mean(distribution.sample(200_000, seed=(1, 2)) ** 2)
    by_loc, by_raw = tape.gradient(square, [loc, raw])
    assert float(distribution.variance()[0, 0]) == pytest.approx(variance * scale**2, rel=1e-4)
    assert float(square) == pytest.approx(0.7**2 + variance * scale**2, rel=0.02)
    assert float(by_loc[0, 0]) == pytest.approx(2 * 0.7, rel=0.02)
    assert float(by_raw[0, 0]) == pytest.approx(2 * scale * variance * float(tf.sigmoid(0.4)), rel=0.03)


@pytest.mark.parametrize("options", [{"df": 0}, {"df": -1.0}, {"df": "five"}, {"df": float("inf")}, {"min_scale": 0}])
def test_bad_numbers_are_refused(refused, options):
    with refused(f"StudentT: {next(iter(options))} must be a positive number"):
        StudentT((3,), **options)


@pytest.mark.parametrize("scale", ["all", 0.0, -1.0, True, None])
def test_a_bad_scale_is_refused(refused, scale):
    with refused("Laplace: scale must be 'elementwise', 'shared' or a positive number"):
        Laplace((3,), scale=scale)
