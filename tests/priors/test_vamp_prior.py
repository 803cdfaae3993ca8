import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.distributions.dirichlet import Dirichlet
from keras_vae.distributions.full_covariance_normal import FullCovarianceNormal
from keras_vae.distributions.location_scale import Laplace
from keras_vae.distributions.power_spherical import PowerSpherical
from keras_vae.priors.vamp_prior import VampPrior

tfd = tfp.distributions


def encode(x):
    return tfd.Independent(tfd.Normal(x[:, :2], 0.1 + tf.nn.softplus(x[:, 2:])), 1)


@pytest.mark.parametrize("learned_weights", [False, True])
def test_the_density_is_the_mean_of_the_posteriors(learned_weights):
    prior = VampPrior((2,), (4,), components=3, bounds=None, learned_weights=learned_weights)
    weights = np.full(3, 1 / 3)
    if learned_weights:
        prior.logits.assign(np.log([0.2, 0.3, 0.5]))
        weights = [0.2, 0.3, 0.5]
    z = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    each = encode(prior.inputs()).prob(z[:, None]).numpy()
    found = prior.distribution(encode).log_prob(z)
    np.testing.assert_allclose(np.exp(found), each @ weights, rtol=1e-4)
    compiled = tf.function(lambda z: prior.distribution(encode).log_prob(z), jit_compile=True)
    np.testing.assert_allclose(compiled(z), found, rtol=1e-4)


def test_with_the_examples_as_pseudo_inputs_it_is_the_aggregate_posterior():
    x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    prior = VampPrior((2,), (4,), components=6, bounds=None)
    prior.adapt(x)
    z = encode(x).sample(seed=(1, 2))
    aggregate = tf.reduce_mean(encode(x).prob(z[:, None]), axis=1)
    np.testing.assert_allclose(prior.distribution(encode).prob(z), aggregate, rtol=1e-4)


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-2.0, 3.0), None])
def test_adapt_starts_at_examples_within_the_bounds(bounds):
    low, high = bounds or (-10.0, 10.0)
    x = np.random.default_rng(0).uniform(low, high, (20, 2, 3)).astype("float32")
    x[:2] = np.where(x[:2] > (low + high) / 2, high, low)
    prior = VampPrior((2,), (2, 3), components=20, bounds=bounds)
    prior.adapt(x)
    inputs = prior.inputs().numpy()
    nearest = np.abs(inputs[:, None] - x).max((2, 3))
    assert sorted(nearest.argmin(1)) == list(range(20))
    assert nearest.min(1).max() <= 1.01e-3 * (high - low)
    again = VampPrior((2,), (2, 3), components=20, bounds=bounds)
    again.adapt(x)
    assert np.array_equal(again.inputs(), inputs)


def test_adapt_repeats_examples_where_there_are_too_few():
    prior = VampPrior((2,), (4,), components=5, bounds=None)
    x = np.arange(8, dtype="float32").reshape(2, 4)
    prior.adapt(x)
    assert all((row == x).all(1).any() for row in prior.inputs().numpy())


def test_pseudo_inputs_start_at_seeded_places_within_the_bounds():
    one, again, other = (VampPrior((2,), (9,), seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.inputs(), again.inputs()) and not np.array_equal(one.inputs(), other.inputs())
    assert np.min(one.inputs()) > 0 and np.max(one.inputs()) < 1


@pytest.mark.parametrize("learned_weights", [False, True])
def test_pseudo_inputs_and_weights_have_gradients(learned_weights):
    prior = VampPrior((2,), (4,), components=3, learned_weights=learned_weights)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(prior.distribution(encode).log_prob([[0.3, 0.2], [0.5, 0.9]]))
    gradients = tape.gradient(loss, prior.trainable_weights)
    assert len(gradients) == 1 + learned_weights
    assert all(np.all(np.abs(gradient) > 0) for gradient in gradients)


FAMILIES = {
    "normal": lambda: kv.Normal((3,)),
    "full covariance": lambda: FullCovarianceNormal((3,)),
    "laplace": lambda: Laplace((3,)),
    "sphere": lambda: PowerSpherical((3,)),
    "simplex": lambda: Dirichlet((3,)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_mixed(family):
    head = FAMILIES[family]()
    prior = VampPrior((3,), (5,), components=4, support=head.support)

    def encode(x):
        return head.distribution(head(x))

    z = prior.distribution(encode).sample(7, seed=(1, 2))
    each = encode(prior.inputs()).prob(z[:, tf.newaxis])
    np.testing.assert_allclose(prior.distribution(encode).prob(z), tf.reduce_mean(each, 1), rtol=1e-3)
    assert z.shape == (7, 3) and prior.support == head.support
    assert prior.distribution(encode).mean().shape == (3,)


@pytest.mark.slow
def test_a_model_trains_with_it_and_is_saved(tmp_path):
    x = np.random.default_rng(0).random((32, 6)).astype("float32")
    model = kv.Autoencoder(
        kv.MLPEncoder((6,), (8,)),
        kv.MLPDecoder((2,), (8,)),
        prior=VampPrior((2,), (6,), components=4),
        objective=kv.NLL() + kv.KL(estimator="monte_carlo"),
        seed=0,
    )
    before = np.array(model.prior.inputs())
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    history = model.fit(x, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all() and not np.allclose(model.prior.inputs(), before)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert copy.prior.get_config() == model.prior.get_config()
    assert np.array_equal(copy.prior.inputs(), model.prior.inputs())
    assert np.array_equal(copy.sample(3, seed=1), model.sample(3, seed=1))


@pytest.mark.parametrize("bounds", [(1.0, 0.0), (0.0, np.inf), (0.0,), "01", 1.0])
def test_bad_bounds_are_refused(refused, bounds):
    with refused("bounds must be two rising numbers"):
        VampPrior((2,), (4,), bounds=bounds)


def test_bad_arguments_and_examples_are_refused(refused):
    with refused("components must be an integer"):
        VampPrior((2,), (4,), components=0)
    with refused("VampPrior: input_shape"):
        VampPrior((2,), None)
    prior = VampPrior((2,), (4,))
    with refused("expected an encoder"):
        prior.distribution()
    for x in (np.zeros((3, 5)), np.zeros((0, 4)), np.zeros(4)):
        with refused("expected examples of shape"):
            prior.adapt(x)
    for value in (-0.1, 1.1, np.nan):
        with refused("finite examples within"):
            prior.adapt(np.full((3, 4), value))
