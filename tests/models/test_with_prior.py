import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal

import keras_vae as kv
from keras_vae.random import as_seed

RANDOM = np.random.default_rng(0)
CLUSTERS = np.array([[2.5, 2.5, 0, 0], [-2.5, 0, 2.5, 0], [0, -2.5, 0, -2.5]], "float32")
X = (CLUSTERS[np.arange(150) % 3] + 0.2 * RANDOM.normal(size=(150, 4))).astype("float32")


def new(**parts):
    keras.utils.set_random_seed(0)
    parts = {"likelihood": "normal_fixed", "objective": kv.NLL() + kv.KL(), "seed": 0, **parts}
    return kv.Autoencoder(*kv.make_networks("mlp", (4,), 2, units=(16,)), **parts)


@pytest.fixture(scope="module")
def vae():
    """A model that is trained a little, and not to be trained further."""
    model = new()
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    model.fit(X, epochs=10, batch_size=50, verbose=0)
    return model


@pytest.fixture(scope="module")
def ae():
    model = new(posterior="deterministic", prior=None, objective=kv.NLL())
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    model.fit(X, epochs=30, batch_size=50, verbose=0)
    return model


def mixture_of(model):
    return kv.GaussianMixturePrior.fit(model.encode(np.repeat(X, 10, axis=0)).sample(seed=(0, 1)), components=3)


@pytest.mark.slow
def test_the_parts_are_shared(vae):
    prior = mixture_of(vae)
    other = vae.with_prior(prior)
    assert other.prior is prior and other is not vae and type(other) is type(vae)
    for part in ("encoder", "decoder", "posterior", "likelihood"):
        assert getattr(other, part) is getattr(vae, part)
    assert other.seed == vae.seed and other.name == vae.name
    assert isinstance(vae.prior, kv.StandardNormalPrior)
    own = {id(weight) for weight in vae.trainable_weights}
    assert {id(weight) for weight in other.trainable_weights} == own


@pytest.mark.slow
def test_training_one_trains_the_other():
    model = new()
    other = model.with_prior("mixture")
    other.compile(keras.optimizers.SGD(0.05), jit_compile=False)
    before = model.reconstruct(X[:5])
    other.fit(X, verbose=0)
    assert not np.allclose(model.reconstruct(X[:5]), before, atol=1e-4)
    assert np.array_equal(model.reconstruct(X[:5]), other.reconstruct(X[:5]))


def test_samples_follow_the_new_prior(vae):
    shift = kv.GaussianMixturePrior((2,), components=1)
    shift.loc.assign([[3.0, -1.0]])
    shift.scale_tril.assign([[[0.5, 0.0], [0.3, 0.1]]])
    other = vae.with_prior(shift)
    codes = other.prior_distribution().sample(5000, seed=(0, 1)).numpy()
    assert np.allclose(codes.mean(0), [3, -1], atol=0.03)
    assert np.allclose(np.cov(codes.T), [[0.25, 0.15], [0.15, 0.1]], atol=0.02)
    expected = vae.decode(codes).mean().numpy().mean(0)
    assert np.allclose(other.sample(5000, seed=0).mean(0), expected, atol=0.05)
    assert not np.allclose(vae.sample(5000, seed=0).mean(0), expected, atol=0.2)


@pytest.mark.slow
def test_the_bound_follows_the_new_prior(vae):
    prior = mixture_of(vae)
    other = vae.with_prior(prior)
    trace = other.trace(X, seed=as_seed(0), samples=50)
    (latent,) = trace.latents
    weights, loc, tril = np.exp(prior.log_weights), prior.loc.numpy(), prior.scale_tril.numpy()
    z = latent.sample.numpy()
    log_prior = np.logaddexp.reduce(
        [np.log(w) + multivariate_normal(m, c @ c.T).logpdf(z) for w, m, c in zip(weights, loc, tril, strict=True)]
    )
    bound = other.elbo_terms(trace)
    expected = np.mean(latent.posterior.log_prob(z) - log_prior, axis=0)
    assert np.allclose(bound["kl"], expected, rtol=1e-3, atol=1e-3)
    assert np.allclose(bound["elbo"], -bound["nll"] - bound["kl"])
    assert other.elbo(X, samples=100).mean() > vae.elbo(X, samples=100).mean() + 0.1
    assert other.log_likelihood(X, samples=100).mean() > vae.log_likelihood(X, samples=100).mean() + 0.1


def test_the_kl_becomes_a_monte_carlo_one_only_where_it_must(vae):
    for prior, estimator in (
        ("mixture", "monte_carlo"),
        (mixture_of(vae), "monte_carlo"),
        ("standard_normal", "analytic"),
    ):
        (_, nll), (weight, kl) = vae.with_prior(prior).objective.weighted
        assert isinstance(nll, kv.NLL) and isinstance(kl, kv.KL) and weight == 1.0
        assert kl.estimator == estimator and kl.name == "kl"
    assert vae.objective.terms[1].estimator == "analytic"


def test_weights_names_and_routes_of_the_terms_are_kept():
    objective = kv.NLL() + kv.LinearWarmup(10, 4.0) * kv.KL(name="divergence").only("encoder", "posterior")
    weight, kl = new(objective=objective).with_prior("mixture").objective.weighted[1]
    assert isinstance(weight, kv.LinearWarmup) and kl.name == "divergence"
    assert kl.estimator == "monte_carlo" and kl.trains == ("encoder", "posterior")


def test_the_same_prior_gives_the_same_figures(vae):
    again = vae.with_prior("standard_normal")
    assert np.array_equal(again.elbo(X), vae.elbo(X))
    assert np.array_equal(again.sample(5, seed=0), vae.sample(5, seed=0))


def nearest(samples):
    """The mean distance from a sample to the data."""
    return np.mean(np.sqrt(((samples[:, None] - X) ** 2).sum(-1)).min(1))


@pytest.mark.slow
def test_samples_of_a_fitted_mixture_are_nearer_to_the_data(ae):
    with pytest.raises(kv.InvalidInputError, match="it has no prior"):
        ae.sample(3)
    fitted, standard = ae.with_prior(mixture_of(ae)), ae.with_prior("standard_normal")
    assert nearest(fitted.sample(300, seed=0)) < 0.5 * nearest(standard.sample(300, seed=0))
    shares = np.mean(
        ((fitted.sample(300, seed=1)[:, None] - CLUSTERS) ** 2).sum(-1).argmin(1)[:, None] == range(3), axis=0
    )
    assert shares.min() > 0.2


def test_a_deterministic_model_has_no_bound_with_any_prior(ae):
    other = ae.with_prior(mixture_of(ae))
    with pytest.raises(kv.InvalidInputError, match="it has no likelihood bound"):
        other.elbo(X)
    other.compile(jit_compile=False)
    assert set(other.evaluate(X, return_dict=True, verbose=0)) == {"loss", "nll"}


@pytest.mark.slow
def test_the_new_model_is_saved(vae, tmp_path):
    other = vae.with_prior(mixture_of(vae))
    other.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.prior, kv.GaussianMixturePrior)
    assert loaded.objective.terms[1].estimator == "monte_carlo"
    assert np.array_equal(loaded.sample(5, seed=0), other.sample(5, seed=0))
    assert np.array_equal(loaded.elbo(X), other.elbo(X))


def test_a_condition_and_a_corruption_stay():
    keras.utils.set_random_seed(0)
    model = kv.Autoencoder(
        *kv.make_networks("mlp", (4,), 2, units=(8,), condition_dim=3),
        condition=kv.LabelCondition(3),
        corruption=kv.GaussianCorruption(0.1),
        objective=kv.NLL() + kv.KL(),
        likelihood="normal_fixed",
        seed=0,
    )
    other = model.with_prior("mixture")
    assert other.condition is model.condition and other.corruption is model.corruption
    assert other.sample(3, seed=0, condition=[0, 1, 2]).shape == (3, 4)


def test_a_prior_that_does_not_fit_is_refused(vae, refused):
    with refused(r"prior: its event_shape is \(3,\), but the networks have \(2,\)"):
        vae.with_prior(kv.StandardNormalPrior((3,)))
    with refused("prior: UniformSpherePrior has 'sphere' events"):
        vae.with_prior("uniform_sphere")
    with refused("Unknown prior 'mixtur'"):
        vae.with_prior("mixtur")


def test_free_bits_stay_as_long_as_there_is_a_closed_form():
    model = new(objective=kv.NLL() + kv.KL(0.5))
    assert model.with_prior("standard_normal").objective.terms[1].free_bits == 0.5
    assert model.with_prior("mixture").objective.terms[1].free_bits == 0


def test_a_capacity_stays_a_capacity():
    capacity = kv.LinearWarmup(100, 25.0)
    other = new(objective=kv.NLL() + 1000.0 * kv.Capacity(capacity)).with_prior("mixture")
    weight, term = other.objective.weighted[1]
    assert weight == 1000 and isinstance(term, kv.Capacity) and term.estimator == "monte_carlo"
    assert term.capacity.get_config() == capacity.get_config()


@pytest.mark.slow
def test_a_hierarchy_takes_another_prior_of_its_top():
    keras.utils.set_random_seed(0)
    posterior = kv.Ladder((4,), levels=(2, 2), units=8)
    model = kv.Autoencoder(
        kv.MLPEncoder((4,), (8,)),
        kv.MLPDecoder((2,), (8,)),
        posterior=posterior,
        likelihood="normal_fixed",
        objective=kv.NLL() + kv.KL(),
        seed=0,
    )
    other = model.with_prior("mixture")
    assert other.objective.terms[1].estimator == "monte_carlo"
    assert np.isfinite(other.elbo(X)).all() and other.sample(2, seed=0).shape == (2, 4)
    assert tf.reduce_mean(other.elbo(X, samples=20)) < tf.reduce_mean(other.log_likelihood(X, samples=50))


@kv.register
class Annealed(kv.Autoencoder):
    """A model with an argument of its own, and a part of its own."""

    def __init__(self, encoder, decoder, *, temperature, scale, **parts):
        super().__init__(encoder, decoder, **parts)
        self.temperature, self.scale = temperature, scale


def test_arguments_of_a_subclass_are_kept(vae, refused):
    parts = {"likelihood": "normal", "objective": kv.NLL() + kv.KL(), "scale": keras.initializers.Constant(3.0)}
    model = Annealed(vae.encoder, vae.decoder, temperature=0.25, **parts)
    other = model.with_prior("mixture")
    assert (other.temperature, other.scale.value) == (0.25, 3.0) and isinstance(other.prior, kv.MixturePrior)
    assert other.encoder is model.encoder
    with refused("Unknown part of a model 'encodr': did you mean 'encoder'"):
        model.with_parts(encodr=vae.encoder)
