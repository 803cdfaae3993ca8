import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax

from keras_vae.priors.categorical_prior import CategoricalPrior


@pytest.mark.parametrize("learned", [True, False])
def test_at_the_start_all_codes_are_alike(learned):
    prior = CategoricalPrior((3, 2), categories=5, learned=learned)
    codes = tf.random.stateless_uniform((7, 4, 3, 2), (0, 1), maxval=5, dtype=tf.int32)
    distribution = prior.distribution()
    assert (distribution.dtype, distribution.batch_shape, distribution.event_shape) == (tf.int32, (), (3, 2))
    assert distribution.log_prob(codes).shape == (7, 4)
    assert np.allclose(distribution.log_prob(codes), -6 * np.log(5), rtol=1e-5)
    assert len(prior.trainable_weights) == learned


def test_the_log_probability_is_the_sum_over_positions_and_draws_follow_it():
    prior = CategoricalPrior((2, 3), categories=4)
    logits = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    prior.logits.assign(logits)
    codes = np.random.default_rng(1).integers(0, 4, (9, 2, 3))
    chosen = np.take_along_axis(log_softmax(logits, axis=-1)[None], codes[..., None], axis=-1)
    assert np.allclose(prior.distribution().log_prob(codes), chosen.sum(axis=(1, 2, 3)), rtol=1e-4)
    draws = prior.distribution().sample(20_000, seed=(0, 1))
    frequencies = tf.reduce_mean(tf.one_hot(draws, 4), axis=0)
    assert np.allclose(frequencies, np.exp(log_softmax(logits, axis=-1)), atol=0.015)


def test_it_learns_the_frequencies_under_xla():
    prior = CategoricalPrior((1,), categories=3)
    codes = tf.constant([[0], [0], [0], [1]])

    @tf.function(jit_compile=True)
    def gradient():
        with tf.GradientTape() as tape:
            nats = -tf.reduce_mean(prior.distribution().log_prob(codes))
        return tape.gradient(nats, prior.logits.value)

    assert np.allclose(gradient(), [[1 / 3 - 3 / 4, 1 / 3 - 1 / 4, 1 / 3]], atol=1e-6)


@pytest.mark.parametrize("categories", [1, 0, 2.5, None])
def test_bad_input_is_refused(categories, refused):
    with refused("categories must be an integer >= 2"):
        CategoricalPrior((2,), categories=categories)
