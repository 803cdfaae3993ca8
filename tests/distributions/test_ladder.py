import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

import keras_vae as kv
from keras_vae.distributions import SpatialLadder
from keras_vae.distributions.ladder import MERGES
from keras_vae.random import as_seed

tfd = tfp.distributions
LEVELS = (2, 3, 1)


SPATIAL = {"grid": (3, 2), "blocks": (1, 2), "channels": 1, "filters": 4}  # maps of 2x1, 3x2 and 3x2


@pytest.fixture(params=MERGES)
def merge(request):
    return request.param


@pytest.fixture(params=(*MERGES, "spatial"))
def kind(request):
    return request.param


def new_head(kind, **options):
    if kind == "spatial":
        return SpatialLadder((14,), **SPATIAL, **options)
    return kv.Ladder((6,), **{"levels": LEVELS, "merge": kind, "units": 8, **options})


def ladder(kind="precision", **options):
    """A ladder of three levels whose layers are far from their start."""
    keras.utils.set_random_seed(0)
    head = new_head(kind, **options)
    head.build((None, *features_shape(head)))
    random = np.random.default_rng(0)
    for weight in head.weights:
        weight.assign(random.normal(size=weight.shape) * 0.3)
    return head


def features_shape(head):
    return (3, 2, 5) if isinstance(head, SpatialLadder) else (7,)


def posterior_of(head, rows=5):
    return head.distribution(head(tf.random.stateless_normal((rows, *features_shape(head)), (0, 1))))


def prior_of(head):
    return head.latent_prior(kv.StandardNormalPrior(head.prior_shape).distribution())


def swish(x):
    return x / (1 + np.exp(-x))


def dense(layer, x):
    return x @ layer.kernel.numpy() + layer.bias.numpy()


def halves(x):
    loc, raw = np.split(x, 2, axis=-1)
    return loc, np.logaddexp(0, raw + 0.5413) + 1e-4


def by_hand(head, features, z):
    """(loc, scale) of the posterior and of the prior of each level below the top, at the levels `z`, in NumPy."""
    up, ups = features, {}
    for level in (2, 1, 0):
        up = ups[level] = swish(dense(head._up[level], up))
    posterior, prior = [halves(dense(head._posteriors[0], ups[0]))], [(np.zeros(2), np.ones(2))]
    path = swish(dense(head._down[0], z[0]))
    for level in (1, 2):
        if level == 2:
            step = swish(dense(head._down[1], np.concatenate([path, z[1]], axis=-1)))
            path = path + step if head.merge == "residual" else step
        own = halves(dense(head._priors[level - 1], path))
        prior.append(own)
        if head.merge == "precision":
            loc, scale = halves(dense(head._posteriors[level], ups[level]))
            product = 1 / (1 / scale**2 + 1 / own[1] ** 2)
            posterior.append((product * (loc / scale**2 + own[0] / own[1] ** 2), np.sqrt(product)))
            continue
        loc, scale = halves(dense(head._posteriors[level], np.concatenate([ups[level], path], axis=-1)))
        relative = (own[0] + own[1] * loc, own[1] * scale)
        posterior.append(relative if head.merge == "residual" else (loc, scale))
    return posterior, prior


def test_the_joint_density_is_the_product_of_the_conditionals(merge):
    head, features = ladder(merge), np.random.default_rng(1).normal(size=(5, 7)).astype("float32")
    z = np.random.default_rng(2).normal(size=(5, 6)).astype("float32")
    levels = np.split(z, [2, 5], axis=-1)
    posterior, prior = by_hand(head, features, levels)
    for distribution, parameters in ((head.distribution(head(features)), posterior), (prior_of(head), prior)):
        expected = sum(stats.norm(*own).logpdf(level).sum(-1) for own, level in zip(parameters, levels, strict=True))
        assert np.allclose(distribution.log_prob(z), expected, rtol=1e-4, atol=1e-4)


def test_the_density_takes_any_leading_axes(kind):
    posterior = posterior_of(ladder(kind))
    z = posterior.sample((4, 3), seed=(0, 1))
    assert z.shape == (4, 3, 5, *posterior.event_shape)
    log_prob = posterior.log_prob(z)
    assert log_prob.shape == (4, 3, 5)
    assert np.allclose(log_prob[2, 1], posterior.log_prob(z[2, 1]), rtol=1e-4)


def test_draws_follow_the_density(kind):
    head = ladder(kind)
    prior, posterior = prior_of(head), posterior_of(head, rows=1)
    z = posterior.sample(40_000, seed=(0, 1))
    ratio = tf.exp(prior.log_prob(z) - posterior.log_prob(z))
    share = float(
        tf.reduce_mean(tf.minimum(ratio, 1.0))
    )  # E_q[min(1, p / q)] = 1 - total variation = E_p[min(1, q / p)]
    other = prior.sample(40_000, seed=(0, 2))[:, None]
    back = float(tf.reduce_mean(tf.minimum(tf.exp(posterior.log_prob(other) - prior.log_prob(other)), 1.0)))
    assert share == pytest.approx(back, abs=0.015) and 0 < share < 1


def test_the_top_is_drawn_from_the_prior_given():
    head = ladder()
    top = tfd.Independent(tfd.Normal([3.0, -2.0], [0.1, 2.0]), 1)
    draws = head.latent_prior(top).sample(20_000, seed=(0, 1)).numpy()[:, :2]
    assert np.allclose(draws.mean(0), [3, -2], atol=0.06) and np.allclose(draws.std(0), [0.1, 2], rtol=0.03)


def test_precisions_and_precision_weighted_means_add_up():
    head = ladder("precision")
    up = tf.random.stateless_normal((5, 8), (0, 1))
    above = [tf.random.stateless_normal((5, 2), (0, 2))]
    state = head.advance(0, head.start(), above[0])
    merged = head.posterior_of_level(1, state, {"up_1": up})
    prior = head.prior_of_level(1, state)
    loc, scale = halves(dense(head._posteriors[1], up.numpy()))
    z = np.random.default_rng(0).normal(size=(2, 5, 3))
    product = stats.norm(loc, scale).logpdf(z).sum(-1) + prior.log_prob(z.astype("float32")).numpy()
    difference = merged.log_prob(z.astype("float32")).numpy() - product
    assert np.allclose(difference[0], difference[1], atol=1e-3)  # proportional: a constant for each example
    assert np.all(merged.stddev() < np.minimum(scale, prior.stddev()))


@pytest.mark.parametrize("kind", ["residual", "spatial"])
def test_a_residual_of_zero_is_the_prior(kind):
    head = ladder(kind)
    for layer in head._posteriors[1:]:
        for weight in layer.weights:
            weight.assign(tf.zeros_like(weight))
    z = tf.random.stateless_normal((5, *head.event_shape), (0, 3))
    pairs = list(zip(posterior_of(head).along(z), prior_of(head).along(z), strict=True))[1:]
    for posterior, prior in pairs:
        assert np.allclose(posterior.mean(), prior.mean(), atol=1e-5)
        assert np.allclose(posterior.stddev(), prior.stddev(), rtol=2e-4)


def trace_of(head, samples, rows=5):
    posterior = posterior_of(head, rows)
    z = posterior.sample(samples, seed=(3, 4))
    return kv.Trace(
        x=tf.zeros((rows, 1)),
        latents=head.latents(posterior, prior_of(head), z),
        likelihood=None,
        step=tf.constant(0),
        seed=tf.constant([0, 0]),
        encode=None,
        decode=None,
        extras={},
    ), posterior.log_prob(z) - prior_of(head).log_prob(z)


@pytest.mark.slow
def test_the_kl_adds_up_over_the_levels_and_agrees_with_monte_carlo(kind):
    head = ladder(kind)
    trace, ratio = trace_of(head, 20_000)
    analytic, drawn = kv.KL()(trace), kv.KL(estimator="monte_carlo")(trace)
    assert np.allclose(drawn, tf.reduce_mean(ratio, axis=0), rtol=1e-4)
    error = 4 * np.std(ratio, axis=0) / np.sqrt(20_000)
    assert (np.abs(analytic - drawn) < error).all()
    assert tuple(latent.sample.shape[-1] for latent in trace.latents) == head.levels


def test_without_a_prior_the_levels_have_none():
    head = ladder()
    posterior = posterior_of(head)
    assert [latent.prior for latent in head.latents(posterior, None, posterior.sample(1, seed=(0, 1)))] == [None] * 3


def test_rows_are_those_of_the_whole(kind):
    posterior = posterior_of(ladder(kind))
    n = posterior.event_shape[0]
    row, z = posterior[2:4], tf.random.stateless_normal((2, n), (0, 1))
    whole = tf.concat([tf.zeros((2, n)), z, tf.zeros((1, n))], axis=0)
    assert row.batch_shape == (2,)
    assert np.allclose(row.log_prob(z), posterior.log_prob(whole)[2:4], rtol=1e-5)
    assert np.allclose(row.mean(), posterior.mean()[2:4], atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["residual", "spatial"])
def test_with_a_seed_per_example_draws_do_not_depend_on_the_batch(kind):
    posterior, seeds = posterior_of(ladder(kind)), tf.constant([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]])
    sampling = kv.Sampling(0)
    whole = sampling(distribution=posterior, samples=3, seed=seeds)
    part = sampling(distribution=posterior[1:3], samples=3, seed=seeds[1:3])
    assert np.allclose(whole[:, 1:3], part, atol=1e-5)


def test_mean_and_spread_are_those_along_the_path_of_means(kind):
    posterior = posterior_of(ladder(kind))
    levels = posterior.split(posterior.mean())
    for own, level in zip(posterior.along(posterior.mean()), levels, strict=True):
        assert np.allclose(own.mean(), level, atol=1e-6)
    spread = tf.concat([own.stddev() for own in posterior.along(posterior.mean())], axis=-1)
    assert np.allclose(posterior.stddev(), spread) and np.allclose(posterior.variance(), spread**2)


def test_the_prior_has_a_mean_and_a_spread():
    prior = prior_of(ladder())
    assert prior.batch_shape == () and prior.event_shape == (6,)
    assert prior.mean().shape == prior.stddev().shape == prior.sample(seed=(0, 1)).shape == (6,)
    assert np.array_equal(prior.mean()[:2], [0, 0])
    assert np.allclose(prior.along(prior.mean()[None])[1].mean()[0], prior.mean()[2:5], atol=1e-6)


def test_the_decoder_sees_the_last_level_or_all():
    z = tf.random.stateless_normal((4, 6), (0, 1))
    bottom, whole = ladder(), ladder(decode="all")
    assert bottom.decoder_input_shape == (1,) and np.array_equal(bottom.decoder_input(z), z[:, 5:])
    assert whole.decoder_input_shape == (6,) and np.array_equal(whole.decoder_input(z), z)


@pytest.mark.slow
def test_xla_equals_graph_mode(kind):
    head = ladder(kind)
    z = tf.random.stateless_normal((3, 5, *head.event_shape), (0, 1))
    features = tf.random.stateless_normal((5, *features_shape(head)), (0, 2))

    def read(features, z):
        posterior = head.distribution(head(features))
        return posterior.log_prob(z), posterior.mean(), prior_of(head).log_prob(z)

    for graph, xla in zip(
        tf.function(read)(features, z), tf.function(read, jit_compile=True)(features, z), strict=True
    ):
        assert np.allclose(graph, xla, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": (2, 3)}, r"add up to event_shape, .* got levels=\(2, 3\) for \(6,\)"),
        ({"levels": (6,)}, "two or more levels"),
        ({"levels": (0, 6)}, "Ladder: levels must be an integer >= 1"),
        ({"merge": "sum"}, "merge must be one of .*; got 'sum'"),
        ({"decode": "top"}, "decode must be one of .*; got 'top'"),
        ({"units": 0}, "units must be an integer >= 1"),
        ({"project": False}, "leave project=True"),
    ],
)
def test_bad_arguments_are_refused(options, message, refused):
    with refused(message):
        kv.Ladder((6,), **{"levels": LEVELS, **options})


def test_levels_must_be_a_sequence(refused):
    with refused("Ladder"):
        kv.Ladder((6,), levels=6)


def model(kind="precision", decode="bottom", **parts):
    head = new_head(kind) if kind == "spatial" else new_head(kind, decode=decode)
    keras.utils.set_random_seed(0)
    encoder = kv.MLPEncoder((7,), (8,))
    if kind == "spatial":
        encoder = keras.Sequential([keras.Input((7,)), keras.layers.Dense(30), keras.layers.Reshape((3, 2, 5))])
    return kv.Autoencoder(
        encoder,
        kv.MLPDecoder(head.decoder_input_shape, (8,)),
        **{"posterior": head, "likelihood": "normal", "objective": kv.NLL() + kv.KL(), "seed": 0, **parts},
    )


@pytest.mark.slow
def test_the_importance_weighted_bound_is_above_the_elbo():
    x = np.random.default_rng(0).normal(size=(20, 7)).astype("float32")
    hierarchical = model()
    hierarchical.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    hierarchical.fit(x, epochs=5, verbose=0)
    elbo = hierarchical.elbo(x, samples=500)
    one = hierarchical.log_likelihood(np.repeat(x, 25, axis=0), samples=1).mean()
    many = hierarchical.log_likelihood(x, samples=500)
    assert many.mean() > elbo.mean() and one == pytest.approx(elbo.mean(), abs=1.5)
    assert (many > elbo - 0.05).all()


def test_the_figures_are_those_of_the_levels():
    x = tf.random.stateless_normal((20, 7), (0, 1))
    hierarchical = model("residual", "all")
    trace = hierarchical.trace(x, seed=as_seed(1), samples=4)
    bound = hierarchical.elbo_terms(trace)
    kls = [tfd.kl_divergence(latent.posterior, latent.prior) for latent in trace.latents]
    assert [kl.shape.rank for kl in kls] == [1, 2, 2]
    assert np.allclose(bound["kl"], kls[0] + tf.reduce_mean(kls[1] + kls[2], axis=0), rtol=1e-4)


def test_traversals_start_at_the_mean_of_the_prior():
    hierarchical = model("residual", "all")
    (path,) = hierarchical.traverse(dimensions=[2], values=[0.0, 1.0])
    code = hierarchical.prior_distribution().mean().numpy()
    code = np.stack([code, code])
    code[:, 2] = 0, 1
    assert np.allclose(path, hierarchical.decode(code).mean(), atol=1e-6)


@pytest.mark.slow
def test_every_weight_is_trained(kind):
    x = np.random.default_rng(0).normal(size=(20, 7)).astype("float32")
    hierarchical = model(kind)
    if kind == "spatial":  # whose last convolutions start at zero
        for weight in hierarchical.posterior.weights:
            weight.assign(np.random.default_rng(1).normal(size=weight.shape) * 0.3)
    hierarchical.compile(jit_compile=False)
    gradients, *_ = hierarchical.gradients(x, as_seed(0))
    for weight, gradient in zip(hierarchical.trainable_weights, gradients, strict=True):
        assert gradient is not None and np.abs(gradient).max() > 0, weight.path


def test_the_decoder_must_fit_what_it_is_shown(refused):
    head = kv.Ladder((6,), levels=LEVELS)
    with refused(r"decoder: expected inputs of shape \(1,\) for the posterior Ladder over \(6,\); it takes \(6,\)"):
        kv.Autoencoder(
            kv.MLPEncoder((7,), (8,)), kv.MLPDecoder((6,), (8,)), posterior=head, objective=kv.NLL() + kv.KL()
        )


def test_a_draw_is_computed_once_and_a_tape_that_watches_it_sees_all_levels():
    hierarchical = model("spatial")
    head = hierarchical.posterior
    for weight in head.weights:
        weight.assign(np.random.default_rng(1).normal(size=weight.shape) * 0.3)
    x = tf.random.stateless_normal((4, 7), (0, 1))
    graph = (
        tf.function(lambda x: hierarchical.trace(x, seed=as_seed(1)).likelihood.mean()).get_concrete_function(x).graph
    )
    used = [op.inputs[1].op.inputs[0].name for op in graph.get_operations() if op.type == "Conv2D"]
    assert len(used) == len(set(used)) > 0  # no kernel twice
    posterior = hierarchical.posterior_of(x)
    z = posterior.sample(2, seed=as_seed(2))
    drawn, anew = posterior.walk_of(z), posterior.walk_of(tf.identity(z))
    assert np.array_equal(drawn.state.path, anew.state.path)
    for one, two in zip(drawn.steps, anew.steps, strict=True):
        assert np.allclose(one.distribution.mean(), two.distribution.mean(), atol=1e-6)
    with tf.GradientTape() as tape:
        tape.watch(z)
        density = posterior.log_prob(z)
    (direction,) = tf.random.stateless_normal((1, *z.shape), (0, 3))
    slope = (posterior.log_prob(z + 1e-2 * direction) - posterior.log_prob(z - 1e-2 * direction)) / 2e-2
    assert np.allclose(tf.reduce_sum(tape.gradient(density, z) * direction, axis=-1), slope, rtol=2e-2, atol=2e-2)


def test_a_deep_model_starts_without_kl_and_learns_each_level():
    keras.utils.set_random_seed(0)
    x = kv.data.load("digits", limit=512).train.x
    deep = kv.zoo.very_deep_vae((8, 8, 1), 2, blocks_per_map=(2, 2), ladder_filters=16, filters=(8,), seed=0)
    trace = deep.trace(x[:8], seed=as_seed(0))
    assert float(tf.reduce_max(trace.kl)) < 1e-3 and deep.posterior.levels == (8, 8, 32, 32)
    deep.compile(keras.optimizers.Adam(3e-3), jit_compile=False)
    history = deep.fit(x, epochs=20, verbose=0).history
    assert history["elbo"][-1] > history["elbo"][0] + 5
    assert history["kl"][-1] > 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"event_shape": (15,)}, r"expected event_shape \(14,\).* got \(15,\)"),
        ({"grid": (3,)}, r"expected a grid \(h, w\)"),
        ({"grid": (1, 1), "event_shape": (3,)}, "each resolution is smaller than the next"),
        ({"blocks": (0, 2)}, "blocks: each must be an integer >= 1"),
        ({"channels": 0}, "channels must be an integer >= 1"),
        ({"project": False}, "leave project=True"),
    ],
)
def test_bad_arguments_of_a_spatial_ladder_are_refused(options, message, refused):
    with refused(message):
        SpatialLadder(**{"event_shape": (14,), **SPATIAL, **options})


def test_features_of_another_size_are_refused(refused):
    with refused(r"SpatialLadder: expected features .* of shape \(3, 2, 'c'\), got \(2, 2, 5\)"):
        new_head("spatial").build((None, 2, 2, 5))
