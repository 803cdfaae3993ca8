import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv

tfd = tfp.distributions
NORMAL = tfd.Independent(tfd.Normal(tf.constant([[1.0, -2.0], [0.0, 3.0], [5.0, 5.0]]), [0.5, 2.0]), 1)


def test_draws_have_the_moments_of_the_distribution():
    z = kv.Sampling()(distribution=NORMAL, samples=20_000, seed=tf.constant([1, 2]))
    assert z.shape == (20_000, 3, 2)
    assert np.allclose(tf.reduce_mean(z, 0), NORMAL.mean(), atol=0.06)
    assert np.allclose(tf.math.reduce_std(z, 0), NORMAL.stddev(), atol=0.06)


def test_gradients_flow_through_the_draw():
    loc, scale = tf.Variable([[0.5]]), tf.Variable([[2.0]])
    with tf.GradientTape() as tape:
        z = kv.Sampling()(distribution=tfd.Independent(tfd.Normal(loc, scale), 1), seed=tf.constant([1, 2]))
        total = tf.reduce_sum(z)
    by_loc, by_scale = tape.gradient(total, [loc, scale])
    assert np.allclose(by_loc, 1)
    assert np.allclose(by_scale, (z - loc) / scale)


def test_without_a_seed_every_call_draws_anew_and_the_layer_seed_repeats_the_sequence():
    one, other = kv.Sampling(seed=7), kv.Sampling(seed=7)
    draws = [one(distribution=NORMAL).numpy() for _ in range(2)]
    assert not np.array_equal(*draws)
    assert np.array_equal([other(distribution=NORMAL).numpy() for _ in range(2)], draws)


def test_a_seed_per_example_makes_draws_independent_of_the_rest_of_the_batch():
    seeds = tf.constant([[1, 1], [2, 2], [3, 3]])
    whole = kv.Sampling()(distribution=NORMAL, samples=4, seed=seeds)
    assert whole.shape == (4, 3, 2)
    for row in range(3):
        alone = kv.Sampling()(distribution=NORMAL[row : row + 1], samples=4, seed=seeds[row : row + 1])
        assert np.allclose(whole[:, row : row + 1], alone)


def test_each_seed_of_a_batch_has_noise_of_its_own():
    same = tfd.Independent(tfd.Normal(tf.zeros((3, 2)), 1.0), 1)
    one, other, again = tf.unstack(kv.Sampling()(distribution=same, seed=tf.constant([[1, 1], [2, 2], [1, 1]]))[0])
    assert np.array_equal(one, again) and not np.any(one == other)
