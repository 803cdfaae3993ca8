import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.layers import UpsampledConv2D


@pytest.mark.parametrize("shape", [(5, 4, 3), (4, 5, 20), (2, 2, 4)])
@pytest.mark.parametrize("kernel_size", [1, 3, 5, 2])
def test_it_is_upsampling_and_a_convolution(shape, kernel_size):
    x = tf.random.stateless_normal((2, *shape), (0, 1))
    layer, conv = UpsampledConv2D(3, kernel_size), keras.layers.Conv2D(3, kernel_size, padding="same")
    y = layer(x)
    upsampled = keras.layers.UpSampling2D(2)(x)
    conv.build(upsampled.shape)
    conv.set_weights(layer.get_weights())
    assert tuple(y.shape) == layer.compute_output_shape(x.shape) == (2, 2 * shape[0], 2 * shape[1], 3)
    np.testing.assert_allclose(y, conv(upsampled), atol=1e-5)


def test_of_a_large_image_it_needs_fewer_products():
    def products(layer):
        graph = tf.function(layer).get_concrete_function(tf.TensorSpec((1, 8, 8, 4))).graph
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        return tf.compat.v1.profiler.profile(graph, options={**options, "output": "none"}).total_float_ops

    two = keras.Sequential([keras.layers.UpSampling2D(2), keras.layers.Conv2D(3, 3, padding="same")])
    one = UpsampledConv2D(3)
    for layer in (one, two):
        layer.build((1, 8, 8, 4))
    print(products(one), products(two))
    assert products(one) < 0.6 * products(two)
