import itertools

import numpy as np
import pytest

from keras_vae.evaluation.kid import kernel_distance

RNG = np.random.default_rng(0)


def moments(mean, covariance):
    """E u, E u u, E u u u of a normal distribution."""
    second = covariance + np.multiply.outer(mean, mean)
    third = sum(np.einsum(f"i,jk->{order}", mean, covariance) for order in ("ijk", "jik", "jki")) + np.einsum(
        "i,j,k->ijk", mean, mean, mean
    )
    return mean, second, third


def closed_form(one, two):
    """(u . v / D + 1)^3 is a sum of inner products of powers, so MMD^2 is one of squared differences of moments."""
    dimension = len(one[0])
    pairs = zip(moments(*one), moments(*two), strict=True)
    weights = (3 / dimension, 3 / dimension**2, 1 / dimension**3)
    return sum(weight * np.sum((a - b) ** 2) for weight, (a, b) in zip(weights, pairs, strict=True))


@pytest.mark.parametrize(
    "laws",
    [
        ((np.array([0.0]), np.array([[1.0]])), (np.array([0.5]), np.array([[2.0]]))),
        (
            (np.array([0.3, -0.2]), np.array([[1.0, 0.6], [0.6, 2.0]])),
            (np.zeros(2), np.array([[1.0, -0.3], [-0.3, 0.5]])),
        ),
    ],
    ids=["1-D", "2-D"],
)
def test_of_normal_distributions_it_is_the_closed_form(laws):
    draws = [RNG.multivariate_normal(*law, size=20_000) for law in laws]
    value, error = kernel_distance(*draws, subsets=40, subset_size=500)
    expected = closed_form(*laws)
    assert abs(value - expected) < 4 * error
    assert error < expected / 8


@pytest.mark.slow
def test_the_mean_over_many_small_subsets_is_the_estimate_from_all_pairs():
    u, v = RNG.normal(size=(6, 3)), RNG.normal(1, size=(5, 3))

    def mean_kernel(pairs):
        return np.mean([(a @ b / 3 + 1) ** 3 for a, b in pairs])

    expected = sum(mean_kernel(itertools.permutations(x, 2)) for x in (u, v)) - 2 * mean_kernel(itertools.product(u, v))
    value, _ = kernel_distance(u, v, subsets=40_000, subset_size=2)
    assert value == pytest.approx(expected, rel=0.03)


def test_for_equal_laws_it_is_zero_on_average_however_few_the_rows():
    values, errors = np.transpose(
        [kernel_distance(*RNG.normal(size=(2, 20, 3)), subsets=4, subset_size=5) for _ in range(1500)]
    )
    spread = values.std() / np.sqrt(len(values))
    assert abs(values.mean()) < 3 * spread
    assert (values < 0).mean() > 0.3
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.25)


@pytest.mark.slow
def test_the_standard_error_is_that_over_other_sets():
    values, errors = np.transpose(
        [
            kernel_distance(RNG.normal(size=(200, 2)), RNG.normal(0.7, 1, size=(300, 2)), subsets=20, subset_size=50)
            for _ in range(300)
        ]
    )
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.25)


def test_it_is_blind_to_rotation_and_repeats_with_the_seed():
    u, v = RNG.normal(size=(60, 4)), RNG.normal(1, size=(50, 4))
    rotation = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    found = kernel_distance(u, v, subset_size=10, seed=3)
    assert found == kernel_distance(u, v, subset_size=10, seed=3)
    assert found.value != kernel_distance(u, v, subset_size=10, seed=4).value
    assert kernel_distance(u @ rotation, v @ rotation, subset_size=10, seed=3) == pytest.approx(found)


def test_points_that_do_not_vary_give_the_kernel_itself():
    value, error = kernel_distance(np.zeros((4, 2)), np.ones((9, 2)))
    assert value == pytest.approx(1 + 8 - 2) and error == 0


def test_rows_in_pieces_give_the_same(monkeypatch):
    u, v = RNG.normal(size=(60, 4)), RNG.normal(1, size=(50, 4))
    whole = kernel_distance(u, v)
    monkeypatch.setattr("keras_vae.evaluation.kid.PAIRS", 70)
    assert kernel_distance(u, v) == pytest.approx(whole)


@pytest.mark.parametrize(
    ("features", "others", "options", "match"),
    [
        (np.zeros((3, 2)), np.zeros((9, 2)), {}, "N, M >= 4; got"),
        (np.zeros((9, 2)), np.zeros((9, 3)), {}, "kernel_distance: expected"),
        (np.zeros(9), np.zeros(9), {}, "kernel_distance: expected"),
        (np.zeros((9, 2)), np.full((9, 2), np.nan), {}, "expected finite numbers"),
        (np.zeros((9, 2)), np.zeros((9, 2)), {"subsets": 1}, "subsets must be an integer >= 2"),
        (np.zeros((9, 2)), np.zeros((9, 2)), {"subset_size": 1.5}, "subset_size must be an integer >= 2"),
        (np.zeros((9, 2)), np.zeros((9, 2)), {"seed": -1}, "seed must be"),
    ],
)
def test_what_cannot_be_used_is_refused(features, others, options, match, refused):
    with refused(match):
        kernel_distance(features, others, **options)
