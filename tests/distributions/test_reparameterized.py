import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

from keras_vae.distributions import Normal
from keras_vae.distributions.reparameterized import Reparameterized

tfd = tfp.distributions


def softplus(raw):
    return np.log1p(np.exp(raw))


def test_it_is_the_normal_head_by_another_name():
    raw = {"loc": tf.constant([[1.0, -2.0]]), "raw_scale": tf.constant([[0.3, 2.0]])}
    expected = Normal((2,)).distribution(raw)
    head = Reparameterized((2,), "Normal", {"loc": "real", "scale": "positive"})
    found = head.distribution({"loc": raw["loc"], "scale": raw["raw_scale"]})
    np.testing.assert_allclose(found.log_prob([0.1, 0.2]), expected.log_prob([0.1, 0.2]), rtol=1e-6)
    np.testing.assert_allclose(tfd.kl_divergence(found, expected), 0, atol=1e-6)


def test_the_gumbel_log_density_is_scipys():
    head = Reparameterized((3,), "Gumbel", {"loc": "real", "scale": "positive"})
    loc, raw = np.array([[0.5, -1.0, 2.0]]), np.array([[-1.0, 0.0, 1.0]])
    q = head.distribution({"loc": tf.constant(loc, tf.float32), "scale": tf.constant(raw, tf.float32)})
    x = np.array([[0.3, 0.2, -1.0]])
    expected = stats.gumbel_r(loc, softplus(raw) + 1e-4).logpdf(x).sum(-1)
    np.testing.assert_allclose(q.log_prob(x.astype("float32")), expected, rtol=1e-4)


def test_fixed_parameters_are_constants():
    head = Reparameterized(
        (2,), "TruncatedNormal", {"loc": "real", "scale": "positive"}, fixed={"low": -1, "high": [1.0, 2.0]}
    )
    q = head.distribution({"loc": tf.zeros((1, 2)), "scale": tf.constant([[0.0, 1.0]])})
    scale = softplus(np.array([0.0, 1.0])) + 1e-4
    expected = stats.truncnorm(-1 / scale, np.array([1.0, 2.0]) / scale, scale=scale).logpdf([0.5, -0.3]).sum()
    np.testing.assert_allclose(q.log_prob([[0.5, -0.3]]), expected, rtol=1e-4)


def test_the_constraints_hold_at_any_number():
    raw = tf.constant([[-1e4, 0.0, 1e4]])
    for constraint, (least, most) in {"positive": (0, np.inf), "unit": (0, 1)}.items():
        head = Reparameterized((3,), "Uniform", {"high": constraint}, fixed={"low": -1.0})
        high = head.distribution({"high": raw}).distribution.high.numpy()
        assert (least < high).all() and (high < most).all() and (np.diff(high) > 0).all()
    head = Reparameterized((3,), "Uniform", {"high": "simplex"}, fixed={"low": -1.0})
    assert head.distribution({"high": raw}).distribution.high.numpy().sum() == pytest.approx(1)


def test_a_family_over_vectors_has_parameters_of_their_own_shape():
    head = Reparameterized((2, 3), "PowerSpherical", {"mean_direction": "real", "concentration": "positive"})
    assert head.parameter_shapes == {"mean_direction": (2, 3), "concentration": (2,)}
    q = Reparameterized((2, 3), "Dirichlet", {"concentration": "positive"}).distribution(
        {"concentration": tf.zeros((1, 2, 3))}
    )
    x = np.random.default_rng(0).dirichlet([1, 1, 1], (1, 2))
    expected = sum(stats.dirichlet([np.log(2) + 1e-4] * 3).logpdf(row) for row in x[0])
    np.testing.assert_allclose(q.log_prob(x.astype("float32")), expected, rtol=1e-3)


def test_the_parameters_come_in_the_order_of_the_family():
    one = Reparameterized((2,), "Gumbel", {"scale": "positive", "loc": "real"})
    assert list(one.parameters) == list(one(tf.ones((1, 4)))) == ["loc", "scale"]


@pytest.mark.parametrize(
    ("family", "parameters", "fixed", "match"),
    [
        ("Gumbl", {"loc": "real"}, None, "did you mean 'Gumbel'"),
        ("Gumbel", {"loc": "real", "skale": "positive"}, None, "Unknown parameter of Gumbel 'skale'"),
        ("Gumbel", {"loc": "real", "scale": "negative"}, None, "Unknown constraint 'negative'"),
        ("Gumbel", {"loc": "real"}, None, "do not make one"),
        ("Gumbel", {"loc": "real", "scale": "positive"}, {"scale": 1.0}, "both given by the network and fixed"),
        ("Gumbel", {"loc": "real"}, {"scale": "wide"}, "do not make one"),
        ("Gumbel", {"loc": "real"}, {"scale": [1.0, 2.0]}, "do not make one"),
        ("Gumbel", {}, None, "one or more"),
        ("Gumbel", ["loc", "scale"], None, "one or more"),
        ("Poisson", {"rate": "positive"}, None, "carry no gradients"),
        ("Deterministic", {"loc": "real"}, None, "Unknown family"),
        ("PixelCNN", {"loc": "real"}, None, "made of tensors"),
        ("MixtureSameFamily", {"mixture_distribution": "real"}, None, "no known shape"),
    ],
)
def test_what_makes_no_reparameterised_distribution_is_refused(refused, family, parameters, fixed, match):
    with refused(match):
        Reparameterized((3,), family, parameters, fixed=fixed)


@pytest.mark.parametrize(
    ("family", "fixed", "inside", "outside"),
    [
        ("Gumbel", {}, (-1e3, 1e3), None),
        ("LogNormal", {}, (0.01, 9.0), (-0.1, 1.0)),
        ("TruncatedNormal", {"low": 0.0, "high": 1.0}, (0.0, 1.0), (0.0, 1.1)),
        ("LogitNormal", {}, (0.1, 0.9), (0.0, 1.2)),
    ],
)
def test_data_outside_the_support_are_refused(refused, family, fixed, inside, outside):
    head = Reparameterized((4, 4, 1), family, {"loc": "real", "scale": "positive"}, fixed=fixed)
    events = np.tile(np.reshape(inside, (2, 1, 1, 1)), (1, 4, 4, 1)).astype("float32")
    head.check_events(events)
    if outside:
        events[1, 2, 3] = next(value for value in outside if value not in inside)
        with refused("expected values of finite density, got .* in the example at index 1"):
            head.check_events(events)
