"""L1Activity, SparsityKL and CodeNorm: penalties on the codes themselves."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.objectives.code_norm import CodeNorm
from keras_vae.objectives.l1_activity import L1Activity
from keras_vae.objectives.sparsity_kl import SparsityKL
from tests.objectives.linear_gaussian import trace_of

tfd = tfp.distributions
Z = np.random.default_rng(0).normal(size=(3, 5, 4, 2)).astype("float32")


def with_codes(*codes):
    """A trace whose levels have these codes, `(S, B, *latent_shape)`."""
    x = tf.zeros((np.shape(codes[0])[1], 3))
    return trace_of(samples=1).replace(
        x=x, latents=tuple(kv.Latent(None, None, tf.convert_to_tensor(z, tf.float32)) for z in codes)
    )


def test_l1_activity_is_the_mean_sum_of_absolute_values():
    assert np.allclose(L1Activity()(with_codes(Z)), np.abs(Z).sum((2, 3)).mean(0), rtol=1e-5)


def test_l1_activity_is_the_laplace_density_but_for_a_constant():
    laplace = -tf.reduce_mean(tfd.Independent(tfd.Laplace(tf.zeros((4, 2)), 1.0), 2).log_prob(Z), axis=0)
    assert np.allclose(laplace - L1Activity()(with_codes(Z)), 8 * np.log(2), rtol=1e-4)


def test_code_norm_is_the_standard_normal_density_but_for_a_constant():
    normal = -tf.reduce_mean(kv.StandardNormalPrior((4, 2)).distribution().log_prob(Z), axis=0)
    assert np.allclose(normal - CodeNorm()(with_codes(Z)), 4 * np.log(2 * np.pi), rtol=1e-4)


@pytest.mark.parametrize("term", [L1Activity(), CodeNorm(), SparsityKL()])
def test_levels_add_up(term):
    one, other = Z[..., 0], Z[..., 1, :]
    assert np.allclose(term(with_codes(one, other)), term(with_codes(one)) + term(with_codes(other)), rtol=1e-5)


@pytest.mark.parametrize("rate", [0.05, 0.7])
def test_sparsity_kl_is_the_divergence_of_bernoulli_distributions(rate):
    mean = (1 / (1 + np.exp(-Z.astype("float64")))).mean((0, 1))
    expected = tfd.kl_divergence(tfd.Bernoulli(probs=np.float64(rate)), tfd.Bernoulli(probs=mean)).numpy().sum()
    value = SparsityKL(rate)(with_codes(Z))
    assert value.shape == (5,)
    assert np.allclose(value, expected, rtol=1e-5)


def test_sparsity_kl_is_zero_at_its_rate():
    logit = np.log(0.2 / 0.8)
    assert np.allclose(SparsityKL(0.2)(with_codes(np.full((1, 6, 3), logit))), 0, atol=1e-6)
    spread = np.array([20.0] + [-20.0] * 4)[None, :, None]  # one of five is active
    assert np.allclose(SparsityKL(0.2)(with_codes(spread)), 0, atol=1e-6)


@pytest.mark.parametrize("logit", [-300.0, 300.0])
def test_sparsity_kl_is_finite_and_has_a_gradient_where_units_are_saturated(logit):
    z = tf.constant(np.full((1, 4, 2), logit, "float32"))
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = tf.reduce_mean(SparsityKL(0.1)(with_codes(z)))
    gradient = tape.gradient(value, z).numpy()
    slope = -0.1 if logit < 0 else 0.9  # of -0.1 log r or -0.9 log(1 - r), shared by four examples
    assert np.isfinite(value) and value > 10
    assert np.allclose(gradient, slope / 4, rtol=1e-3)


@pytest.mark.parametrize("term", [L1Activity(name="p"), CodeNorm(name="p"), SparsityKL(0.2, name="p")])
def test_they_survive_their_configuration(term):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(kv.NLL() + term)))
    copy = keras.saving.deserialize_keras_object(config).terms[1]
    assert type(copy) is type(term) and copy.name == "p"
    assert np.allclose(copy(with_codes(Z)), term(with_codes(Z)))


def test_their_names_are_those_of_the_classes():
    for term in (L1Activity(), CodeNorm(), SparsityKL()):
        assert re.fullmatch("[a-z0-9_]+", term.name)
        assert term.name.replace("_", "") == type(term).__name__.lower()


@pytest.mark.parametrize("term", [L1Activity(), CodeNorm(), SparsityKL()])
def test_xla_gives_what_the_graph_gives(term):
    def value(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = term(with_codes(z))
        return value, tape.gradient(value, z)

    found = [tf.function(value, jit_compile=xla)(tf.constant(Z)) for xla in (False, True)]
    for own, others in zip(*found, strict=True):
        assert np.allclose(own, others, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rate", [0, 1, -0.1, 1.5, "0.1", None, True])
def test_bad_rates_are_refused(refused, rate):
    with refused(r"SparsityKL: rate must be a number > 0 and < 1"):
        SparsityKL(rate)
