import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import keras_vae as kv
from keras_vae.distributions.categorical import Categorical
from keras_vae.distributions.optimal_sigma_normal import OptimalSigmaNormal
from keras_vae.distributions.pixel_cnn_likelihood import PixelCNNLikelihood

SMALL = {"features": 2, "filters": 8, "layers": 2, "kernel_size": 3}


def built(event_shape, *, scale=3.0, **options):
    """A head whose pixels depend strongly on the code and on each other, and parameters for two codes."""
    keras.utils.set_random_seed(0)
    head = PixelCNNLikelihood(event_shape, **{**SMALL, **options})
    parameters = head(tf.random.stateless_normal((2, 3), (0, 1)))
    kernel = head.base.trainable_weights[0]
    kernel.assign(scale * tf.random.stateless_normal(kernel.shape, (0, 2)))
    return head, parameters


def all_events(event_shape, values):
    return np.array(list(itertools.product(values, repeat=np.prod(event_shape))), "float32").reshape(-1, *event_shape)


CASES = {
    "bernoulli": ((2, 2, 1), "bernoulli", (0, 1)),
    "two channels": ((2, 2, 2), "bernoulli", (0, 1)),
    "categorical": ((2, 2, 1), Categorical((1,), levels=3), (0, 0.5, 1)),
}


@pytest.mark.parametrize("case", CASES)
def test_probabilities_add_up_to_one(case):
    event_shape, base, values = CASES[case]
    head, parameters = built(event_shape, base=base)
    log_prob = head.distribution(parameters).log_prob(all_events(event_shape, values)[:, None])
    assert log_prob.shape == (len(values) ** np.prod(event_shape), 2)
    assert np.allclose(tf.reduce_sum(tf.exp(log_prob), axis=0), 1, atol=1e-4)
    assert not np.allclose(log_prob[:, 0], log_prob[:, 1], atol=0.1)


@pytest.mark.slow
def test_draws_are_as_frequent_as_their_probability_says():
    head, parameters = built((2, 2, 1))
    events, n = all_events((2, 2, 1), (0, 1)), 8000
    draws = head.distribution(parameters).sample(n, seed=(3, 4)).numpy()
    assert draws.shape == (n, 2, 2, 2, 1)
    counts = (draws[:, None] == events[:, None]).all(axis=(3, 4, 5)).sum(axis=0)  # (16, 2)
    expected = n * tf.exp(head.distribution(parameters).log_prob(events[:, None])).numpy()
    often = expected > 5
    assert often.sum() > 8
    assert ((counts - expected)[often] ** 2 / expected[often]).sum() < stats.chi2.isf(1e-4, often.sum())


def test_draws_are_a_function_of_the_seed():
    head, parameters = built((3, 3, 1), scale=0.1)
    likelihood = head.distribution(parameters)
    one, same, other = (likelihood.sample(5, seed=(0, seed)).numpy() for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_the_log_density_is_that_of_each_pixel_given_the_ones_before():
    head, parameters = built((3, 2, 1), base="normal_fixed", scale=0.5)
    x = np.random.default_rng(0).normal(size=(2, 3, 2, 1)).astype("float32")
    expected = np.zeros(2)
    for position in range(6):
        row, column = divmod(position, 2)
        past = x.copy()
        past.reshape(2, 6)[:, position:] = 7.0  # what comes later does not matter
        loc = head.distribution(parameters).given(past).mean()[:, row, column, 0]
        expected += stats.norm(loc, 1).logpdf(x[:, row, column, 0])
    assert np.allclose(head.distribution(parameters).log_prob(x), expected, rtol=1e-4)


@pytest.mark.slow
def test_a_batch_of_draws_of_codes_meets_a_batch_of_examples():
    head, parameters = built((3, 3, 2))
    features = tf.stack([parameters["features"], -parameters["features"], 0 * parameters["features"]])  # (3, 2, ...)
    x = tf.cast(tf.random.stateless_uniform((2, 3, 3, 2), (0, 1)) > 0.5, tf.float32)
    likelihood = head.distribution({"features": features})
    assert likelihood.batch_shape == (3, 2) and likelihood.event_shape == (3, 3, 2)
    log_prob = likelihood.log_prob(x)
    assert log_prob.shape == (3, 2)
    for s, b in itertools.product(range(3), range(2)):
        alone = head.distribution({"features": features[s, b]})
        assert np.allclose(log_prob[s, b], alone.log_prob(x[b]), rtol=1e-4)
        assert np.allclose(likelihood.mean()[s, b], alone.mean(), atol=1e-5)
    assert np.allclose(likelihood[1:2].log_prob(x), log_prob[1:2], rtol=1e-4)
    assert likelihood.sample(4, seed=(0, 1)).shape == (4, 3, 2, 3, 3, 2)


def test_the_mean_is_what_its_own_pixels_imply():
    head, parameters = built((4, 3, 1))
    mean = head.distribution(parameters).mean()
    assert np.allclose(head.distribution(parameters).given(mean).mean(), mean, atol=1e-5)
    assert np.std(mean, axis=(1, 2, 3)).min() > 0.02 and np.abs(mean[0] - mean[1]).max() > 0.05


@pytest.mark.slow
def test_it_is_the_same_under_xla_with_finite_gradients():
    head, parameters = built((3, 3, 1))
    x = tf.random.stateless_uniform((2, 3, 3, 1), (0, 1))

    def value(features):
        likelihood = head.distribution({"features": features})
        with tf.GradientTape() as tape:
            tape.watch(features)
            loss = tf.reduce_sum(head.distribution({"features": features}).log_prob(x))
        return likelihood.log_prob(x), tape.gradient(loss, features)

    for own, other in zip(
        tf.function(value)(parameters["features"]),
        tf.function(value, jit_compile=True)(parameters["features"]),
        strict=True,
    ):
        assert np.isfinite(own).all() and np.allclose(own, other, atol=1e-4)


@pytest.mark.slow
def test_it_learns_that_pixels_are_alike():
    keras.utils.set_random_seed(0)
    head = PixelCNNLikelihood((2, 3, 1), **{**SMALL, "layers": 1, "kernel_size": 5})
    features = tf.zeros((2, 4))
    head(features)
    optimizer = keras.optimizers.Adam(2e-2)
    x = tf.reshape(tf.repeat([0.0, 1.0], 6), (2, 2, 3, 1))  # all black or all white: log 2 nats

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(head.distribution(head(features)).log_prob(x))
        optimizer.apply(tape.gradient(loss, head.trainable_weights), head.trainable_weights)
        return loss

    loss = [float(step()) for _ in range(150)][-1]
    assert np.log(2) - 1e-3 < loss < np.log(2) + 0.1


def test_adapt_starts_at_the_mean_of_the_channels():
    head, _ = built((4, 4, 2))
    x = np.stack([np.full((5, 4, 4), 0.25), np.full((5, 4, 4), 0.9)], axis=-1)
    head.adapt(x)
    logits = head.base.distribution(head.parameters_of_pixels(tf.zeros((1, 8)))).distribution.logits
    assert np.allclose(tf.sigmoid(logits), [[0.25, 0.9]], atol=1e-5)


def test_it_survives_its_configuration_and_the_base_keeps_its_options():
    head, parameters = built((3, 3, 1), base={"name": "normal_fixed", "scale": 0.3})
    copy = PixelCNNLikelihood.from_config(head.get_config())
    copy(tf.zeros((2, 3)))
    copy.set_weights(head.get_weights())
    assert copy.get_config() == head.get_config() and copy.base.scale == 0.3
    x = tf.zeros((2, 3, 3, 1))
    assert np.array_equal(copy.distribution(parameters).log_prob(x), head.distribution(parameters).log_prob(x))


@pytest.mark.slow
def test_a_model_trains_saves_and_samples(tmp_path):
    likelihood = PixelCNNLikelihood((4, 4, 1), base=OptimalSigmaNormal((1,)), **{**SMALL, "layers": 1})
    encoder, decoder = kv.make_networks("mlp", (4, 4, 1), 2, units=(8,))
    model = kv.Autoencoder(encoder, decoder, likelihood=likelihood, objective=kv.NLL() + kv.KL(), seed=0)
    model.compile("adam", jit_compile=True)
    x = np.random.default_rng(0).normal(0.5, 0.1, (64, 4, 4, 1)).astype("float32")
    before = [weight.numpy() for weight in model.trainable_weights]
    history = model.fit(x, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert all(
        not np.array_equal(*pair)
        for pair in zip(before, [weight.numpy() for weight in model.trainable_weights], strict=True)
    )
    assert likelihood.base.log_scale.numpy() != 0
    assert model.sample(2, seed=0, draw="sample").shape == (2, 4, 4, 1)
    model.save(tmp_path / "model.keras")
    assert np.allclose(keras.saving.load_model(tmp_path / "model.keras").elbo(x), model.elbo(x), rtol=1e-5)


def test_a_seed_fixes_the_networks_of_a_likelihood_by_name():
    def new():
        encoder, decoder = kv.make_networks("mlp", (4, 4, 1), 2, units=(8,), seed=0)
        return kv.Autoencoder(encoder, decoder, likelihood={"name": "pixel_cnn", **SMALL}, objective=kv.NLL(), seed=0)

    for own, others in zip(new().likelihood.weights, new().likelihood.weights, strict=True):
        assert np.array_equal(own, others)


@pytest.mark.slow
def test_counts_are_drawn_where_others_give_their_mean():
    model = kv.zoo.vae((4, 4, 1), 2, units=(8,), seed=0, likelihood={"name": "pixel_cnn", "base": "poisson", **SMALL})
    assert model.likelihood.default_draw == "sample"
    draws = model.sample(3, seed=0)
    assert np.array_equal(draws, np.round(draws)) and draws.max() > 0


def test_values_outside_the_base_are_refused(refused):
    head, _ = built((3, 3, 1))
    head.check_range(0, 1)
    with refused("Bernoulli likelihood"):
        head.check_range(0, 2)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"event_shape": (8,)}, "height, width, channels"),
        ({"event_shape": (1, 8, 1)}, "two rows or more"),
        ({"base": "bernouli"}, "did you mean 'bernoulli'"),
        ({"base": kv.Bernoulli((8, 8, 1))}, "event_shape"),
        ({"base": kv.Bernoulli((1,), project=False)}, "single pixels"),
        ({"features": 0}, "features"),
        ({"filters": 0}, "filters"),
        ({"layers": 0}, "layers"),
        ({"kernel_size": 2}, "kernel_size"),
    ],
    ids=str,
)
def test_bad_input_is_refused(arguments, match, refused):
    with refused(match):
        PixelCNNLikelihood(**{"event_shape": (8, 8, 1), **arguments})
