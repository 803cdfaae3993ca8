import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.layers import GroupNormalization
from keras_vae.layers.group_normalization import compiled_normalization

X = np.random.default_rng(0).normal(2, 3, size=(3, 5, 4, 6)).astype("float32")
DY = np.random.default_rng(1).normal(size=X.shape).astype("float32")


def noisy(activation, **options):
    layer = GroupNormalization(2, activation=activation, **options)
    layer.build(X.shape)
    for weight in layer.weights:
        weight.assign(np.random.default_rng(2).normal(size=weight.shape))
    return layer


def values_and_gradients(layer, compiled):
    x, weights = tf.constant(X), [weight.value for weight in layer.weights]
    with compiled_normalization(compiled), tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(layer(x), tf.float32)
    return [y, *tape.gradient(y, [x, *weights], DY)]


def test_without_an_activation_it_is_that_of_keras():
    layer, of_keras = noisy(None), keras.layers.GroupNormalization(2)
    of_keras.build(X.shape)
    of_keras.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(X), of_keras(X))


@pytest.mark.slow
@pytest.mark.parametrize("activation", [None, "swish"])
def test_compiled_it_is_the_same_function(activation):
    layer = noisy(activation)
    for compiled, plain in zip(*(values_and_gradients(layer, each) for each in (True, False)), strict=True):
        np.testing.assert_allclose(compiled, plain, atol=2e-6 * np.abs(plain).max())


@pytest.mark.slow
def test_compiled_it_is_more_exact_in_16_bits():
    layer = noisy("swish", dtype="mixed_bfloat16")
    exact = noisy("swish")(tf.cast(tf.cast(X, tf.bfloat16), tf.float32))
    errors = [np.abs(values_and_gradients(layer, compiled)[0] - exact).max() for compiled in (True, False)]
    assert errors[0] < errors[1] < 0.1


@pytest.mark.slow
def test_compiled_it_has_a_second_derivative():
    layer, found = noisy("swish"), []
    for compiled in (True, False):
        x = tf.constant(X)
        with compiled_normalization(compiled), tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(layer(x) * DY)
            penalty = tf.reduce_sum(tf.square(inner.gradient(y, x)))
        found.append(outer.gradient(penalty, x))
    np.testing.assert_allclose(*found, atol=1e-5 * np.abs(found[1]).max())
