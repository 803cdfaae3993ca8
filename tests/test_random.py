"""Noise is what it is said to be."""

import numpy as np
import tensorflow as tf
from scipy import stats

from keras_vae.random import noise_of


def test_noise_of_rows_is_independent_and_standard_normal():
    rows = np.random.default_rng(0).normal(size=(20_000, 3)).astype("float32")
    noise = noise_of(rows, 2, 4).numpy().transpose(1, 0, 2).reshape(20_000, 8)
    assert stats.kstest(noise[:, 0], "norm").pvalue > 1e-3 and stats.kstest(noise[:, 7], "norm").pvalue > 1e-3
    both = np.corrcoef(np.concatenate([noise, rows, noise**2], axis=1).T)
    assert np.abs(both - np.eye(len(both))).max() < 5 / np.sqrt(20_000)


def test_noise_of_a_row_hardly_moves_with_rounding_and_has_no_gradient():
    rows = tf.constant(np.random.default_rng(1).normal(size=(1000, 3)), tf.float32)
    moved = np.abs(noise_of(rows * (1 + 1e-7), 1, 2) - noise_of(rows, 1, 2))
    assert moved.max() < 1e-3
    with tf.GradientTape() as tape:
        tape.watch(rows)
        noise = noise_of(rows, 1, 2)
    assert tape.gradient(noise, rows) is None
