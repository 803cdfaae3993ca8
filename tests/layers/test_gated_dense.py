import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from keras_vae.layers.gated_dense import GatedDense

X = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")


def noisy(layer, shape):
    layer.build((None, *shape))
    rng = np.random.default_rng(1)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer


@pytest.mark.parametrize(("activation", "a"), [(None, lambda h: h), ("tanh", np.tanh)])
def test_it_is_the_formula(activation, a):
    layer = noisy(GatedDense(6, activation=activation), (4, 5))
    w, b, v, c = (weight.numpy() for weight in layer.weights)
    assert np.allclose(layer(X), a(X @ w + b) * expit(X @ v + c), atol=1e-5)


def test_a_gate_opens_and_closes():
    layer = noisy(GatedDense(6), (4, 5))
    layer.gate.kernel.assign(tf.zeros((5, 6)))
    layer.gate.bias.assign([-100.0] * 3 + [100.0] * 3)
    closed, open_ = np.split(layer(X).numpy(), 2, axis=-1)
    assert np.allclose(closed, 0)
    assert np.allclose(open_, layer.value(X)[..., 3:])


def test_it_computes_in_its_dtype():
    layer = GatedDense(6, activation="relu", dtype="mixed_bfloat16")
    assert layer(X).dtype == tf.bfloat16
    assert layer(keras.KerasTensor((None, 7, 5))).shape == (None, 7, 6)


@pytest.mark.parametrize("units", [0, 2.5, (3,), None])
def test_units_are_a_positive_integer(units, refused):
    with refused("GatedDense: units must be an integer >= 1"):
        GatedDense(units)
