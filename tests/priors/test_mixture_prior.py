import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from keras_vae.priors.mixture_prior import MixturePrior


def moved(event_shape, components=3):
    """A mixture whose weights are not those of its start."""
    prior, random = MixturePrior(event_shape, components=components), np.random.default_rng(0)
    for weight in prior.trainable_weights:
        weight.assign(random.normal(size=weight.shape))
    return prior


@pytest.mark.parametrize("event_shape", [(2,), (2, 3)])
def test_the_log_density_is_that_of_the_components(event_shape):
    prior = moved(event_shape)
    z = np.random.default_rng(1).normal(size=(5, *event_shape))
    loc, scale = prior.loc.numpy(), np.log1p(np.exp(prior.raw_scale.numpy())) + prior.min_scale
    axes = tuple(range(2, 2 + len(event_shape)))
    each = stats.norm(loc, scale).logpdf(z[:, None]).sum(axes) + special.log_softmax(prior.logits.numpy())
    found = prior.distribution().log_prob(z.astype("float32"))
    np.testing.assert_allclose(found, special.logsumexp(each, axis=1), rtol=1e-4)
    compiled = tf.function(lambda z: prior.distribution().log_prob(z), jit_compile=True)
    np.testing.assert_allclose(compiled(z.astype("float32")), found, rtol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_the_draws_have_the_mean_and_the_variance(jit_compile):
    prior = moved((2,))
    z = tf.function(lambda: prior.distribution().sample(100_000, seed=(1, 2)), jit_compile=jit_compile)().numpy()
    np.testing.assert_allclose(z.mean(0), prior.distribution().mean(), atol=0.02)
    np.testing.assert_allclose(z.var(0), prior.distribution().variance(), rtol=0.03)


def test_it_starts_as_equal_normals_at_seeded_places():
    one, again, other = MixturePrior((20,)), MixturePrior((20,)), MixturePrior((20,), seed=1)
    assert np.array_equal(one.loc, again.loc) and not np.array_equal(one.loc, other.loc)
    assert np.std(one.loc) == pytest.approx(1, abs=0.2)
    np.testing.assert_allclose(one.distribution().components_distribution.distribution.scale, 1, atol=2e-3)
    np.testing.assert_allclose(one.distribution().mixture_distribution.probs_parameter(), 0.1, rtol=1e-5)


@pytest.mark.slow
def test_gradient_descent_finds_two_clusters():
    random = np.random.default_rng(0)
    z = np.concatenate([random.normal(-3, 0.5, (300, 1)), random.normal(2, 1.0, (100, 1))]).astype("float32")
    prior = MixturePrior((1,), components=2)
    optimizer = keras.optimizers.Adam(0.05)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(prior.distribution().log_prob(z))
        optimizer.apply(tape.gradient(loss, prior.trainable_variables), prior.trainable_variables)
        return loss

    for _ in range(300):
        loss = step()
    order = np.argsort(np.ravel(prior.loc))
    np.testing.assert_allclose(np.ravel(prior.loc)[order], [-3, 2], atol=0.2)
    np.testing.assert_allclose(special.softmax(prior.logits.numpy())[order], [0.75, 0.25], atol=0.03)
    truth = np.logaddexp(np.log(0.75) + stats.norm(-3, 0.5).logpdf(z), np.log(0.25) + stats.norm(2, 1).logpdf(z))
    assert float(loss) == pytest.approx(-truth.mean(), abs=0.03)


@pytest.mark.parametrize("options", [{"components": 0}, {"components": 2.5}, {"min_scale": 0}, {"seed": -1}])
def test_bad_numbers_are_refused(refused, options):
    with refused(f"{next(iter(options))} must be"):
        MixturePrior((2,), **options)
