"""Mutual information, MIG and modularity, against hand-worked toys."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from keras_vae.evaluation.disentanglement import mig, modularity, mutual_information
from keras_vae.evaluation.disentanglement.modularity import modularity_of

RNG = np.random.default_rng(0)
FOUR = np.array(list(np.ndindex(2, 2, 2, 2)))
"""Four factors of two values, every combination once."""


def toy():
    """z0 = v0, z1 = v0 too, z2 = v1 + 2 v2, z3 = v3: the information is in units of ln 2, by hand."""
    codes = np.stack([FOUR[:, 0], 5 - FOUR[:, 0], FOUR[:, 1] + 2 * FOUR[:, 2], FOUR[:, 3]], axis=1)
    information = np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]])
    return codes, information * math.log(2)


def test_mutual_information_of_the_toy_is_worked_by_hand():
    codes, expected = toy()
    np.testing.assert_allclose(mutual_information(codes, FOUR), expected, atol=1e-12)


def test_mutual_information_agrees_with_scikit_learn_on_binned_codes():
    codes, factors = RNG.normal(size=(500, 3)), RNG.integers(7, size=(500, 2))
    codes[:, 0] += factors[:, 1]
    found = mutual_information(codes, factors, bins=20)
    for d, z in enumerate(codes.T):
        binned = np.digitize(z, np.histogram_bin_edges(z, 20)[1:-1])
        for k, v in enumerate(factors.T):
            assert found[d, k] == pytest.approx(mutual_info_score(binned, v), abs=1e-9)


def test_mig_of_the_toy_is_worked_by_hand():
    """v0 has two equal dimensions, so a gap of 0; v1, v2 and v3 have all of ln 2 in one dimension, so 1 each."""
    assert mig(toy()[0], FOUR) == pytest.approx(3 / 4)


def test_modularity_of_the_toy_is_worked_by_hand():
    """z2 tells as much of v1 as of v2: 1 - 1 / 3; the other three dimensions tell of one factor only."""
    assert modularity(toy()[0], FOUR) == pytest.approx((1 + 1 + 2 / 3 + 1) / 4)
    assert modularity_of(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])) == pytest.approx((1 - 1 / 8) / 2)


def test_a_perfect_code_has_one_and_noise_has_no_gap():
    factors = np.array(list(np.ndindex(3, 4, 5, 6)))
    assert mig(factors * [1.0, -2.0, 30.0, 0.1], factors) == pytest.approx(1)
    assert modularity(factors, factors) == pytest.approx(1)
    factors = RNG.integers(4, size=(10_000, 3))
    assert mig(RNG.normal(size=(10_000, 5)), factors) < 0.01


def test_a_dead_dimension_halves_modularity_and_leaves_mig():
    codes = np.pad(FOUR, ((0, 0), (0, 4)))
    assert mig(codes, FOUR) == pytest.approx(1)
    assert modularity(codes, FOUR) == pytest.approx(1 / 2)
    assert mig(np.zeros((16, 3)), FOUR) == modularity(np.zeros((16, 3)), FOUR) == 0


def test_one_dimension_and_one_factor_are_defined():
    assert mig(FOUR[:, :1], FOUR[:, :1]) == pytest.approx(1)
    assert modularity(FOUR[:, :2], FOUR[:, :1]) == pytest.approx(1 / 2)


def test_a_constant_factor_is_left_out():
    factors = np.insert(FOUR, 2, 7, axis=1)
    codes = toy()[0]
    assert mig(codes, factors) == pytest.approx(3 / 4)
    assert modularity(codes, factors) == pytest.approx(modularity(codes, FOUR))
    assert not mutual_information(codes, factors)[:, 2].any()


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    st.permutations(range(4)),
    st.lists(st.sampled_from([-8.0, -1.0, 0.25, 2.0]), min_size=4, max_size=4),
    st.permutations(range(4)),
)
def test_order_scale_and_sign_do_not_matter(dimensions, scales, columns):
    """Powers of two, which keep the bins exactly."""
    codes = RNG_CODES[:, dimensions] * scales
    for score in (mig, modularity):
        expected = score(RNG_CODES, FACTORS)
        assert score(codes, FACTORS[:, columns]) == pytest.approx(expected, abs=1e-9)


FACTORS = RNG.integers(3, size=(300, 4))
RNG_CODES = FACTORS @ RNG.normal(size=(4, 4)) + RNG.normal(size=(300, 4))


def test_information_is_never_negative_and_never_above_the_entropy():
    found = mutual_information(RNG_CODES, FACTORS)
    assert (found >= 0).all() and (found <= math.log(3) + 1e-9).all()
