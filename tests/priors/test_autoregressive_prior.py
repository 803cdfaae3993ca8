import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_vae.priors.autoregressive_prior import AutoregressivePrior

SMALL = {"layers": 2, "filters": 8, "kernel_size": 3}


def strong(event_shape, categories):
    """A prior whose codes depend strongly on each other."""
    prior = AutoregressivePrior(event_shape, categories=categories, seed=0, **SMALL)
    for weight in prior.trainable_weights:
        weight.assign(2.0 * weight)
    return prior


def all_codes(event_shape, categories):
    codes = itertools.product(range(categories), repeat=int(np.prod(event_shape)))
    return np.array(list(codes), "int32").reshape(-1, *event_shape)


@pytest.mark.parametrize(
    ("event_shape", "categories"),
    [((2, 2), 2), ((3,), 3), ((1, 3), 3), ((3, 1), 3), ((2, 1, 2), 3), ((1, 2, 2), 3), ((1, 1, 3), 3)],
    ids=str,
)
def test_probabilities_add_up_to_one(event_shape, categories):
    codes = all_codes(event_shape, categories)
    log_prob = strong(event_shape, categories).distribution().log_prob(codes)
    assert log_prob.shape == (len(codes),)
    assert np.isclose(tf.reduce_sum(tf.exp(log_prob)), 1, atol=1e-4)
    assert np.std(log_prob) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_draws_are_as_frequent_as_their_probability_says(jit_compile):
    prior, codes, n = strong((2, 2), 2), all_codes((2, 2), 2), 8000
    draw = tf.function(lambda seed: prior.distribution().sample(n, seed=seed), jit_compile=jit_compile)
    draws = draw(tf.constant([3, 4])).numpy()
    assert draws.dtype == np.int32 and draws.shape == (n, 2, 2)
    counts = (draws[:, None] == codes).all(axis=(2, 3)).sum(axis=0)
    expected = n * tf.exp(prior.distribution().log_prob(codes)).numpy()
    often = expected > 5
    assert often.sum() > 8
    assert ((counts - expected)[often] ** 2 / expected[often]).sum() < stats.chi2.isf(1e-4, often.sum())


def test_batches_of_any_shape_and_codes_in_floats_are_evaluated():
    distribution = strong((3, 2), 4).distribution()
    codes = tf.random.stateless_uniform((5, 2, 3, 2), (0, 1), maxval=4, dtype=tf.int32)
    log_prob = distribution.log_prob(codes)
    assert log_prob.shape == (5, 2) and distribution.batch_shape == ()
    assert np.allclose(log_prob[4, 1], distribution.log_prob(codes[4, 1]), rtol=1e-5)
    assert np.array_equal(log_prob, distribution.log_prob(tf.cast(codes, tf.float32)))


@pytest.mark.slow
def test_it_is_the_same_under_xla():
    prior = strong((3, 2), 4)
    codes = prior.distribution().sample(6, seed=(0, 1))
    log_prob = tf.function(lambda codes: prior.distribution().log_prob(codes), jit_compile=True)(codes)
    assert np.allclose(log_prob, prior.distribution().log_prob(codes), rtol=1e-4)


@pytest.mark.slow
def test_a_seed_per_draw_gives_each_draw_its_own():
    prior = AutoregressivePrior((3,), categories=3, layers=1, filters=4, seed=0)
    seeds = tf.constant([[1, 2], [3, 4], [5, 6]])
    draw = lambda seed: prior.distribution().sample(seed=seed)  # noqa: E731
    draws = tf.vectorized_map(draw, seeds, warn=False)
    assert np.array_equal(draws, [draw(seed) for seed in seeds])


def test_every_weight_has_a_gradient():
    prior = AutoregressivePrior((3, 3), categories=3, seed=0, **SMALL)
    with tf.GradientTape() as tape:
        codes = tf.random.stateless_uniform((16, 3, 3), (0, 1), maxval=3, dtype=tf.int32)
        loss = -tf.reduce_mean(prior.distribution().log_prob(codes))
    for weight, gradient in zip(prior.weights, tape.gradient(loss, prior.trainable_weights), strict=True):
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, weight.path


def chains(n, *, seed, length=5, categories=4, stay=0.9):
    """Codes that stay what they were with probability `stay`, else are drawn anew; their entropy in nats."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, categories, (n, length))
    for i in range(1, length):
        codes[:, i] = np.where(random.random(n) < stay, codes[:, i - 1], codes[:, i])
    same, other = stay + (1 - stay) / categories, (1 - stay) / categories
    step = -same * np.log(same) - (categories - 1) * other * np.log(other)
    return codes, np.log(categories) + (length - 1) * step


@pytest.mark.slow
def test_fit_finds_the_entropy_of_a_chain_and_beats_independent_codes():
    codes, entropy = chains(2000, seed=0)
    prior = AutoregressivePrior.fit(codes, categories=4, epochs=8, learning_rate=1e-2, verbose=0, **SMALL)
    nats = -np.mean(prior.distribution().log_prob(chains(4000, seed=1)[0]))
    assert entropy - 0.1 < nats < entropy + 0.15
    assert nats < 5 * np.log(4) - 1  # the independent codes' nats


@pytest.mark.slow
def test_equal_fits_give_equal_priors():
    codes, _ = chains(100, seed=0, length=2)
    options = {"categories": 4, "epochs": 1, "layers": 1, "filters": 4, "verbose": 0}
    one, same, other = (AutoregressivePrior.fit(codes, seed=seed, **options) for seed in (1, 1, 2))
    for own, equal in zip(one.get_weights(), same.get_weights(), strict=True):
        assert np.array_equal(own, equal)
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


@pytest.mark.slow
def test_it_survives_its_configuration():
    prior = strong((3, 2, 2), 4)
    copy = AutoregressivePrior.from_config(prior.get_config())
    copy.set_weights(prior.get_weights())
    assert copy.get_config() == prior.get_config()
    codes = prior.distribution().sample(3, seed=(0, 1))
    assert np.array_equal(copy.distribution().log_prob(codes), prior.distribution().log_prob(codes))
    assert np.array_equal(copy.distribution().sample(3, seed=(0, 1)), codes)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"event_shape": (2, 2, 2, 2)}, r"\(n,\), \(h, w\)"),
        ({"event_shape": (1, 1)}, "two codes or more"),
        ({"categories": 1}, "categories"),
        ({"layers": 0}, "layers"),
        ({"filters": 0}, "filters"),
        ({"kernel_size": 4}, "kernel_size"),
        ({"seed": 0.5}, "seed"),
    ],
    ids=str,
)
def test_bad_input_is_refused(arguments, match, refused):
    with refused(match):
        AutoregressivePrior(**{"event_shape": (4, 4), "categories": 3, **arguments})


@pytest.mark.parametrize("codes", [[[0, 5]] * 4, [[-1, 0]] * 4, [[0.5, 1]] * 4], ids=["above", "below", "fractions"])
def test_foreign_codes_are_refused(codes, refused):
    with refused("integers from 0 to 4"):
        AutoregressivePrior.fit(codes, categories=5, verbose=0, **SMALL)
