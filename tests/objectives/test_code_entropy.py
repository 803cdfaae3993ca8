import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import entr, softmax

import keras_vae as kv
from keras_vae.objectives.code_entropy import mean_of_codes


def trace_of(head, vectors):
    posterior = head.distribution({"vectors": tf.convert_to_tensor(vectors)})
    return kv.Trace(
        x=tf.zeros((len(vectors), 1)),
        latents=(kv.Latent(posterior, None, posterior.sample(1, seed=(0, 0))),),
        likelihood=None,
        step=tf.constant(0),
        seed=tf.constant([0, 0]),
        encode=None,
        decode=None,
        extras={},
    )


@pytest.mark.parametrize("bits", [1, 3, 4])
def test_it_equals_the_sums_over_all_codes(bits):
    """The softmax over the distances to all 2^d vectors, of the definition, in place of independent bits."""
    vectors = np.random.default_rng(bits).normal(size=(5, 2, bits)).astype("float32")
    head = kv.LookupFreeQuantizer((2, bits), temperature=1.5, project=False)
    codes = np.array(list(itertools.product([-1, 1], repeat=bits)))
    shares = softmax(-((vectors[..., None, :].astype("float64") - codes) ** 2).sum(-1) / 1.5, axis=-1)  # (5, 2, 2^d)
    of_examples, of_batch = entr(shares).sum((1, 2)), entr(shares.mean((0, 1))).sum()
    value = kv.CodeEntropy(diversity=0.7)(trace_of(head, vectors))
    assert np.allclose(value, of_examples - 0.7 * 2 * of_batch, rtol=1e-5)


def test_codes_that_are_sure_and_equally_frequent_have_the_least_value():
    head = kv.LookupFreeQuantizer((1, 3), project=False)
    vectors = 50.0 * head.embed(tf.range(8)[:, None, None])
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        value = kv.CodeEntropy()(trace_of(head, vectors))
    assert np.allclose(value, -3 * np.log(2), rtol=1e-5)
    assert np.isfinite(tape.gradient(value, vectors)).all()


def test_the_mean_of_codes_keeps_the_order_of_indices():
    head = kv.LookupFreeQuantizer((1, 5), project=False)
    indices = tf.constant([0, 9, 9, 30])[:, None, None]
    mean = mean_of_codes((head.embed(indices) + 1.0) / 2.0)
    assert np.allclose(mean, np.bincount([0, 9, 9, 30], minlength=32) / 4)


def test_another_posterior_is_refused(refused):
    with refused("CodeEntropy: expected the posterior LookupFreeQuantizer.* got Quantized; leave the term out"):
        kv.CodeEntropy()(
            trace_of(kv.FiniteScalarQuantizer((2, 2), sizes=(4, 3), project=False), np.zeros((2, 2, 2), "f"))
        )
