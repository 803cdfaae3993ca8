"""The scores that train predictors: DCI, SAP, explicitness; and IRS, which does not."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from keras_vae.evaluation.disentanglement import dci, explicitness, irs, sap
from keras_vae.evaluation.disentanglement.dci import concentration

RNG = np.random.default_rng(0)
FACTORS = RNG.integers([2, 2, 3, 4], size=(1200, 4))
MIXED = FACTORS @ RNG.normal(size=(4, 5)) + 0.5 * RNG.normal(size=(1200, 5))
NOISE = RNG.normal(size=(1200, 5))


def test_entropies_of_a_given_importance_are_worked_by_hand():
    """Rows (4, 0, 0, 0), (0, 2, 2, 0), (1, 1, 1, 1), (0, 0, 0, 0): entropies 0, 1/2, 1 to base 4, weights 1/3 each.

    The columns sum to 5, 3, 3, 1: their entropies are those of (4, 1)/5, (2, 1)/3, (2, 1)/3 and (1).
    """
    importance = np.array([[4, 0, 0, 0], [0, 2, 2, 0], [1, 1, 1, 1], [0, 0, 0, 0]], float)
    assert concentration(importance) == pytest.approx((1 + 1 / 2 + 0) / 3)
    fifth = (math.log2(5) - 4 / 5 * math.log2(4)) / 2
    third = (math.log2(3) - 2 / 3) / 2
    expected = (5 * (1 - fifth) + 6 * (1 - third) + 1) / 12
    assert concentration(importance.T) == pytest.approx(expected)
    assert concentration(np.array([[1.0, 0.0], [5e-324, 0.0]])) == 1
    assert concentration(np.zeros((3, 2))) == 0 and concentration(np.ones((3, 1))) == 1


def test_dci_of_a_perfect_code_is_one_and_a_copy_costs_completeness_alone():
    found = dci(FACTORS * [1.0, -2.0, 0.1, 5.0], FACTORS, stages=15)
    assert found[:3] == pytest.approx((1, 1, 1), abs=1e-6)
    np.testing.assert_allclose(found.importance, np.eye(4), atol=1e-6)
    split = FACTORS[:, 3] // 2, FACTORS[:, 3] % 2
    found = dci(np.stack([*FACTORS.T[:3], *split], axis=1), FACTORS, stages=15)
    assert found.disentanglement == pytest.approx(1, abs=1e-3) and 0.6 < found.completeness < 0.95


def test_dci_of_noise_is_near_zero_and_guesses():
    found = dci(NOISE, FACTORS, stages=20)
    assert found.disentanglement < 0.1 and found.completeness < 0.1
    assert found.informativeness == pytest.approx(np.mean([1 / 2, 1 / 2, 1 / 3, 1 / 4]), abs=0.06)


def test_dci_is_blind_to_order_scale_and_sign():
    one = dci(MIXED, FACTORS, stages=10)
    other = dci(MIXED[:, ::-1] * [4.0, -2.0, 8.0, 0.25, -1.0], FACTORS, stages=10)
    assert other[:3] == pytest.approx(one[:3], abs=0.03)
    np.testing.assert_allclose(other.importance[::-1], one.importance, atol=0.03)
    np.testing.assert_allclose(one.importance.sum(axis=0), 1)


def test_dci_of_a_dead_code_is_zero_and_constant_factors_have_an_empty_column():
    found = dci(np.zeros((1200, 3)), np.insert(FACTORS, 1, 9, axis=1), stages=3)
    assert found[:2] == (0, 0) and found.importance.shape == (3, 5) and not found.importance.any()
    found = dci(FACTORS, np.insert(FACTORS, 1, 9, axis=1), stages=10)
    assert found.disentanglement == pytest.approx(1, abs=1e-6) and not found.importance[:, 1].any()


def test_cutting_at_quantiles_hardly_changes_what_the_trees_find():
    from sklearn.ensemble import GradientBoostingClassifier

    found = dci(MIXED, FACTORS[:, 2:3], train=800, test=400, stages=20)
    rows = np.random.default_rng(0).permutation(1200)
    trees = GradientBoostingClassifier(n_estimators=20, random_state=0).fit(MIXED[rows[:800]], FACTORS[rows[:800], 2])
    np.testing.assert_allclose(found.importance[:, 0], trees.feature_importances_, atol=0.02)
    assert found.informativeness == pytest.approx(trees.score(MIXED[rows[800:]], FACTORS[rows[800:], 2]), abs=0.02)


def test_sap_gaps_of_binary_factors_are_worked_by_hand():
    """z0 = v0 exactly, and 90 of 100 in z1 agree with v1; a useless dimension is right half of the time.

    The gaps are 1 - 1/2 and 0.9 - 1/2.
    """
    factors = np.array(list(np.ndindex(2, 2, 100)))
    wrong = factors[:, 2] >= 90
    codes = np.stack([factors[:, 0] * 4.0, np.where(wrong, 1 - factors[:, 1], factors[:, 1]) * 4.0], axis=1)
    codes, factors = np.tile(codes, (20, 1)), np.tile(factors[:, :2], (20, 1))
    assert sap(codes, factors) == pytest.approx((0.5 + 0.4) / 2, abs=0.02)


def test_sap_of_noise_is_near_zero_and_of_a_copy_zero():
    assert abs(sap(NOISE, FACTORS)) < 0.06
    assert sap(np.repeat(FACTORS[:, :1] * 3.0, 2, axis=1), FACTORS[:, :1]) == 0
    assert sap(np.zeros((1200, 2)), FACTORS) == 0


def test_sap_compares_one_dimension_to_a_constant():
    assert sap(FACTORS[:, :1] * 4.0, FACTORS[:, :1]) == pytest.approx(1 / 2, abs=0.06)


def test_explicitness_is_one_for_separable_and_zero_for_noise():
    one_hot = np.concatenate([np.eye(4)[FACTORS[:, 3]], np.eye(3)[FACTORS[:, 2]]], axis=1)
    assert explicitness(one_hot @ RNG.normal(size=(7, 7)), FACTORS[:, 2:]) == pytest.approx(1)
    assert abs(explicitness(NOISE, FACTORS)) < 0.08
    assert explicitness(np.zeros((1200, 2)), FACTORS) == 0


def test_explicitness_of_one_dimension_is_its_own_area():
    """For one dimension any fitted line orders as the dimension does: the area needs no classifier."""
    z = FACTORS[:, :1] + RNG.normal(size=(1200, 1))
    found = explicitness(z, FACTORS[:, :1], train=800, test=400)
    held = np.random.default_rng(0).permutation(1200)[800:]
    assert found == pytest.approx(2 * roc_auc_score(FACTORS[held, 0], z[held, 0]) - 1)


@pytest.mark.parametrize("score", [sap, explicitness, irs])
def test_order_and_sign_do_not_matter(score):
    assert score(-MIXED[:, ::-1], FACTORS) == pytest.approx(score(MIXED, FACTORS), abs=5e-3)


def test_scale_does_not_matter_to_explicitness():
    scales = [0.01, 1.0, 100.0, 3.0, 7.0]
    assert explicitness(MIXED * scales, FACTORS) == pytest.approx(explicitness(MIXED, FACTORS), abs=1e-6)


def test_irs_is_worked_by_hand():
    """z0 = 4 v0 + v1, with means 0.5 and 4.5 given v0, is off by 0.5; the mean is 2.5 and the largest deviation 2.5.

    z1 = v1 stands still: 1. The deviations 2.5 and 0.5 are the weights.
    """
    factors = np.array(list(np.ndindex(2, 2)))
    codes = np.stack([4 * factors[:, 0] + factors[:, 1], factors[:, 1]], axis=1)
    assert irs(codes, factors) == pytest.approx((2.5 * (1 - 0.5 / 2.5) + 0.5 * 1) / 3)


def test_irs_of_a_perfect_code_is_one_and_dead_dimensions_are_left_out():
    codes = FACTORS * [1.0, -2.0, 0.1, 30.0]
    assert irs(codes, FACTORS) == pytest.approx(1)
    assert irs(np.pad(codes, ((0, 0), (0, 3))), np.insert(FACTORS, 0, 1, axis=1)) == pytest.approx(1)
    assert irs(np.full((1200, 2), 0.3), FACTORS) == 0


def test_irs_of_noise_is_one_less_the_quantile_over_the_maximum():
    z, factors = RNG.uniform(-1, 1, size=(10_000, 3)), RNG.integers(2, size=(10_000, 2))
    assert irs(z, factors, quantile=0.5) == pytest.approx(1 / 2, abs=0.02)
    assert irs(z, factors) == pytest.approx(0.01, abs=0.01)


def test_other_options_are_refused(refused):
    with refused("quantile must be a number > 0 and <= 1"):
        irs(NOISE, FACTORS, quantile=0)
    with refused("stages must be an integer"):
        dci(NOISE, FACTORS, stages=0)
    with refused("expected a factor with values in both"):
        explicitness(NOISE[:20], np.arange(20)[:, None])
