import math

import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv


def quantizer(sizes):
    return kv.FiniteScalarQuantizer((2, len(sizes)), sizes=sizes, project=False)


def test_the_codes_are_those_of_the_paper():
    """Its formulas for one number, by hand: h = 3.5 and 2 times 0.999, o = 1/2 for 8 values and 0 for 5."""
    posterior = kv.FiniteScalarQuantizer((3, 2), sizes=(8, 5), project=False).distribution(
        {"vectors": tf.constant([[[0.0, 0.0], [0.5, 0.5], [-9.0, 9.0]]])}
    )
    shift = math.tan(0.5 / 3.4965)
    even, odd = 3.4965 * math.tanh(0.5 + shift) - 0.5, 1.998 * math.tanh(0.5)  # 1.46 and 0.92
    assert np.allclose(posterior.vectors[0, 1], [even / 4, odd / 2], atol=1e-6)
    assert np.allclose(posterior.quantized[0], [[0, 0], [1 / 4, 1 / 2], [-1, 1]])
    assert posterior.indices.numpy().ravel().tolist() == [4 + 8 * 2, 5 + 8 * 3, 0 + 8 * 4]


@pytest.mark.parametrize("sizes", [(2,), (8, 5, 5), (7, 2, 4, 3)])
def test_each_index_is_one_vector_that_vectors_near_it_become(sizes):
    posterior, codes = quantizer(sizes), math.prod(sizes)
    assert posterior.codebook_size == codes
    indices = tf.range(codes)[:, None, None]
    vectors = posterior.embed(indices)
    assert len(np.unique(vectors, axis=0)) == codes
    noise = np.random.default_rng(0).uniform(-0.49, 0.49, vectors.shape).astype("float32")
    for near in (vectors, vectors + noise / (np.array(sizes, "float32") // 2)):
        found, (entries,) = posterior.quantize_vectors(near)
        assert np.array_equal(found, indices) and np.allclose(entries, vectors, atol=1e-6)
    # Every value can be reached: the features are unbounded, and their bounds are just beyond the outer values.
    features = tf.tile(tf.linspace(-20.0, 20.0, 4001)[:, None, None], [1, 1, len(sizes)])
    reached = posterior.distribution({"vectors": features}).quantized[:, 0].numpy()
    assert [len(np.unique(column)) for column in reached.T] == list(sizes)


def test_the_gradient_is_that_of_the_bound():
    posterior = quantizer((8, 5))
    features = tf.constant(np.random.default_rng(0).normal(size=(4, 2, 2)).astype("float32"))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        sample = posterior.distribution({"vectors": features}).sample(seed=(0, 1))
        bounded = posterior.bound(features)
    assert np.array_equal(sample, posterior.quantize_vectors(bounded)[1][0])
    assert np.array_equal(tape.gradient(sample, features), tape.gradient(bounded, features))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": (8, 5, 5)}, r"a size for each of the 2 numbers of a vector, got 3; give event_shape"),
        ({"sizes": (8, 1)}, "each of sizes must be an integer >= 2; got 1"),
        ({"sizes": 8}, "sizes must be a list of integers, such as"),
        ({"sizes": (5000, 5000)}, "expected at most 16777216 codes, got 25000000"),
        ({"sizes": (4, 3), "codebook_size": 13}, "codebook_size is 12 here and cannot be set; got 13"),
        ({"sizes": (4, 3), "levels": 2}, "levels is 1 here and cannot be set; got 2"),
    ],
)
def test_other_sizes_are_refused(options, message, refused):
    with refused(message):
        kv.FiniteScalarQuantizer((3, 2), **options)
