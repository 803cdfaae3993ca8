import numpy as np
import pytest
import tensorflow as tf

from keras_vae.distributions.categorical import Categorical

LEVELS = 5
GRID = np.linspace(0, 1, LEVELS, dtype="float32")
LOGITS = np.random.default_rng(0).normal(size=(2, LEVELS)).astype("float32")


def of(logits):
    return Categorical((1,), levels=np.shape(logits)[-1]).distribution({"logits": tf.constant(logits)[:, None]})


def test_the_log_probability_is_log_softmax_and_sums_to_one():
    log_prob = np.stack([of(LOGITS).log_prob(np.full((2, 1), value)) for value in GRID], axis=-1)
    assert np.allclose(log_prob, LOGITS - np.log(np.exp(LOGITS).sum(-1, keepdims=True)), atol=1e-5)
    assert np.allclose(np.exp(log_prob).sum(-1), 1, atol=1e-6)


def test_bytes_divided_by_255_are_on_the_grid():
    logits = np.random.default_rng(1).normal(size=(256, 256)).astype("float32")
    x = tf.cast(np.arange(256, dtype="uint8"), tf.float32)[:, None] / 255.0
    expected = np.diag(logits) - np.log(np.exp(logits).sum(-1))
    assert np.allclose(of(logits).log_prob(x), expected, atol=1e-4)


def test_the_mean_is_the_expected_value_and_samples_are_on_the_grid():
    probabilities = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
    assert np.allclose(of(LOGITS).mean()[:, 0], probabilities @ GRID, atol=1e-6)
    samples = of(LOGITS).sample(4000, seed=(1, 2)).numpy()[..., 0]
    assert set(np.unique(samples)) == set(GRID)
    frequencies = (samples[..., None] == GRID).mean(0)
    assert np.allclose(frequencies, probabilities, atol=0.04)


@pytest.mark.parametrize("x", [-0.2, 1.2])
def test_a_value_beyond_the_grid_is_impossible(x):
    assert np.isneginf(of(LOGITS).log_prob([[x]])).all()


def test_two_levels_are_a_bernoulli():
    difference = tf.constant([[0.7]])
    log_prob = of([[0.2, 0.9]]).log_prob([[1.0]])
    assert np.allclose(log_prob, tf.math.log_sigmoid(difference)[0], atol=1e-6)


def test_images_have_logits_for_each_pixel_and_channel():
    head = Categorical((4, 5, 3), levels=7)
    distribution = head.distribution(head(tf.random.stateless_normal((2, 4, 5, 6), (0, 1))))
    assert distribution.event_shape == (4, 5, 3)
    assert head(tf.ones((2, 4, 5, 6)))["logits"].shape == (2, 4, 5, 3, 7)
