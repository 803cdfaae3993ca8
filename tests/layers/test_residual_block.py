import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from keras_vae.layers.residual_block import ResidualBlock

X = np.random.default_rng(0).normal(2, 3, size=(3, 5, 4, 6)).astype("float32")


def noisy(layer):
    layer.build((None, *X.shape[1:]))
    rng = np.random.default_rng(1)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer


def normalised(x, groups, gamma, beta):
    grouped = x.reshape(*x.shape[:-1], groups, -1)
    mean, var = (f(grouped, axis=(1, 2, 4), keepdims=True) for f in (np.mean, np.var))
    return ((grouped - mean) / np.sqrt(var + 1e-3)).reshape(x.shape) * gamma + beta


def test_with_kernels_of_one_pixel_it_is_the_formula():
    block = noisy(ResidualBlock(6, kernel_size=1, groups=3))
    h = X
    for norm, conv in zip(block.norms, block.convs, strict=True):
        h = normalised(h, 3, norm.gamma.numpy(), norm.beta.numpy())
        h = (h * expit(h)) @ conv.kernel.numpy()[0, 0] + conv.bias.numpy()
    assert np.allclose(block(X), X + h, atol=1e-3)


def test_with_kernels_of_zero_it_is_the_identity():
    block = noisy(ResidualBlock(6))
    for weight in block.convs[1].weights:
        weight.assign(tf.zeros_like(weight))
    assert np.array_equal(block(X), X)


def test_an_example_is_treated_alike_in_any_company():
    block = noisy(ResidualBlock(6))
    assert np.allclose(block(X, training=True)[1:2], block(X[1:2]), atol=1e-4)


@pytest.mark.parametrize(
    ("filters", "groups", "expected"), [(6, 8, 2), (16, 8, 8), (8, 8, 4), (7, 8, 1), (1, 8, 1), (6, 3, 3)]
)
def test_groups_divide_the_filters_and_have_two_channels_or_more(filters, groups, expected):
    assert ResidualBlock(filters, groups=groups).norms[0].groups == expected


def test_it_computes_in_its_dtype():
    assert ResidualBlock(6, kernel_size=5, activation="relu", groups=2, dtype="mixed_bfloat16")(X).dtype == tf.bfloat16


@pytest.mark.parametrize("options", [{"filters": 0}, {"filters": 4, "groups": 0}, {"filters": 4, "kernel_size": 1.5}])
def test_its_numbers_are_positive_integers(options, refused):
    with refused("ResidualBlock: .* must be an integer >= 1"):
        ResidualBlock(**options)
