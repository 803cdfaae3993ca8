import numpy as np
import pytest
import recipes
from linear_model import linear_example

from keras_vae.evaluation import decompose_kl


@pytest.fixture(scope="module")
def linear():
    """The linear model, 3000 examples of it, and the exact parts of its KL."""
    model, _, _ = linear_example()
    codes = model.prior_distribution().sample(3000, seed=(0, 1))
    x = model.decode(codes).sample(seed=(0, 2)).numpy()
    posterior = model.encode(x)
    noise = np.square(posterior.stddev().numpy()[0])  # the same for every x
    weights, bias = (weight.numpy() for weight in model.likelihood.weights)
    kernel, shift = (weight.numpy()[..., :2] for weight in model.posterior.weights)
    of_means = kernel.T @ (weights.T @ weights + 0.49 * np.eye(6)) @ kernel
    aggregate = of_means + np.diag(noise)
    mean = bias @ kernel + shift
    information = 0.5 * (np.linalg.slogdet(aggregate)[1] - np.log(noise).sum())
    to_prior = 0.5 * (np.trace(aggregate) + mean @ mean - 2 - np.linalg.slogdet(aggregate)[1])
    dependence = 0.5 * (np.log(np.diag(aggregate)).sum() - np.linalg.slogdet(aggregate)[1])
    return model, x, {"mutual_information": information, "aggregate_kl": to_prior, "total_correlation": dependence}


@pytest.mark.parametrize("estimator", ["mixture", "neighbours"])
def test_both_estimators_find_the_closed_form(linear, estimator):
    model, x, exact = linear
    found = decompose_kl(model, x, estimator=estimator)
    for name, value in exact.items():
        if getattr(found, name) is not None:
            assert getattr(found, name) == pytest.approx(value, abs=4 * found.standard_error + 0.03), name


def test_the_parts_add_up_to_the_kl(linear):
    model, x, _ = linear
    for estimator in ("mixture", "weighted", "neighbours"):
        found = decompose_kl(model, x[:500], estimator=estimator)
        assert found.mutual_information + found.aggregate_kl == pytest.approx(found.kl, abs=1e-4)
        if found.total_correlation is not None:
            assert found.total_correlation + found.dimensionwise_kl == pytest.approx(found.aggregate_kl, abs=1e-4)


@pytest.mark.slow
def test_the_kl_is_the_models_own_within_its_error(linear):
    model, x, _ = linear
    model.compile(jit_compile=False)
    assert decompose_kl(model, x).kl == pytest.approx(model.evaluate(x, return_dict=True, verbose=0)["kl"], abs=0.1)


def test_batches_of_the_weighted_estimate_miss_a_factor_of_their_size(linear):
    model, x, _ = linear
    whole = decompose_kl(model, x[:512], estimator="mixture").mutual_information
    weighted = decompose_kl(model, x[:512], estimator="weighted", batch_size=512).mutual_information
    assert weighted - whole == pytest.approx(np.log(512), abs=1e-3)


@pytest.mark.slow
def test_the_weighted_estimate_does_not_depend_on_the_order_of_the_examples(linear):
    model, x, _ = linear
    one, other = (
        decompose_kl(model, rows, estimator="weighted", batch_size=64).mutual_information
        for rows in (x[:512], x[:512][np.argsort(model.encode(x[:512]).mean().numpy()[:, 0])])
    )
    assert one == pytest.approx(other, abs=0.2)


def test_codes_that_tell_every_example_carry_log_n_nats(linear):
    model, x, _ = linear
    kernel, _ = model.posterior.weights
    before = kernel.numpy()
    kernel.assign(before * [1000, 1000, 1, 1])
    try:
        assert decompose_kl(model, x[:200]).mutual_information == pytest.approx(np.log(200), abs=0.05)
    finally:
        kernel.assign(before)


@pytest.mark.parametrize("name", ["full_covariance_vae", "iaf_vae", "hyperspherical_vae", "vq_vae", "conditional_vae"])
def test_other_families_add_up_too(name):
    found = decompose_kl(recipes.create(name), recipes.examples(name), condition=recipes.conditions(name))
    assert 0 <= found.mutual_information <= np.log(48) + 1e-3
    assert found.mutual_information + found.aggregate_kl == pytest.approx(found.kl, abs=1e-3)


@pytest.mark.slow
def test_what_cannot_be_taken_apart_is_refused(linear, refused):
    model, x, _ = linear
    with refused("ae: it has no KL divergence"):
        decompose_kl(recipes.create("ae"), recipes.examples("ae"))
    with refused("ladder_vae: the aggregate posterior of several levels"):
        decompose_kl(recipes.create("ladder_vae"), recipes.examples("vae"))
    with refused("did you mean 'mixture'"):
        decompose_kl(model, x, estimator="mixtures")
    with refused("more than 5 examples"):
        decompose_kl(model, x[:5], estimator="neighbours")
    with refused("'neighbours' needs codes on all real vectors"):
        decompose_kl(
            recipes.create("hyperspherical_vae"), recipes.examples("hyperspherical_vae"), estimator="neighbours"
        )
    with refused("'weighted' needs independent dimensions"):
        decompose_kl(recipes.create("full_covariance_vae"), recipes.examples("vae"), estimator="weighted")
