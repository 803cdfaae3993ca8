import numpy as np
import pytest
import tensorflow as tf

from keras_vae.networks.conv_critic import ConvCritic
from keras_vae.networks.critic import Critic


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def test_a_critic_is_numpys():
    critic = Critic((2, 3), (5,))
    x = np.random.default_rng(0).normal(size=(4, 2, 3)).astype("float32")
    hidden, last = critic.hidden[0].kernel.numpy(), critic.logits.kernel.numpy()
    features = leaky(x.reshape(4, 6) @ hidden)
    assert np.allclose(critic.features(x), features, atol=1e-5)
    assert np.allclose(critic(x), features @ last, atol=1e-5)


@pytest.mark.slow
def test_a_normalised_critic_has_slopes_of_at_most_one():
    critic = Critic((3,), (16, 16), spectral_normalization=True)
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    for _ in range(50):
        critic(x, training=True)
    with tf.GradientTape() as tape:
        x = tf.constant(x)
        tape.watch(x)
        logits = critic(x)
    slopes = tf.norm(tape.gradient(logits, x), axis=-1)
    assert 0 < float(tf.reduce_max(slopes)) <= 1.01


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 13, 3), (28, 20, 2)])
def test_images_of_any_size_are_judged_whole_or_by_patches(shape):
    x = np.zeros((2, *shape), "float32")
    map_shape = (-(-shape[0] // 4), -(-shape[1] // 4))
    critic, patches = (ConvCritic(shape, (3, 4), patch=patch) for patch in (False, True))
    assert critic(x).shape == (2, 1)
    assert patches(x).shape == (2, *map_shape, 1)
    assert critic.features(x).shape == patches.features(x).shape == (2, *map_shape, 4)


def test_logits_are_linear_in_the_features():
    critic = ConvCritic((9, 9, 1), (3, 4))
    x = np.random.default_rng(0).random((2, 9, 9, 1), "float32")
    features = critic.features(x).numpy().reshape(2, -1)
    assert np.allclose(critic(x), features @ critic.logits.kernel.numpy(), atol=1e-5)


@pytest.mark.parametrize(("antialias", "side"), [(False, 46), (True, 53)])
def test_a_patch_has_the_documented_side(antialias, side):
    critic = ConvCritic((96, 96, 1), (2, 2, 2), patch=True, antialias=antialias)
    x = tf.random.stateless_normal((1, 96, 96, 1), (0, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        logit = critic(x)[0, 6, 6, 0]
    rows, columns = np.nonzero(tape.gradient(logit, x)[0, :, :, 0])
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == side


@pytest.mark.parametrize("patch", [False, True])
def test_its_gradient_has_no_grid(patch):
    def grid(antialias):
        critic = ConvCritic((64, 64, 1), (4, 8), patch=patch, antialias=antialias, activation="linear")
        x = tf.zeros((1, 64, 64, 1))
        with tf.GradientTape() as tape:
            tape.watch(x)
            features = tf.reduce_sum(critic.features(x))
        inner = tape.gradient(features, x)[0, 16:48, 16:48, 0].numpy()
        board = (-1.0) ** np.indices(inner.shape)
        return max(abs(np.sum(inner * axis)) for axis in (*board, board[0] * board[1])) / np.sum(abs(inner))

    assert grid(antialias=True) < 1e-5 < 0.01 < grid(antialias=False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Critic((3,), 5), "Critic: units must be a sequence of integers"),
        (lambda: Critic((3,), (5, -1)), "Critic: units: each must be an integer >= 1; got -1"),
        (lambda: Critic((3,), spectral_normalization=1), "spectral_normalization: expected True or False, got 1"),
        (lambda: ConvCritic((4, 4, 1)), "ConvCritic: expected images .* of at least 8x8"),
        (lambda: ConvCritic((8, 8, 1), ()), "ConvCritic: filters must be one or more"),
        (lambda: ConvCritic((8, 8, 1), kernel_size=0), "ConvCritic: kernel_size must be an integer >= 1"),
    ],
)
def test_bad_input_is_refused(make, message, refused):
    with refused(message):
        make()
