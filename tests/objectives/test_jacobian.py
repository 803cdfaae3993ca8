import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.objectives.contractive import Contractive
from keras_vae.objectives.decoder_gradient import DecoderGradient
from keras_vae.objectives.jacobian import forward_squared_norm, reverse_squared_norm
from tests.objectives.linear_gaussian import W, trace_of

SEED = tf.constant([3, 5])


@pytest.fixture(scope="module")
def network():
    """A smooth network from (5, 4, 1) to 6 with kinds of layers that differ in how they are differentiated."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((5, 4, 1)),
            keras.layers.Conv2D(3, 3, strides=2, padding="same", activation="swish"),
            keras.layers.Flatten(),
            keras.layers.Dense(6, activation="softplus"),
        ]
    )


@pytest.fixture(scope="module")
def x():
    return tf.constant(np.random.default_rng(0).normal(size=(3, 5, 4, 1)), tf.float32)


def over_leading_axes(network):
    def function(x):  # (N, B, *input_shape)
        y = network(tf.reshape(x, (-1, *network.input_shape[1:])))
        return tf.reshape(y, (*x.shape[:2], -1))

    return function


def by_finite_differences(function, x, step=1e-2):
    x = x.numpy()
    total = 0.0
    for index in np.ndindex(x.shape[1:]):
        moved = np.zeros_like(x)
        moved[(slice(None), *index)] = step
        slope = (function(x + moved) - function(x - moved)).numpy().astype("float64") / (2 * step)
        total = total + (slope**2).sum(-1)
    return total


def test_both_modes_are_the_finite_differences(network, x):
    expected = by_finite_differences(network, x)
    assert np.allclose(reverse_squared_norm(network, x), expected, rtol=2e-3)
    assert np.allclose(forward_squared_norm(over_leading_axes(network), x), expected, rtol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_both_modes_have_the_same_gradient_in_every_weight(network, x, jit_compile):
    @tf.function(jit_compile=jit_compile)
    def gradients(norm, function):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(norm(function, x))
        found = tape.gradient(loss, network.trainable_weights, unconnected_gradients="zero")
        return tf.concat([tf.reshape(gradient, (-1,)) for gradient in found], axis=0)

    eager = gradients.python_function(reverse_squared_norm, network).numpy()
    assert np.abs(eager).max() > 0.1
    for norm, function in (
        (reverse_squared_norm, network),
        (forward_squared_norm, over_leading_axes(network)),
    ):
        assert np.allclose(gradients(norm, function), eager, rtol=1e-3, atol=1e-5)


def test_the_gradient_in_a_weight_is_the_finite_difference(network, x):
    kernel = network.layers[0].kernel
    value, step = kernel.numpy(), 2e-3
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(reverse_squared_norm(network, x))
    direction = np.random.default_rng(1).normal(size=value.shape).astype("float32")
    expected = (tape.gradient(loss, kernel).numpy() * direction).sum()
    ends = []
    for sign in (1, -1):
        kernel.assign(value + sign * step * direction)
        ends.append(float(tf.reduce_sum(reverse_squared_norm(network, x))))
    kernel.assign(value)
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(expected, rel=1e-2)


def test_probes_are_unbiased_and_differ_between_examples(network, x):
    exact = reverse_squared_norm(network, x).numpy()[0]
    same = tf.tile(x[:1], (1000, 1, 1, 1))
    for norm, function in (
        (reverse_squared_norm, network),
        (forward_squared_norm, over_leading_axes(network)),
    ):
        for probes in (1, 4):
            found = norm(function, same, probes=probes, seed=SEED).numpy()
            assert found.std() > 0.02 * exact
            assert found.mean() == pytest.approx(exact, abs=4.5 * found.std() / np.sqrt(1000))


def test_one_probe_is_exact_where_the_columns_are_orthogonal():
    orthogonal = W * np.array([[1.0], [3.0]], "float32")  # z -> z W
    z = tf.ones((4, 2))
    found = forward_squared_norm(lambda z: z @ orthogonal, z, probes=1, seed=SEED)
    assert np.allclose(found, (orthogonal**2).sum(), rtol=1e-5)
    found = reverse_squared_norm(lambda x: x @ orthogonal.T, tf.ones((4, 3)), probes=1, seed=SEED)
    assert np.allclose(found, (orthogonal**2).sum(), rtol=1e-5)


def test_the_jacobian_of_a_constant_is_zero():
    for norm in (reverse_squared_norm, forward_squared_norm):
        assert (norm(lambda x: tf.ones((*x.shape[:-1], 2)), tf.ones((4, 3))).numpy() == 0).all()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_network_without_a_second_derivative_is_refused(interpolation, refused):
    """TensorFlow returns no gradient for one of two paths, and the norm would be that of the other."""
    enlarge = keras.layers.UpSampling2D(2, interpolation=interpolation)

    def function(x):  # (N, B, 2, 2, 1)
        image = tf.reshape(x, (-1, 2, 2, 1))
        return tf.reshape(enlarge(image) + tf.repeat(tf.repeat(image, 2, 1), 2, 2), (*x.shape[:2], 16))

    with refused("expected networks that TensorFlow can differentiate twice, got one with"):
        tf.function(forward_squared_norm, autograph=False)(function, tf.ones((3, 2, 2, 1)))


def test_a_network_without_a_second_derivative_is_refused_without_a_graph(refused):
    enlarge = keras.layers.UpSampling2D(2, interpolation="bilinear")

    def function(x):  # (N, B, 2, 2, 1)
        return tf.reshape(enlarge(tf.reshape(x, (-1, 2, 2, 1))), (*x.shape[:2], 16))

    with refused("expected networks that TensorFlow can differentiate twice, got one with"):
        forward_squared_norm(function, tf.ones((3, 2, 2, 1)))


@pytest.mark.parametrize("term", [Contractive(), DecoderGradient()])
def test_terms_are_the_norm_of_the_weights_in_a_linear_model(term):
    assert np.allclose(term(trace_of(samples=3)), (W**2).sum(), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("term", [Contractive(), DecoderGradient()])
def test_the_gradient_of_terms_in_a_linear_model_is_twice_the_weights(term):
    def gradient():
        weights = tf.constant(W)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            value = tf.reduce_mean(term(trace_of(samples=1, weights=weights)))
        return tape.gradient(value, weights)

    for jit_compile in (False, True):
        assert np.allclose(tf.function(gradient, jit_compile=jit_compile)(), 2 * W, rtol=1e-5)


def test_the_levels_of_a_hierarchy_are_decoded_side_by_side():
    trace = trace_of(samples=1)
    (latent,) = trace.latents
    levels = tuple(latent._replace(sample=latent.sample[..., i : i + 1]) for i in range(2))
    assert np.allclose(DecoderGradient()(trace.replace(latents=levels)), (W**2).sum(), rtol=1e-5)


@pytest.mark.parametrize("kind", [Contractive, DecoderGradient])
def test_the_noise_of_probes_is_that_of_the_trace_and_the_name(kind):
    trace = trace_of(samples=1, weights=W + 0.5)
    value = kind(probes=1)(trace)
    assert np.allclose(value, kind(probes=1)(trace))
    assert not np.allclose(kind(probes=1)(trace.replace(seed=tf.constant([1, 1]))), value) or not np.allclose(
        kind(probes=1, name="other")(trace), value
    )


@pytest.mark.slow
@pytest.mark.parametrize(("jit_compile", "probes"), [(False, 2), (True, None)])
def test_a_model_trains_with_them(jit_compile, probes):
    keras.utils.set_random_seed(0)
    model = kv.Autoencoder(
        kv.MLPEncoder((4, 4, 1), (8,)),
        kv.MLPDecoder((2,), (8,)),
        posterior="deterministic",
        prior=None,
        objective=kv.NLL() + 10.0 * Contractive(probes=probes) + 10.0 * DecoderGradient(probes=probes),
        seed=0,
    )
    model.compile(keras.optimizers.Adam(0.02), jit_compile=jit_compile)
    x = np.random.default_rng(0).random((16 if jit_compile else 20, 4, 4, 1)).astype("float32")
    history = model.fit(x, batch_size=8, epochs=11, verbose=0).history
    for name in ("contractive", "decoder_gradient"):
        assert history[name][-1] < 0.5 * history[name][0]


@pytest.mark.parametrize("term", [Contractive(probes=3, name="p"), DecoderGradient(name="p")])
def test_they_survive_their_configuration(term):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(kv.NLL() + term)))
    copy = keras.saving.deserialize_keras_object(config).terms[1]
    assert (type(copy), copy.name, copy.probes) == (type(term), "p", term.probes)


@pytest.mark.parametrize("kind", [Contractive, DecoderGradient])
@pytest.mark.parametrize("probes", [0, -1, 2.0, "2", True])
def test_bad_numbers_of_probes_are_refused(refused, kind, probes):
    with refused(f"{kind.__name__}: probes, unless None, must be an integer >= 1"):
        kind(probes=probes)
