import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.layers.spectral_normalization import SpectralNormalization

X = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
MAP = np.random.default_rng(0).normal(size=(3, 6, 7, 4)).astype("float32")


def settled(layer, x, calls=200):
    """`layer` after so many calls in training, which change nothing but u."""
    keras.utils.set_random_seed(0)  # how fast u settles depends on the kernel
    wrapped = SpectralNormalization(layer)
    for _ in range(calls):
        wrapped(x, training=True)
    return wrapped


def norm_of(kernel):
    return np.linalg.svd(np.reshape(kernel, (-1, kernel.shape[-1])), compute_uv=False)[0]


@pytest.mark.slow
def test_a_dense_kernel_is_divided_by_its_largest_singular_value():
    layer = settled(keras.layers.Dense(4, activation="tanh", bias_initializer="random_normal"), X)
    kernel, bias = (weight.numpy() for weight in layer.layer.weights)
    assert np.allclose(layer(X), np.tanh(X @ kernel / norm_of(kernel) + bias), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [keras.layers.Conv2D, keras.layers.Conv2DTranspose])
def test_a_convolution_is_linear_in_its_normalised_kernel(kind):
    layer = settled(kind(3, 3, strides=2, use_bias=False), MAP)
    assert np.allclose(layer(MAP), layer.layer(MAP) / norm_of(layer.layer.kernel.numpy()), atol=1e-5)


@pytest.mark.slow
def test_the_gradient_is_that_of_the_normalised_kernel():
    layer = settled(keras.layers.Dense(4, use_bias=False), X)
    kernel = layer.layer.kernel
    weights = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights * layer(X))
    value = lambda kernel: (weights * (X @ kernel / norm_of(kernel))).sum()  # noqa: E731
    at, expected = kernel.numpy().astype("float64"), np.zeros((5, 4))
    for i in np.ndindex(5, 4):
        step = np.zeros((5, 4))
        step[i] = 1e-5
        expected[i] = (value(at + step) - value(at - step)) / 2e-5
    assert np.allclose(tape.gradient(loss, kernel.value), expected, atol=1e-3)


def test_it_reads_all_weights_from_a_scope_around_it():
    layer = SpectralNormalization(keras.layers.Dense(4))
    layer(X)
    other = SpectralNormalization(keras.layers.Dense(4, bias_initializer="random_normal"))
    expected = other(X)
    with keras.StatelessScope(list(zip(layer.variables, other.variables, strict=True))):
        assert np.array_equal(layer(X), expected)


def test_only_calls_in_training_change_its_vector_and_none_the_kernel():
    layer = SpectralNormalization(keras.layers.Dense(4))
    layer(X)
    u, kernel = layer.u.numpy(), layer.layer.kernel.numpy()
    layer(X)
    assert np.array_equal(layer.u, u)
    layer(X, training=True)
    assert not np.array_equal(layer.u, u)
    assert np.array_equal(layer.layer.kernel, kernel)
    assert [weight.path.rsplit("/")[-1] for weight in layer.trainable_weights] == ["kernel", "bias"]


def test_more_power_iterations_come_closer():
    errors = []
    for iterations in (1, 3, 100):
        keras.utils.set_random_seed(0)
        layer = SpectralNormalization(keras.layers.Dense(20, use_bias=False), power_iterations=iterations)
        output = layer(np.eye(30, dtype="float32"))
        errors.append(norm_of(output.numpy()) - 1)
    assert errors[0] > errors[1] > errors[2] > -1e-5
    assert errors[2] < 0.02


def test_the_kernel_keeps_its_precision_in_a_bfloat16_layer():
    layer = SpectralNormalization(keras.layers.Dense(4, dtype="mixed_bfloat16"))
    layer.build((None, 5))
    kernel = layer.layer.kernel.numpy()
    output = layer(tf.cast(X, tf.bfloat16), training=True)
    assert output.dtype == tf.bfloat16
    assert layer.layer.kernel.dtype == layer.u.dtype == "float32"
    assert np.array_equal(layer.layer.kernel, kernel)


def test_a_kernel_of_zeros_is_used_as_it_is_and_learns():
    layer = SpectralNormalization(keras.layers.Dense(4, kernel_initializer="zeros"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(X, training=True))
    kernel, _ = layer.trainable_weights
    assert float(loss) == 0
    assert np.allclose(tape.gradient(loss, kernel.value), X.sum(axis=0)[:, None].repeat(4, axis=1), atol=1e-5)


def normalised_model():
    keras.utils.set_random_seed(0)
    encoder, decoder = kv.make_networks("mlp", (6,), 2, units=(8, 7), decoder_spectral_normalization=True)
    return kv.Autoencoder(encoder, decoder, likelihood="normal", objective=kv.NLL() + kv.KL(), seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("xla", [True, False], ids=["XLA", "two replicas"])
def test_it_trains_under_xla_and_on_replicas(xla, two_replicas, tmp_path):
    with (tf.distribute.get_strategy() if xla else two_replicas).scope():
        model = normalised_model()
        model.compile(keras.optimizers.SGD(1e-3), jit_compile=xla)
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    batches = tf.data.Dataset.from_tensor_slices(x).batch(32)
    losses = model.fit(batches, epochs=10, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    for layer in model.decoder.hidden:
        kernel = layer.layer.kernel.numpy()
        assert np.linalg.norm(kernel @ layer.u.numpy()) == pytest.approx(norm_of(kernel), rel=0.05)
    if xla:
        model.save(tmp_path / "model.keras")
        loaded = kv.load_model(tmp_path / "model.keras")
        assert np.array_equal(loaded.decode(np.ones((2, 2))).mean(), model.decode(np.ones((2, 2))).mean())


def test_a_layer_without_a_kernel_is_refused(refused):
    with refused("SpectralNormalization: expected a layer with a kernel.*Flatten"):
        SpectralNormalization(keras.layers.Flatten())(X)
    with refused("power_iterations must be an integer >= 1; got 0"):
        SpectralNormalization(keras.layers.Dense(3), power_iterations=0)


def test_penalties_and_statistics_of_the_layer_within_count():
    class Counting(keras.layers.Dense):
        def build(self, input_shape):
            super().build(input_shape)
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

        def call(self, inputs):
            self.calls.assign_add(1.0)
            self.add_loss(keras.ops.convert_to_tensor(2.0))
            return super().call(inputs)

    layer = SpectralNormalization(Counting(4, activity_regularizer=keras.regularizers.L2(1.0)))
    activity = float(np.mean(np.sum(np.square(layer(X)), axis=-1)))
    assert sum(map(float, layer.losses)) == pytest.approx(2.0 + activity, rel=1e-5)
    assert float(layer.layer.calls) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("change", [lambda dense: dense.quantize("int8"), lambda dense: dense.enable_lora(2)])
def test_a_kernel_that_is_no_float_matrix_of_its_own_is_refused(change, refused):
    layer = SpectralNormalization(keras.layers.Dense(4, name="last"))
    layer(np.ones((2, 6), "float32"))
    change(layer.layer)
    with refused("SpectralNormalization: expected 'last' in floating point and without LoRA"):
        layer(np.ones((2, 6), "float32"))
