import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.layers.pixel_cnn import PixelCNN


def noise(*shape, seed=0):
    return tf.random.stateless_normal(shape, (seed, 1))


def dependence(layer, *, context_dim=None):
    """|d out_i / d in_j| summed over channels, `(pixels, pixels)`; by the context if it has one."""
    height, width, channels = layer.input_shape
    x = noise(1, height, width, channels)
    context = None if context_dim is None else noise(1, height, width, context_dim, seed=1)
    with tf.GradientTape() as tape:
        source = x if context is None else context
        tape.watch(source)
        out = layer(x, context)
    jacobian = tf.abs(tape.jacobian(out, source))
    pixels = height * width
    jacobian = tf.reshape(jacobian, (pixels, layer.out_channels, pixels, source.shape[-1]))
    return tf.reduce_sum(jacobian, axis=[1, 3]).numpy()


@pytest.mark.parametrize(
    ("shape", "kernel_size", "layers"),
    [((5, 4, 2), 3, 4), ((5, 5, 1), 5, 2), ((4, 7, 1), 7, 2), ((7, 1, 3), 5, 3), ((2, 2, 1), 3, 1)],
    ids=str,
)
def test_an_output_sees_all_the_pixels_before_it_and_no_other(shape, kernel_size, layers):
    seen = dependence(PixelCNN(shape, 3, filters=8, layers=layers, kernel_size=kernel_size, seed=0))
    before = np.tri(len(seen), k=-1, dtype=bool)
    assert (seen[~before] == 0).all()
    assert (seen[before] > 0).all()


@pytest.mark.slow
def test_two_layers_reach_two_kernels_away():
    seen = dependence(PixelCNN((7, 9, 1), 1, filters=8, layers=2, kernel_size=3, seed=0))
    rows, columns = np.divmod(np.arange(63), 9)
    up, right = rows[:, None] - rows[None, :], columns[None, :] - columns[:, None]
    within = ((up == 0) & (right < 0) & (right >= -2)) | ((up > 0) & (up <= 2) & (abs(right) <= 2))
    assert ((seen > 0) == within).all()


@pytest.mark.slow
def test_an_output_sees_the_context_of_its_row_and_of_those_above():
    seen = dependence(PixelCNN((3, 3, 1), 2, filters=8, kernel_size=3, context_dim=2, seed=0), context_dim=2)
    rows = np.arange(9) // 3
    assert ((seen > 0) == (rows[:, None] >= rows[None, :])).all()


@pytest.mark.parametrize("shape", [(4, 5, 2), (6, 1, 1)], ids=str)
def test_every_weight_has_a_gradient(shape):
    layer = PixelCNN(shape, 3, filters=4, layers=2, context_dim=2, seed=0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(noise(8, *shape), noise(8, *shape[:2], 2, seed=1)) ** 2)
    for weight, gradient in zip(layer.weights, tape.gradient(loss, layer.trainable_weights), strict=True):
        assert np.abs(gradient).max() > 0, weight.path


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "layers"), [((6, 5, 2), 1), ((3, 3, 1), 3), ((7, 1, 2), 2)], ids=str)
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_a_rollout_gives_what_whole_passes_give_pixel_after_pixel(shape, layers, jit_compile):
    height, width, channels = shape
    layer = PixelCNN(shape, channels, filters=4, layers=layers, kernel_size=3, context_dim=2, seed=0)
    context = noise(3, height, width, 2)

    def choose(out, position):
        return tf.sin(3 * out + tf.cast(position, tf.float32))

    rollout = tf.function(lambda start: layer.rollout(choose, start, context), jit_compile=jit_compile)
    expected = np.zeros((3, *shape), "float32")
    for position in range(height * width):
        row, column = divmod(position, width)
        expected[:, row, column] = choose(layer(expected, context)[:, row, column], position)
    assert expected.std() > 0.3
    assert np.allclose(rollout(noise(3, *shape)), expected, atol=1e-4)


def test_a_border_is_not_taken_for_zeros():
    layer = PixelCNN((3, 3, 1), 4, filters=8, layers=1, kernel_size=3, seed=0)
    out = layer(tf.zeros((1, 3, 3, 1))).numpy().reshape(9, 4)
    assert not np.allclose(out[0], out[4], atol=1e-3)


@pytest.mark.slow
def test_it_computes_in_the_policy_and_the_same_under_xla():
    layer = PixelCNN((4, 4, 1), 2, filters=4, dtype="mixed_bfloat16")
    assert layer(noise(2, 4, 4, 1)).dtype == tf.bfloat16
    assert {weight.dtype for weight in layer.weights} == {"float32"}
    layer = PixelCNN((4, 4, 1), 2, filters=4)
    assert np.allclose(tf.function(layer, jit_compile=True)(noise(2, 4, 4, 1)), layer(noise(2, 4, 4, 1)), atol=1e-5)


def test_a_model_with_it_is_saved_and_loaded(tmp_path):
    x, context = keras.Input((5, 1, 2)), keras.Input((5, 1, 3))
    model = keras.Model([x, context], PixelCNN((5, 1, 2), 4, filters=4, context_dim=3)(x, context))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inputs = [noise(2, 5, 1, 2), noise(2, 5, 1, 3)]
    assert model.output_shape == (None, 5, 1, 4)
    assert np.array_equal(model(inputs), loaded(inputs))
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()


def test_a_seed_fixes_the_weights():
    one, same, other = (PixelCNN((4, 4, 1), 2, filters=4, seed=seed) for seed in (3, 3, 4))
    for own, equal in zip(one.get_weights(), same.get_weights(), strict=True):
        assert np.array_equal(own, equal)
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"input_shape": (8, 8)}, "input_shape must be"),
        ({"input_shape": (1, 8, 1)}, "two rows or more"),
        ({"out_channels": 0}, "out_channels"),
        ({"filters": 0}, "filters"),
        ({"layers": 0}, "layers"),
        ({"kernel_size": 4}, "must be odd"),
        ({"kernel_size": 1}, "kernel_size"),
        ({"context_dim": 0}, "context_dim"),
        ({"seed": -1}, "seed"),
    ],
    ids=str,
)
def test_bad_input_is_refused(arguments, match, refused):
    with refused(match):
        PixelCNN(**{"input_shape": (8, 8, 1), "out_channels": 2, **arguments})
