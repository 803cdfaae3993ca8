import numpy as np
import tensorflow as tf

import keras_vae as kv


def test_bits_are_signs_and_each_index_is_one_vector():
    head = kv.LookupFreeQuantizer((2, 3), project=False)
    posterior = head.distribution({"vectors": tf.constant([[[-0.2, 3.0, 0.1], [0.4, -1.0, 0.0]]])})
    assert posterior.quantized.numpy().tolist() == [[[-1, 1, 1], [1, -1, -1]]]
    assert posterior.indices.numpy().ravel().tolist() == [2 + 4, 1]
    indices = tf.range(8)[:, None, None]
    vectors = head.embed(indices)
    assert len(np.unique(vectors, axis=0)) == 8 and np.array_equal(head.quantize_vectors(vectors)[0], indices)
    assert posterior[:1].bit_logits.shape == (1, 2, 3)


def test_the_gradient_is_that_of_the_features():
    head, features = kv.LookupFreeQuantizer((2, 3), project=False), tf.random.normal((4, 2, 3), seed=0)
    with tf.GradientTape() as tape:
        tape.watch(features)
        total = tf.reduce_sum(head.distribution({"vectors": features}).sample(seed=(0, 1)) * 3.0)
    assert np.array_equal(tape.gradient(total, features), tf.fill((4, 2, 3), 3.0))


def test_too_many_bits_are_refused(refused):
    with refused("expected at most 24 bits per code, got 25"):
        kv.LookupFreeQuantizer((2, 25))
    with refused("codebook_size is 8 here and cannot be set; got 16"):
        kv.LookupFreeQuantizer((2, 3), codebook_size=16)
