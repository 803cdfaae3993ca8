import numpy as np
import pytest
from scipy import linalg

from keras_vae import InvalidInputError
from keras_vae.evaluation import frechet_distance

RNG = np.random.default_rng(0)


def exactly(mean, covariance, n=200):
    """A sample with exactly this mean and covariance."""
    x = RNG.normal(size=(n, len(mean)))
    x -= x.mean(axis=0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return x @ np.linalg.cholesky(covariance).T + mean


def test_of_diagonal_normals_it_is_the_closed_form():
    one, two = exactly([0, 1, 2], np.diag([1.0, 4.0, 9.0])), exactly([1, 1, 0], np.diag([4.0, 4.0, 0.25]))
    expected = 1 + 4 + (1 - 2) ** 2 + (3 - 0.5) ** 2
    assert frechet_distance(one, two) == pytest.approx(expected)


def test_of_correlated_pairs_it_is_the_closed_form():
    one, two = np.array([[2.0, 0.9], [0.9, 1.0]]), np.array([[1.0, -0.5], [-0.5, 3.0]])
    product = one @ two
    trace_of_root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))  # of any 2x2 matrix
    expected = 25 + np.trace(one) + np.trace(two) - 2 * trace_of_root
    assert frechet_distance(exactly([0, 0], one), exactly([3, 4], two)) == pytest.approx(expected)


def test_it_agrees_with_the_root_of_the_product():
    one, two = RNG.normal(size=(90, 8)) @ RNG.normal(size=(8, 8)), RNG.gamma(2, size=(70, 8))
    root = linalg.sqrtm(np.cov(one, rowvar=False) @ np.cov(two, rowvar=False)).real
    shift = one.mean(axis=0) - two.mean(axis=0)
    expected = shift @ shift + np.trace(np.cov(one, rowvar=False) + np.cov(two, rowvar=False) - 2 * root)
    assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-6)


def test_it_is_zero_for_equal_sets_symmetric_and_blind_to_rotation():
    one, two = RNG.normal(size=(50, 4)), RNG.normal(1, 2, size=(60, 4))
    rotation = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(one, two) == pytest.approx(frechet_distance(two, one))
    assert frechet_distance(one @ rotation, two @ rotation) == pytest.approx(frechet_distance(one, two))
    assert frechet_distance(3 * one, 3 * two) == pytest.approx(9 * frechet_distance(one, two))


@pytest.mark.parametrize("rows", [(5, 7), (5, 200), (200, 300)], ids=str)
def test_features_that_span_few_directions_give_what_these_directions_give(rows):
    few = [RNG.normal(i, 1 + i, size=(n, 3)) for i, n in enumerate(rows)]
    wide = np.linalg.qr(RNG.normal(size=(60, 60)))[0][:3]
    expected = frechet_distance(*few)
    assert frechet_distance(*(part @ wide for part in few)) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(few[0] @ wide, few[0] @ wide) == pytest.approx(0, abs=1e-9)


def test_features_that_do_not_vary_leave_the_means():
    assert frechet_distance(np.full((2, 3), 1.0), np.full((9, 3), 3.0)) == pytest.approx(12)
    assert frechet_distance(np.full((9, 3), 2.0), np.full((9, 3), 2.0)) == 0
    assert frechet_distance(np.full((9, 1), 2.0), np.arange(3.0)[:, None]) == pytest.approx(1 + 1)


@pytest.mark.parametrize("shapes", [((5, 2), (5, 3)), ((1, 2), (5, 2)), ((5,), (5,)), ((5, 0), (5, 0))], ids=str)
def test_other_shapes_are_refused(shapes):
    with pytest.raises(InvalidInputError, match="frechet_distance: expected"):
        frechet_distance(*(np.zeros(shape) for shape in shapes))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300, "a"], ids=str)
def test_values_that_are_no_finite_numbers_are_refused(bad):
    with pytest.raises(InvalidInputError, match="frechet_distance: expected .* numbers"):
        frechet_distance([[0.0], [1.0]], [[0.0], [bad]])
