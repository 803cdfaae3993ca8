import numpy as np
import pytest
import recipes
from linear_model import linear_example

from keras_vae import GaussianMixturePrior
from keras_vae.evaluation import Budget, annealed_log_likelihood


@pytest.fixture(scope="module")
def linear():
    return linear_example()


@pytest.mark.slow
def test_it_is_the_exact_log_likelihood_within_its_error(linear):
    model, x, exact = linear
    found = annealed_log_likelihood(model, x, chains=16, steps=200, leapfrog_steps=5)
    error = found.log_likelihood - exact
    assert abs(error.mean()) < 4 * np.sqrt((found.standard_error**2).sum()) / len(x)
    assert 0.5 < np.std(error / found.standard_error) < 2
    assert (found.effective_sample_size > 4).all()


@pytest.mark.slow
def test_more_temperatures_are_more_exact(linear):
    model, x, exact = linear
    errors = [
        np.abs(
            annealed_log_likelihood(model, x[:20], chains=8, steps=steps, leapfrog_steps=3).log_likelihood - exact[:20]
        )
        for steps in (2, 80)
    ]
    assert errors[1].mean() < errors[0].mean() / 2


@pytest.mark.slow
def test_it_finds_what_a_poor_encoder_hides_from_the_bound(linear):
    model, x, exact = linear
    kernel, bias = model.posterior.weights
    before = kernel.numpy(), bias.numpy()
    kernel.assign(np.zeros_like(before[0]))  # q(z | x) = N(4, 0.1^2), far from every true posterior
    bias.assign([4.0, 4.0, np.log(np.expm1(0.1)), np.log(np.expm1(0.1))])
    try:
        bound = model.log_likelihood(x[:10], samples=500)
        annealed = annealed_log_likelihood(model, x[:10], chains=16, steps=80, leapfrog_steps=5).log_likelihood
    finally:
        kernel.assign(before[0])
        bias.assign(before[1])
    assert (bound < exact[:10] - 5).all()
    assert np.abs(annealed - exact[:10]).mean() < 0.3


@pytest.mark.slow
def test_examples_do_not_depend_on_how_they_are_batched_but_for_their_noise(linear):
    model, x, exact = linear
    options = {"chains": 8, "steps": 40, "leapfrog_steps": 3}
    whole = annealed_log_likelihood(model, x[:5], **options)
    again = annealed_log_likelihood(model, x[:5], **options)
    np.testing.assert_allclose(whole.log_likelihood, again.log_likelihood, atol=1e-4)
    parts = annealed_log_likelihood(model, x[:5], batch_size=2, **options).log_likelihood
    assert parts.shape == (5,)
    assert np.abs(parts - exact[:5]).mean() < 0.7


@pytest.mark.slow
def test_it_works_with_a_fitted_prior():
    ae = recipes.create("ae")
    fitted = ae.with_prior(GaussianMixturePrior.fit(ae.encode(recipes.examples("vae")).mean(), components=2))
    result = annealed_log_likelihood(fitted, recipes.examples("vae", 3), chains=2, steps=3, leapfrog_steps=2)
    assert np.isfinite(result.log_likelihood).all()


@pytest.mark.parametrize("name", ["ae", "vq_vae", "hyperspherical_vae", "semi_supervised_vae"])
def test_models_without_a_density_over_real_codes_are_refused(name, refused):
    with refused(f"{name}: annealed importance sampling"):
        annealed_log_likelihood(recipes.create(name), recipes.examples(name, 3))


def test_bad_arguments_are_refused(linear, refused):
    model, x, _ = linear
    for options, part in (({"chains": 0}, "chains"), ({"steps": 1.5}, "steps"), ({"seed": -1}, "seed")):
        with refused(part):
            annealed_log_likelihood(model, x, **options)
    with refused("expected shape"):
        annealed_log_likelihood(model, x[:, :3])


def test_large_examples_have_less_work_unless_more_is_asked_for():
    assert [Budget().weighted_for(size) for size in (784, 4096, 12288)] == [10_000, 10_000, 1000]
    assert [Budget(weighted=5).weighted_for(784), Budget(examples=200).weighted_for(12288)] == [5, 200]
    assert [Budget().annealed_for(size) for size in (784, 4096, 12288)] == [32, 32, 0]
    assert [Budget(annealed=number).annealed_for(12288) for number in (0, 5)] == [0, 5]
