import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv

tfd = tfp.distributions
SIDES = [
    kv.CodeAdversarial,
    kv.CodeCritic,
    kv.DensityRatio,
    kv.PermutationCritic,
    kv.DataAdversarial,
    kv.DataCritic,
    kv.FeatureSimilarity,
]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


class Judge:
    """A critic that is a function, and remembers what it was shown."""

    def __init__(self, logits, features=None):
        self.logits, self.features, self.shown, self.training = logits, features, [], None

    def __call__(self, x, training):
        self.training = training
        self.shown.append(x)
        return self.logits(x)


def trace_of(z, critic, *, x=None, seed=0, training=True):
    """Codes z, data x ~ N(2 z, 1), a standard normal prior and a critic."""
    z = tf.convert_to_tensor(z, tf.float32)
    posterior = tfd.Independent(tfd.Normal(z, 1.0), z.shape.rank - 1)
    return kv.Trace(
        x=2 * z if x is None else tf.convert_to_tensor(x, tf.float32),
        latents=(kv.Latent(posterior, kv.StandardNormalPrior(tuple(z.shape[1:])).distribution(), z[tf.newaxis]),),
        likelihood=tfd.Independent(tfd.Normal(2 * z[tf.newaxis], 1.0), z.shape.rank - 1),
        step=tf.constant(0),
        seed=tf.constant([seed, 7]),
        encode=None,
        decode=lambda z: tfd.Independent(tfd.Normal(2 * z, 1.0), 1),
        extras={},
        critic=critic,
        training=training,
    )


def undecided(x):
    return tf.zeros((tf.shape(x)[0], 1))


def first(x):
    return x[:, :1]


def cross_entropy(real, fake):
    return np.logaddexp(0, -real) + np.logaddexp(0, fake)


@pytest.mark.parametrize(
    ("term", "value"),
    [
        (kv.CodeCritic(), 2 * math.log(2)),
        (kv.PermutationCritic(), 2 * math.log(2)),
        (kv.DataCritic(), 2 * math.log(2)),
        (kv.DataCritic(from_prior=False), 2 * math.log(2)),
        (kv.CodeAdversarial(), math.log(2)),
        (kv.DataAdversarial(), 2 * math.log(2)),
        (kv.DataAdversarial(from_prior=False), math.log(2)),
        (kv.DataCritic(loss="hinge"), 2.0),
        (kv.DataAdversarial(loss="hinge"), 0.0),
        (kv.DensityRatio(), 0.0),
    ],
)
def test_the_value_of_a_critic_that_cannot_tell(term, value):
    values = term(trace_of(normal(6, 2), Judge(undecided)))
    assert values.shape == (6,) and np.allclose(values, value, rtol=1e-6)


def test_the_critics_cross_entropy():
    z = normal(50, 2)
    judge = Judge(first)
    values = kv.CodeCritic()(trace_of(z, judge))
    real, fake = judge.shown
    assert np.array_equal(fake, z)
    assert np.allclose(values, cross_entropy(real[:, 0], z[:, 0]), rtol=1e-5)
    assert np.allclose(kv.CodeAdversarial()(trace_of(z, judge)), np.logaddexp(0, -z[:, 0]), rtol=1e-5)


def test_the_real_codes_are_new_draws_from_the_prior():
    judge = Judge(first)
    for seed in (0, 1, 0):
        kv.CodeCritic()(trace_of(normal(5000, 2) + 4, judge, seed=seed))
    one, other, same = judge.shown[::2]
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert np.allclose(np.mean(one, axis=0), 0, atol=0.06) and np.allclose(np.std(one, axis=0), 1, atol=0.05)


def test_the_optimal_critic_of_codes_reaches_the_divergence():
    loc = 1.5  # aggregate posterior N(loc, 1) against the prior N(0, 1): the optimum is 2 log 2 - 2 JS
    n = 200_000
    z = normal(n, 1) + loc
    optimal = Judge(lambda z: loc**2 / 2 - loc * z)  # log p(z) / q(z)
    at_optimum = float(tf.reduce_mean(kv.CodeCritic()(trace_of(z, optimal))))
    grid = np.linspace(-9, 11, 20_001)
    p, q = (np.exp(-((grid - own) ** 2) / 2) / np.sqrt(2 * np.pi) for own in (0, loc))
    js = np.sum(p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))) * (grid[1] - grid[0]) / 2
    assert at_optimum == pytest.approx(2 * math.log(2) - 2 * js, abs=0.01)
    for slope in (0.7, 1.4):
        other = Judge(lambda z, slope=slope: slope * (loc**2 / 2 - loc * z))
        assert float(tf.reduce_mean(kv.CodeCritic()(trace_of(z, other)))) > at_optimum


@pytest.mark.parametrize("shape", [(40, 5), (40, 2, 3)], ids=["vectors", "maps"])
def test_a_permutation_keeps_the_numbers_of_each_dimension(shape):
    judge, z = Judge(lambda x: tf.reshape(x, (tf.shape(x)[0], -1))), normal(*shape)
    kv.PermutationCritic()(trace_of(z, judge))
    joint, permuted = judge.shown
    assert np.array_equal(joint, z) and permuted.shape == shape
    assert np.array_equal(np.sort(permuted, axis=0), np.sort(z, axis=0))
    orders = {tuple(np.argsort(column)) for column in np.reshape(permuted, (40, -1)).T}
    assert len(orders) == math.prod(shape[1:])


def test_a_permutation_breaks_dependence():
    judge, one = Judge(first), normal(4000, 1)
    z = np.concatenate([one, one + 0.1 * normal(4000, 1, seed=1), -one], axis=1)
    for seed in (0, 1, 0):
        kv.PermutationCritic()(trace_of(z, judge, seed=seed))
    permuted, other, same = judge.shown[1::2]
    assert np.array_equal(permuted, same) and not np.array_equal(permuted, other)
    assert np.abs(np.corrcoef(z.T)).min() > 0.9
    correlations = np.corrcoef(np.transpose(permuted)) - np.eye(3)
    assert np.abs(correlations).max() < 4 / np.sqrt(4000)


def test_the_density_ratio_is_the_total_correlation_at_the_optimal_critic():
    rho, n = 0.8, 100_000
    noise = normal(n, 2)
    z = np.stack([noise[:, 0], rho * noise[:, 0] + math.sqrt(1 - rho**2) * noise[:, 1]], axis=1)

    def log_ratio(z):
        a, b = z[:, :1], z[:, 1:]
        square = (a**2 - 2 * rho * a * b + b**2) / (1 - rho**2)
        return -0.5 * (square - a**2 - b**2) - 0.5 * math.log(1 - rho**2)

    values = kv.DensityRatio()(trace_of(z, Judge(log_ratio)))
    error = 4 * np.std(values) / np.sqrt(n)
    assert abs(np.mean(values) + 0.5 * math.log(1 - rho**2)) < error < 0.02
    best = float(tf.reduce_mean(kv.PermutationCritic()(trace_of(z, Judge(log_ratio)))))
    for slope in (0.7, 1.4):
        other = Judge(lambda z, slope=slope: slope * log_ratio(z))
        assert float(tf.reduce_mean(kv.PermutationCritic()(trace_of(z, other)))) > best + 1e-3


def test_the_hinge_is_flat_beyond_its_margin():
    term = kv.DataCritic(loss="hinge", from_prior=False)
    x, z = np.array([[-2.0, 0], [0.5, 0], [3.0, 0]]), np.array([[-1.5, 0], [0.25, 0], [1.0, 0]])
    values = term(trace_of(z, Judge(first), x=x))  # the critic sees x and 2 z
    assert np.allclose(values, [3 + 0, 0.5 + 1.5, 0 + 3])
    assert np.allclose(kv.DataAdversarial(loss="hinge", from_prior=False)(trace_of(z, Judge(first))), -2 * z[:, 0])


def test_reconstructions_and_samples_count_alike():
    z, judge = normal(20_000, 2) + 1, Judge(first)
    values = kv.DataCritic()(trace_of(z, judge))
    shown = sorted(judge.shown, key=lambda x: float(tf.reduce_mean(x)))
    generated, others = shown[0][:, 0], shown[1:]
    assert all(np.allclose(other, 2 * z) for other in others)
    assert np.std(generated) == pytest.approx(2, rel=0.03) and np.mean(generated) == pytest.approx(0, abs=0.06)
    expected = np.logaddexp(0, -2 * z[:, 0]) + (np.logaddexp(0, 2 * z[:, 0]) + np.logaddexp(0, generated)) / 2
    assert np.allclose(values, expected, rtol=1e-5)


def test_a_critic_of_patches_counts_by_the_mean_of_its_logits():
    patches = Judge(lambda x: tf.stack([x, 3 * x], axis=1)[..., None])  # (B, 2, 2, 1)
    single = Judge(lambda x: 2 * tf.reduce_mean(x, axis=1, keepdims=True))
    z = normal(6, 2)
    for term in (kv.DataCritic(loss="hinge"), kv.DataAdversarial(), kv.DensityRatio()):
        assert np.allclose(term(trace_of(z, patches)), term(trace_of(z, single)), rtol=1e-5)


def test_the_similarity_is_the_gaussian_likelihood_of_the_features():
    weights, x, z = normal(2, 5), normal(6, 2, seed=1), normal(6, 2, seed=2)
    judge = Judge(first, features=lambda x: tf.tanh(x @ weights))
    real, fake = np.tanh(x @ weights), np.tanh(2 * z @ weights)
    expected = 0.5 * ((real - fake) ** 2).sum(1) + 2.5 * math.log(2 * math.pi)
    assert np.allclose(kv.FeatureSimilarity()(trace_of(z, judge, x=x)), expected, rtol=1e-5)
    assert np.allclose(kv.FeatureSimilarity()(trace_of(z, judge)), 2.5 * math.log(2 * math.pi))


@pytest.mark.parametrize("term", [kv.CodeCritic(), kv.PermutationCritic(), kv.DataCritic()])
def test_no_gradient_of_the_critics_side_reaches_the_codes(term):
    z, slope = tf.constant(normal(6, 2)), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        tape.watch(z)
        x = tf.constant(normal(6, 2, seed=1))
        loss = tf.reduce_sum(term(trace_of(z, Judge(lambda x: slope * x[:, :1]), x=x)))
    to_codes, to_critic = tape.gradient(loss, [z, slope])
    assert to_codes is None or not np.any(to_codes)
    assert abs(to_critic) > 1e-3


@pytest.mark.parametrize("training", [False, True])
def test_the_critic_is_told_whether_it_is_trained(training):
    judge = Judge(first)
    for term in (kv.CodeCritic(), kv.CodeAdversarial(), kv.DataCritic()):
        term(trace_of(normal(6, 2), judge, training=training))
        assert judge.training is training


@pytest.mark.slow
@pytest.mark.parametrize("kind", SIDES)
def test_xla_equals_graph_mode(kind):
    z, weights = tf.constant(normal(6, 2)), normal(2, 3)
    judge = Judge(lambda x: tf.reduce_sum(tf.tanh(x), axis=1, keepdims=True), features=lambda x: tf.tanh(x @ weights))
    term = kind(from_prior=False) if kind in (kv.DataAdversarial, kv.DataCritic) else kind()
    value = lambda z: term(trace_of(z, judge, x=z))  # noqa: E731
    graph, xla = tf.function(value)(z), tf.function(value, jit_compile=True)(z)
    if kind in (kv.CodeCritic, kv.PermutationCritic):  # XLA draws other noise
        assert graph.shape == xla.shape and np.isfinite(xla).all()
    else:
        assert np.allclose(graph, xla, rtol=1e-5)


@pytest.mark.parametrize("kind", [kv.DataAdversarial, kv.DataCritic])
def test_another_loss_is_refused(kind, refused):
    with refused(f"{kind.__name__}: loss must be 'logistic' or 'hinge'; got 'wasserstein'"):
        kind(loss="wasserstein")
