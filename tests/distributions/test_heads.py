import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import keras_vae as kv
from keras_vae.distributions import LIKELIHOODS, POSTERIORS

ELSEWHERE = {
    "dirichlet", "finite_scalar_quantizer", "full_covariance_normal", "inverse_autoregressive", "ladder",
    "lookup_free_quantizer", "masked", "pixel_cnn", "planar",
    "power_spherical", "real_nvp", "relaxed_categorical", "reparameterized", "spatial_ladder", "table",
    "vector_quantizer",
}  # fmt: skip
"""Families that need a certain shape or options; each has tests of its own, or is in test_contract.py."""

FAMILIES = {
    **{name: family for name, family in POSTERIORS.items() if name not in ELSEWHERE},
    **{f"{name} likelihood": family for name, family in LIKELIHOODS.items() if name not in ELSEWHERE},
}


@pytest.fixture(params=FAMILIES)
def family(request):
    return FAMILIES[request.param]


@pytest.mark.parametrize(
    ("event_shape", "features_shape"),
    [((3,), (8,)), ((4, 5, 2), (4, 5, 7)), ((4, 5, 2), (9,)), ((2, 3), (4, 4, 2))],
    ids=["vector", "pointwise", "from a vector", "from other axes"],
)
def test_a_head_turns_features_into_a_distribution_over_its_events(family, event_shape, features_shape):
    head = family(event_shape)
    parameters = head(tf.random.stateless_normal((6, *features_shape), (0, 1)))
    assert set(parameters) == set(head.parameters)
    distribution = head.distribution(parameters)
    assert distribution.batch_shape == (6,)
    assert distribution.event_shape == event_shape
    assert distribution.sample(2, seed=(1, 2)).shape == (2, 6, *event_shape)


def test_a_head_computes_in_float32_whatever_the_policy(family):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        head = family((3,))
        parameters = head(tf.ones((2, 4), tf.bfloat16))
    finally:
        keras.config.set_dtype_policy("float32")
    assert all(value.dtype == tf.float32 for value in parameters.values())


def test_a_head_stands_in_a_functional_model(family):
    features = keras.Input((4,))
    head = family((3,))
    model = keras.Model(features, head(features))
    shapes = {name: value.shape[1:] for name, value in model(tf.ones((2, 4))).items()}
    assert shapes == head.parameter_shapes


def test_without_projection_the_features_are_the_parameters():
    head = kv.Normal((4, 4, 1), project=False)
    features = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype("float32")
    parameters = head(features)
    assert not head.trainable_weights
    assert np.array_equal(parameters["loc"], features[..., :1])
    with pytest.raises(kv.InvalidInputError, match=r"expected features of shape \(4, 4, 2\)"):
        kv.Normal((4, 4, 1), project=False)(features[..., :1])


@pytest.mark.parametrize("scale", ["elementwise", "shared", 0.3])
def test_the_normal_log_density_is_scipys(scale):
    head = kv.Normal((5,), scale=scale)
    parameters = head(tf.random.stateless_normal((3, 4), (0, 1)))
    x = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    distribution = head.distribution(parameters)
    expected = stats.norm(parameters["loc"], distribution.distribution.scale).logpdf(x).sum(-1)
    assert np.allclose(distribution.log_prob(x), expected, rtol=1e-4)


@pytest.mark.parametrize("logit", [-200.0, -20.0, -1.0, 0.0, 3.0, 20.0, 200.0])
@pytest.mark.parametrize("x", [0.0, 0.25, 1.0])
def test_the_bernoulli_log_probability_is_the_cross_entropy_at_any_logit(logit, x):
    distribution = kv.Bernoulli((1,)).distribution({"logits": tf.constant([[logit]])})
    expected = -(np.logaddexp(0, logit) - x * logit)
    assert float(distribution.log_prob([[x]])[0]) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.slow
def test_a_shared_scale_is_learned():
    x = np.random.default_rng(0).normal(0.4, 0.05, (512, 6)).astype("float32")
    model = kv.Autoencoder(
        kv.MLPEncoder((6,), ()), kv.MLPDecoder((1,), ()), likelihood="normal", objective=kv.NLL() + kv.KL(), seed=0
    )
    model.compile(keras.optimizers.Adam(2e-2))
    model.fit(x, epochs=60, verbose=0)
    scale = model.decode(np.zeros((1, 1))).distribution.scale
    assert float(tf.reduce_mean(scale)) == pytest.approx(0.05, rel=0.1)
