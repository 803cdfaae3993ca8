"""UDR: models that agree, models that do not, and the formula."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from keras_vae.evaluation.disentanglement import udr

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(4000, 4))
ROTATED = Z @ np.linalg.qr(RNG.normal(size=(4, 4)))[0]
KINDS = pytest.mark.parametrize(("similarity", "top"), [("spearman", 1.0), ("lasso", 0.9)])


@KINDS
def test_models_that_agree_up_to_order_scale_and_sign_score_high_and_a_rotated_one_low(similarity, top):
    scores = udr([Z, Z[:, ::-1] * [-1, 5, 0.1, -3], Z[:, [2, 3, 0, 1]] + 4, ROTATED], similarity=similarity)
    np.testing.assert_allclose(scores[:3], top, atol=0.06)
    assert scores[3] < 0.6


def test_codes_without_relation_score_near_zero():
    unrelated = [RNG.normal(size=(4000, 3)) for _ in range(3)]
    assert udr(unrelated).max() < 0.05
    assert not udr(unrelated, similarity="lasso").any()


def test_it_is_the_formula_of_the_paper_in_loops():
    one, two = Z @ RNG.normal(size=(4, 3)), Z @ RNG.normal(size=(4, 5))
    r = np.array([[abs(spearmanr(a, b).statistic) for b in two.T] for a in one.T])
    expected = sum(max(row) ** 2 / sum(row) for row in r) + sum(max(column) ** 2 / sum(column) for column in r.T)
    np.testing.assert_allclose(udr([one, two]), expected / 8)


def test_the_score_is_the_median_over_the_other_models():
    a, b, c = Z, ROTATED, Z**3 + RNG.normal(size=Z.shape)
    pairs = {name: udr(two)[0] for name, two in {"ab": [a, b], "ac": [a, c], "bc": [b, c]}.items()}
    expected = [
        (pairs["ab"] + pairs["ac"]) / 2,
        (pairs["ab"] + pairs["bc"]) / 2,
        (pairs["ac"] + pairs["bc"]) / 2,
    ]
    np.testing.assert_allclose(udr([a, b, c]), expected)


@KINDS
def test_dimensions_without_information_are_left_out(similarity, top):
    dead = np.concatenate([Z, 1e-3 * RNG.normal(size=(4000, 6))], axis=1)
    kl = [np.array([1.0] * 4), np.array([1.0] * 4 + [0.01] * 6)]
    expected = udr([Z, Z], similarity=similarity)
    np.testing.assert_allclose(udr([Z, dead], kl=kl, similarity=similarity), expected)
    assert udr([Z, dead], similarity=similarity).max() < 0.8 * top
    np.testing.assert_allclose(udr([Z, np.pad(Z, ((0, 0), (0, 2)))], similarity=similarity), expected)


@KINDS
def test_a_collapsed_model_scores_zero(similarity, top):
    np.testing.assert_allclose(udr([Z, Z, np.zeros((4000, 4))], similarity=similarity)[2], 0)


def test_other_input_is_refused(refused):
    for codes, options, match in [
        ([Z], {}, "two or more models"),
        ([Z, Z[:5]], {}, "codes of the same examples"),
        ([Z, Z * np.nan], {}, "model 1: expected finite"),
        ([Z, Z], {"similarity": "pearson"}, "similarity must be one of"),
        ([Z, Z], {"kl": [np.ones(4), np.ones(3)]}, "expected finite kl"),
        ([Z, Z], {"kl": [np.ones(4), np.full(4, np.nan)]}, "expected finite kl"),
        ([Z, Z], {"samples": 1}, "samples must be"),
    ]:
        with refused(match):
            udr(codes, **options)
