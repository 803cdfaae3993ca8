import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.layers import ImageRefinement


@pytest.mark.slow
def test_it_starts_as_the_identity_and_learns_what_an_image_lacks():
    x = np.random.default_rng(0).random((20, 6, 11, 1)).astype("float32")  # neither side is a multiple of the patches
    layer = ImageRefinement(4, filters=8, blocks=1)
    model = keras.Sequential([keras.Input((6, 11, 1)), layer])
    np.testing.assert_array_equal(model(x), x)
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    model.fit(x, x**2, epochs=30, batch_size=20, verbose=0)
    assert model.evaluate(x, x**2, verbose=0) < 0.3 * np.mean((x - x**2) ** 2)


def test_under_a_mixed_policy_the_image_stays_float32():
    layer = ImageRefinement(2, filters=4, dtype="mixed_bfloat16")
    x = tf.random.normal((2, 6, 6, 3))
    assert layer(x).dtype == "float32" and bool(tf.reduce_all(layer(x) == x))
    assert layer.first.compute_dtype == "bfloat16"


@pytest.mark.parametrize("options", [{"patch_size": 0}, {"filters": 1.5}, {"blocks": 0}])
def test_numbers_are_checked(options, refused):
    with refused(f"ImageRefinement: {next(iter(options))}"):
        ImageRefinement(**options)
