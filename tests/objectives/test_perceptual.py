import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv

tfd = tfp.distributions
SHAPE = (32, 32, 1)
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def term():
    keras.utils.set_random_seed(0)
    return kv.Perceptual(SHAPE, layers=("block1_conv2", "block2_conv2"), weights=None)


def trace_of(x, mean):
    likelihood = tfd.Independent(tfd.Normal(tf.constant(mean)[None], 1.0), 3)
    return kv.Trace(tf.constant(x), (), likelihood, 0, tf.constant([0, 0]), None, None, {})


@pytest.mark.slow
def test_it_is_zero_for_equal_images_and_grows_with_noise(term):
    x = RNG.random((3, *SHAPE), "float32")
    noise = RNG.normal(size=x.shape).astype("float32")
    values = [term(trace_of(x, x + amount * noise)).numpy() for amount in (0.0, 0.05, 0.5)]
    assert np.allclose(values[0], 0, atol=1e-6)
    assert (values[0] < values[1]).all() and (values[1] < values[2]).all() and (values[2] <= 8).all()


@pytest.mark.slow
def test_its_gradient_reaches_the_image_and_not_the_network(term):
    x = RNG.random((2, *SHAPE), "float32")
    made = tf.Variable(RNG.random((2, *SHAPE), "float32"))
    with tf.GradientTape() as tape:
        likelihood = tfd.Independent(tfd.Normal(made[None], 1.0), 3)
        loss = tf.reduce_sum(term(trace_of(x, x).replace(likelihood=likelihood)))
    gradient = tape.gradient(loss, made)
    assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0
    encoder, decoder = kv.make_networks("conv", SHAPE, 2, filters=(4, 4), units=8)
    model = kv.Autoencoder(encoder, decoder, objective=kv.NLL() + kv.KL() + 10.0 * term, seed=0)
    model.compile(jit_compile=False)
    assert len(model.trainable_variables) == len(encoder.weights) + len(decoder.weights) + 4
    before = [weight.numpy() for weight in term._encoder.weights]
    history = model.fit(x, verbose=0).history
    assert np.isfinite(history["perceptual"]).all()
    for own, kept in zip(term._encoder.weights, before, strict=True):
        assert np.array_equal(own, kept)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"layers": ("block9",)}, "Perceptual: layers must be names of layers of VGG16"),
        ({"layers": ()}, "Perceptual: layers must be names"),
        ({"backbone": "VGG61"}, "Unknown backbone 'VGG61': did you mean 'VGG"),
    ],
    ids=str,
)
def test_bad_input(refused, options, match):
    with refused(match):
        kv.Perceptual(SHAPE, **{"weights": None, **options})
