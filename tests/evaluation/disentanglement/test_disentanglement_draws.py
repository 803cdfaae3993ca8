"""The scores that draw batches: beta-VAE and FactorVAE, and the groups they draw from."""

import numpy as np
import pytest

from keras_vae.evaluation.disentanglement import beta_vae_score, factor_vae_score
from keras_vae.evaluation.disentanglement.groups import Groups

RNG = np.random.default_rng(0)
FACTORS = RNG.integers([2, 3, 4, 5], size=(2000, 4))
MIXED = FACTORS @ RNG.normal(size=(4, 6)) + 0.5 * RNG.normal(size=(2000, 6))
NOISE = RNG.normal(size=(2000, 6))
FEW = {"train": 3000, "test": 1500}
BOTH = pytest.mark.parametrize("score", [beta_vae_score, factor_vae_score])


def test_groups_draw_each_row_of_a_cell_equally_often():
    factors = np.array([[0, 1], [1, 0], [0, 0], [0, 1]])
    groups = Groups(factors)
    for cell in range(4):
        drawn = np.bincount(groups.draw(np.full((300, 100), cell), np.random.default_rng(1)).ravel(), minlength=4)
        rows = (groups.cells == cell).any(axis=1)
        assert not drawn[~rows].any()
        np.testing.assert_allclose(drawn[rows] / 30_000, 1 / rows.sum(), atol=0.02)


@BOTH
def test_a_perfect_code_has_one_in_any_order_and_sign(score):
    assert score(FACTORS[:, [2, 0, 3, 1]] * [1.0, -1.0, 1.0, -1.0], FACTORS, **FEW) == 1


@BOTH
def test_noise_is_at_chance(score):
    assert score(NOISE, FACTORS, **FEW) == pytest.approx(1 / 4, abs=0.06)


def test_a_code_of_two_of_four_factors_is_worked_by_hand():
    """Half of the points fix a factor of the code, and these are named.

    For the others the pairs only tell that it is one of two, which is right half of the time: 3 / 4. In FactorVAE the
    least of two dimensions that both vary votes for its own factor, which is wrong: 1 / 2.
    """
    assert beta_vae_score(FACTORS[:, 2:], FACTORS, **FEW) == pytest.approx(3 / 4, abs=0.06)
    assert factor_vae_score(FACTORS[:, 2:], FACTORS, **FEW) == pytest.approx(1 / 2, abs=0.06)


@pytest.mark.slow
@BOTH
def test_it_is_a_function_of_the_seed(score):
    first = score(MIXED, FACTORS, **FEW)
    assert score(MIXED, FACTORS, **FEW) == first
    assert abs(score(MIXED, FACTORS, **FEW, seed=1) - first) < 0.05
    assert 1 / 4 < first < 1


@BOTH
def test_a_constant_factor_and_a_constant_dimension_change_nothing(score):
    expected = score(MIXED, FACTORS, **FEW)
    assert score(np.pad(MIXED, ((0, 0), (0, 2))), np.insert(FACTORS, 1, 3, axis=1), **FEW) == pytest.approx(
        expected, abs=1e-3
    )


def test_factor_vae_is_blind_to_scale_sign_and_order_above_the_threshold():
    changed = MIXED[:, ::-1] * [4.0, -2.0, 8.0, -4.0, 2.0, 16.0] + 3.0
    assert factor_vae_score(changed, FACTORS, **FEW) == pytest.approx(factor_vae_score(MIXED, FACTORS, **FEW))


@pytest.mark.slow
def test_beta_vae_is_blind_to_order_and_sign_and_nearly_to_scale():
    expected = beta_vae_score(MIXED, FACTORS, **FEW)
    assert beta_vae_score(-MIXED[:, ::-1], FACTORS, **FEW) == pytest.approx(expected, abs=2e-3)
    assert beta_vae_score(MIXED * 2.0, FACTORS, **FEW) == pytest.approx(expected, abs=0.03)


def test_factor_vae_prunes_by_variance_not_by_standard_deviation():
    unit = (FACTORS - FACTORS.mean(axis=0)) / FACTORS.std(axis=0)
    assert factor_vae_score(unit * 0.2237, FACTORS, **FEW) == 1, "a variance of 0.05004"
    assert factor_vae_score(unit * 0.2235, FACTORS, **FEW) == 0, "a variance of 0.04995: nothing is left"
    assert factor_vae_score(unit * 0.2235, FACTORS, **FEW, prune=0.0) == 1


def test_a_collapsed_code_is_zero_for_factor_vae_and_chance_for_beta_vae():
    zeros = np.full((2000, 3), 0.1)
    assert factor_vae_score(zeros, FACTORS, **FEW, prune=0) == 0
    assert beta_vae_score(zeros, FACTORS, **FEW) == pytest.approx(1 / 4, abs=0.05)


@BOTH
def test_one_factor_is_always_named(score):
    assert score(NOISE, FACTORS[:, :1], **FEW) == 1


@BOTH
@pytest.mark.parametrize("option", ["batch", "train", "test"])
def test_other_options_are_refused(score, option, refused):
    with refused(f"{option} must be an integer"):
        score(NOISE, FACTORS, **{option: 0})


@pytest.mark.parametrize("prune", [-1, float("nan"), "a", True])
def test_other_thresholds_are_refused(prune, refused):
    with refused("prune must be a number >= 0"):
        factor_vae_score(NOISE, FACTORS, prune=prune)
