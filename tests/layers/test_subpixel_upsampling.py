"""Upsampling by a convolution at low resolution."""

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.layers import SubpixelUpsampling


@pytest.mark.parametrize(("factor", "kernel_size"), [(2, 3), (4, 3), (3, 5)])
def test_it_starts_as_bilinear_upsampling_of_a_map_of_the_channels(factor, kernel_size):
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 6)).astype("float32")
    layer = SubpixelUpsampling(3, factor=factor, kernel_size=kernel_size)
    y = layer(x)
    mix = tf.reduce_sum(layer.conv.kernel, axis=(0, 1))[:, :3]
    expected = tf.image.resize(x @ mix, (5 * factor, 4 * factor), method="bilinear")
    inside = (slice(None), slice(factor, -factor), slice(factor, -factor))  # zeros surround the map
    np.testing.assert_allclose(y[inside], expected[inside], atol=2e-6)


def test_without_neighbours_it_starts_constant_within_each_block():
    y = SubpixelUpsampling(3, kernel_size=1)(tf.random.stateless_normal((2, 5, 4, 6), seed=(0, 1)))
    np.testing.assert_array_equal(y[:, ::2, ::2], y[:, 1::2, 1::2])
