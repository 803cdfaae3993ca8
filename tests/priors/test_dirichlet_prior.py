import numpy as np
import pytest
from scipy import stats

from keras_vae.priors.dirichlet_prior import DirichletPrior


@pytest.mark.parametrize("concentration", [0.3, 1, 5.0])
def test_the_log_density_is_scipys(concentration):
    prior, z = DirichletPrior((4,), concentration=concentration), np.random.default_rng(0).dirichlet([1] * 4, 10)
    expected = [stats.dirichlet([concentration] * 4).logpdf(row) for row in z]
    np.testing.assert_allclose(prior.distribution().log_prob(z.astype("float32")), expected, rtol=1e-3, atol=1e-3)


def test_without_preference_the_density_is_that_of_the_volume():
    np.testing.assert_allclose(DirichletPrior(3).distribution().log_prob([[0.2, 0.3, 0.5]]), np.log(2), rtol=1e-5)


def test_draws_of_a_small_concentration_are_corners_with_finite_density():
    prior = DirichletPrior((4,), concentration=0.01).distribution()
    z = prior.sample(1000, seed=(1, 2))
    assert np.mean(np.max(z, -1) > 0.99) > 0.8 and np.min(z) > 0
    assert np.isfinite(prior.log_prob(z)).all()
    np.testing.assert_allclose(np.mean(z, 0), 0.25, atol=0.05)


def test_its_support_and_its_limits(refused):
    prior = DirichletPrior((3,), concentration=0.5)
    assert prior.support == "simplex"
    for concentration in (0, -1.0, np.nan, "flat"):
        with refused("concentration must be a positive number"):
            DirichletPrior((3,), concentration=concentration)
    with refused(r"DirichletPrior: expected an event_shape \(D,\) with D >= 2"):
        DirichletPrior((3, 2))
