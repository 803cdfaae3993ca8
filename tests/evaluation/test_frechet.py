import numpy as np
import pytest

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


def test_it_is_zero_for_equal_sets_symmetric_and_blind_to_rotation():
    one, two = RNG.normal(size=(50, 4)), RNG.normal(1, 2, size=(60, 4))
    rotation = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(one, two) == pytest.approx(frechet_distance(two, one))
    assert frechet_distance(one @ rotation, two @ rotation) == pytest.approx(frechet_distance(one, two))


@pytest.mark.parametrize("shapes", [((5, 2), (5, 3)), ((1, 2), (5, 2)), ((5,), (5,))], ids=str)
def test_other_shapes_are_refused(shapes):
    with pytest.raises(InvalidInputError, match="frechet_distance: expected"):
        frechet_distance(*(np.zeros(shape) for shape in shapes))
