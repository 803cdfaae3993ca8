"""Posteriors, priors and likelihoods in pairs: what fits together trains, what does not is refused.

Only a `Trace` joins the three, so each two of them are tried together, and not each three.
"""

import itertools
import math
from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import KL, NLL, Autoencoder, InvalidInputError, Reparameterized, make_networks
from keras_vae.distributions import LIKELIHOODS, POSTERIORS
from keras_vae.priors import PRIORS
from keras_vae.random import as_seed

IMAGE = (2, 2, 1)
TABLE = (4,)
CODE = (3,)

# Where the codes of each lie, by the mathematics of the family.
POSTERIOR_SUPPORT = {
    "deterministic": "R^n",
    "dirichlet": "simplex",
    "finite_scalar_quantizer": "integers",
    "full_covariance_normal": "R^n",
    "inverse_autoregressive": "R^n",
    "ladder": "R^n",
    "laplace": "R^n",
    "logistic": "R^n",
    "lookup_free_quantizer": "integers",
    "normal": "R^n",
    "planar": "R^n",
    "power_spherical": "sphere",
    "real_nvp": "R^n",
    "relaxed_categorical": "simplex",
    "spatial_ladder": "R^n",
    "reparameterized": "R^n",  # as the Gumbel distribution of OPTIONS
    "student_t": "R^n",
    "vector_quantizer": "integers",
}
PRIOR_SUPPORT = {
    "autoregressive": "integers",
    "categorical": "integers",
    "dirichlet": "simplex",
    "maf": "R^n",
    "mixture": "R^n",
    "real_nvp": "R^n",
    "relaxed_categorical": "simplex",
    "second_stage": "R^n",
    "standard_normal": "R^n",
    "uniform_sphere": "sphere",
    "vamp": "R^n",  # that of the posterior, which one must name; see the tests of it below
}
EXCEPT = {
    (ladder, "vamp"): "the ladder's prior is that of its top level, the VampPrior's posteriors have all levels"
    for ladder in ("ladder", "spatial_ladder")
}
NO_DENSITY = {"deterministic"}

# Pairs of which KL(q || p) is an elementary formula; a code of certainty has the KL -log p(k).
CLOSED_FORM = {
    ("dirichlet", "dirichlet"),
    ("finite_scalar_quantizer", "autoregressive"),
    ("finite_scalar_quantizer", "categorical"),
    ("full_covariance_normal", "standard_normal"),
    ("ladder", "standard_normal"),
    ("lookup_free_quantizer", "autoregressive"),
    ("lookup_free_quantizer", "categorical"),
    ("normal", "standard_normal"),
    ("power_spherical", "uniform_sphere"),
    ("spatial_ladder", "standard_normal"),
    ("vector_quantizer", "autoregressive"),
    ("vector_quantizer", "categorical"),
}

SMALL = {"flows": 2, "units": (4,)}
POSTERIOR_OPTIONS = {
    "finite_scalar_quantizer": {"sizes": (2, 2), "flatten": True},
    "inverse_autoregressive": {**SMALL, "context_dim": 2},
    "ladder": {"levels": (2, 3), "units": 4},
    "lookup_free_quantizer": {"flatten": True},
    "real_nvp": {**SMALL, "context_dim": 2},
    "reparameterized": {"family": "Gumbel", "parameters": {"loc": "real", "scale": "positive"}},
    "spatial_ladder": {"grid": (2, 1), "blocks": (1, 1), "channels": 2, "filters": 4},
    "vector_quantizer": {"codebook_size": 4, "flatten": True},
}
POSTERIOR_SHAPE = {
    **{"finite_scalar_quantizer": (3, 2), "ladder": (5,), "lookup_free_quantizer": (3, 2)},
    **{"spatial_ladder": (6,), "vector_quantizer": (2, 3)},
}
PRIOR_OPTIONS = {
    "autoregressive": {"categories": 4, "layers": 1, "filters": 2, "kernel_size": 3},
    "categorical": {"categories": 4},
    "maf": SMALL,
    "mixture": {"components": 2},
    "real_nvp": SMALL,
    "second_stage": {"units": (4,)},
    "vamp": {"components": 2},
}
LIKELIHOOD_OPTIONS = {
    "categorical": {"levels": 4},
    "discretized_logistic": {"components": 2},
    "pixel_cnn": {"features": 2, "filters": 2, "layers": 1, "kernel_size": 3},
    "table": {"columns": ["real", "binary", ("categorical", 3), "count"]},
}


def is_valid(posterior, prior):
    return POSTERIOR_SUPPORT[posterior] == PRIOR_SUPPORT[prior] and (posterior, prior) not in EXCEPT


PAIRS = list(itertools.product(POSTERIORS, PRIORS))
VALID = [pair for pair in PAIRS if is_valid(*pair)]


@cache
def networks(event, code_shape, encoder_input_shape):
    """Tiny networks, which many models share: no test trains them."""
    size = math.prod(code_shape)
    encoder, decoder = make_networks("mlp", event, size, units=(4,), encoder_input_shape=encoder_input_shape, seed=0)
    if len(code_shape) == 1:
        return encoder, decoder
    map_of = [keras.layers.Dense(size), keras.layers.Reshape(code_shape)]
    return (
        keras.Sequential([keras.Input(encoder.input_shape[1:]), encoder, *map_of]),
        keras.Sequential([keras.Input(code_shape), keras.layers.Flatten(), decoder]),
    )


def make(posterior, prior, likelihood="bernoulli", objective=None, **options):
    """A compiled model on tiny networks; `options` are the prior's."""
    event = TABLE if likelihood == "table" else IMAGE
    head = POSTERIORS[posterior](POSTERIOR_SHAPE.get(posterior, CODE), **POSTERIOR_OPTIONS.get(posterior, {}))
    explains = LIKELIHOODS[likelihood](event, **LIKELIHOOD_OPTIONS.get(likelihood, {}))
    encoder, decoder = networks(event, head.decoder_input_shape, explains.encoder_input_shape)
    objective = objective or (NLL() if posterior in NO_DENSITY else NLL() + KL(estimator="monte_carlo"))
    options = {**PRIOR_OPTIONS.get(prior, {}), **({"input_shape": event} if prior == "vamp" else {}), **options}
    model = Autoencoder(
        encoder,
        decoder,
        posterior=head,
        prior={"name": prior, **options},
        likelihood=explains,
        objective=objective,
        seed=0,
    )
    if posterior == "spatial_ladder":  # whose KL starts at zero
        for weight in head.weights:
            weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    model.compile("adam", jit_compile=False)
    return model


def examples(likelihood, n=4):
    rng = np.random.default_rng(0)
    if likelihood == "table":
        columns = [rng.normal(size=n), rng.integers(0, 2, n), rng.integers(0, 3, n), rng.poisson(3, n)]
        return np.stack(columns, axis=1).astype("float32")
    x = rng.random((n, *IMAGE), "float32")
    if likelihood == "masked":
        return np.where(x < 0.2, np.nan, x)
    if likelihood in ("poisson", "negative_binomial"):
        return np.round(4 * x)
    return x


def assert_trains(model, likelihood="bernoulli"):
    """One gradient of every part is finite, and reaches every variable that the loss depends on."""
    gradients, sums, _ = model.gradients((examples(likelihood),), as_seed(1))
    assert not np.any(sums["bad"]["bad"])
    for name, value in sums["sums"].items():
        assert np.isfinite(value).all(), name
    idle = set() if model.has_density else {variable.path for variable in model.prior.trainable_variables}
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        if gradient is None:
            assert variable.path in idle, f"no gradient for {variable.path}"
        else:
            assert np.isfinite(tf.convert_to_tensor(gradient)).all(), variable.path


def test_the_tables_name_every_part():
    assert set(POSTERIOR_SUPPORT) == set(POSTERIORS)
    assert set(PRIOR_SUPPORT) == set(PRIORS)
    assert set(EXCEPT).issubset(PAIRS)
    assert CLOSED_FORM.issubset(VALID)
    assert {posterior for posterior, _ in VALID} == set(POSTERIORS)
    assert {prior for _, prior in VALID} == set(PRIORS)


# Posterior x prior x likelihood


def pairs_of(posterior, prior, likelihood):
    return {(posterior, prior), ("posterior", posterior, likelihood), ("prior", prior, likelihood)}


def pairwise_cover():
    """Triples of parts with each pair in one or more: first each posterior with each prior, then what that leaves."""
    likelihoods = itertools.cycle(LIKELIHOODS)
    cover = [(*pair, next(likelihoods)) for pair in VALID]
    done = set().union(*(pairs_of(*triple) for triple in cover))
    every = [(*pair, likelihood) for pair in VALID for likelihood in LIKELIHOODS]
    while missing := set().union(*(pairs_of(*triple) for triple in every)) - done:
        best = max(every, key=lambda triple: len(pairs_of(*triple) & missing))
        cover.append(best)
        done |= pairs_of(*best)
    return cover


COVER = pairwise_cover()


@pytest.mark.parametrize(
    ("posterior", "prior", "likelihood"),
    [pytest.param(*triple, marks=() if i < len(VALID) else pytest.mark.slow) for i, triple in enumerate(COVER)],
)
def test_parts_train_in_all_pairs(posterior, prior, likelihood):
    assert_trains(make(posterior, prior, likelihood), likelihood)


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_a_posterior_is_refused_with_every_other_prior(refused, posterior):
    others = [prior for prior in PRIORS if not is_valid(posterior, prior)]
    assert others
    for prior in others:
        with refused(f"^prior: {PRIORS[prior].__name__} has .* the posterior {POSTERIORS[posterior].__name__} "):
            make(posterior, prior)


@pytest.mark.parametrize(("posterior", "support"), [("power_spherical", "sphere"), ("dirichlet", "simplex")])
def test_a_vamp_prior_trains_with_posteriors_of_another_support_that_it_is_told(posterior, support):
    assert_trains(make(posterior, "vamp", support=support))


def test_a_vamp_prior_is_no_prior_over_integers_whatever_it_is_told(refused):
    with refused(r"prior: VampPrior has events of shape \(2, 3\), but the posterior VectorQuantizer needs \(2,\)"):
        make("vector_quantizer", "vamp", support="codes")


@pytest.mark.slow
def test_a_family_over_a_thinner_set_is_not_taken_for_one_over_all_real_vectors(refused, monkeypatch):
    dirichlet = {"family": "Dirichlet", "parameters": {"concentration": "positive"}}
    monkeypatch.setitem(POSTERIOR_OPTIONS, "reparameterized", dirichlet)
    with refused(
        "prior: StandardNormalPrior has 'real' events, but the posterior Reparameterized gives 'simplex' codes"
    ):
        make("reparameterized", "standard_normal")
    with refused("Reparameterized Dirichlet: its events are on the simplex; got support='real'"):
        Reparameterized(CODE, **dirichlet, support="real")
    assert_trains(make("reparameterized", "dirichlet", objective=NLL() + KL()))


# KL


def analytic(posterior, prior):
    """The model with a KL in closed form, or why there is none."""
    try:
        return make(posterior, prior, objective=NLL() + KL()), None
    except InvalidInputError as error:
        return None, str(error)


@pytest.mark.parametrize(("posterior", "prior"), [pair for pair in VALID if pair[0] not in NO_DENSITY])
def test_a_kl_is_in_closed_form_or_the_monte_carlo_one_is_offered(posterior, prior):
    _, refusal = analytic(posterior, prior)
    if (posterior, prior) in CLOSED_FORM:
        assert refusal is None
    else:
        assert "no closed form" in refusal and "KL(estimator='monte_carlo')" in refusal
        assert len(refusal.splitlines()) == 1


@pytest.mark.parametrize(("posterior", "prior"), sorted(CLOSED_FORM))
def test_a_kl_in_closed_form_is_the_mean_of_the_draws(posterior, prior):
    model, _ = analytic(posterior, prior)
    trace = model.trace(examples("bernoulli"), seed=as_seed(3), samples=4000)
    log_ratios = sum(
        latent.posterior.log_prob(latent.sample) - latent.prior.log_prob(latent.sample) for latent in trace.latents
    ).numpy()
    log_ratios = log_ratios.astype("float64")  # a mean of 4000 rounds visibly in float32
    assert log_ratios.shape == (4000, 4)
    error = log_ratios.std(axis=0) / np.sqrt(4000)
    exact = KL().divergence(trace)
    np.testing.assert_array_less(np.abs(exact - log_ratios.mean(axis=0)), 5 * error + 1e-4)
    np.testing.assert_allclose(KL(estimator="monte_carlo")(trace), log_ratios.mean(axis=0), rtol=1e-4, atol=1e-4)
    assert (np.asarray(exact) > 0.01).all(), "a KL of 0 would compare nothing"


@pytest.mark.parametrize(("posterior", "prior"), [pair for pair in VALID if pair[0] in NO_DENSITY])
@pytest.mark.parametrize("estimator", ["analytic", "monte_carlo"])
def test_a_posterior_without_a_density_has_no_kl(refused, posterior, prior, estimator):
    with refused(f"objective: 'kl' needs a posterior with a density.*got posterior {POSTERIORS[posterior].__name__}"):
        make(posterior, prior, objective=NLL() + KL(estimator=estimator))
