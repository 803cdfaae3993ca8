"""Scores of strange examples: which kinds of models and examples have them, and what they find."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from keras_vae import zoo
from keras_vae.data import Split
from keras_vae.data.digits import read_digits
from keras_vae.data.lazy_array import InMemory
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import ANOMALY_SCORES, AnomalyScorer, NeighbourDistance

DIGITS = read_digits().train
LABELLED = Split(DIGITS.x[:120], DIGITS.y[:120])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "options", "missing"),
    [
        ("vae", {}, set()),
        ("conditional_vae", {"condition": 10}, set()),
        ("ae", {}, {"kl"}),
    ],
)
def test_images_far_from_the_reference_are_strange_to_every_model(recipe, options, missing):
    model = zoo.create(recipe, (8, 8, 1), latent_dim=2, units=(8,), seed=0, **options)
    scorer = AnomalyScorer(model, LABELLED)
    odd = np.concatenate([np.zeros((5, 8, 8, 1)), np.ones((5, 8, 8, 1)), np.random.default_rng(0).random((5, 8, 8, 1))])
    y = None if model.condition is None else DIGITS.y[200:250]
    usual = scorer(InMemory(DIGITS.x[200:250]), y)
    strange = scorer(odd.astype("float32"), None if y is None else y[:15])
    assert {*ANOMALY_SCORES} - {*usual} == missing and scorer.names[0] == "combined"
    assert all(np.isfinite(values).all() and values.shape == (50,) for values in usual.values())
    both = np.concatenate([usual["combined"], strange["combined"]])
    assert roc_auc_score(np.repeat([0, 1], [50, 15]), both) > 0.95
    assert (strange["combined"] > scorer.threshold("combined", 0.95)).all()


@pytest.mark.slow
def test_a_table_with_missing_values_has_the_scores_that_need_no_image():
    x = np.random.default_rng(0).normal(size=(200, 3)).astype("float32")
    x[::7, 1] = np.nan
    model = zoo.masked_vae((3,), 2, base="normal", units=(8,), seed=0)
    scorer = AnomalyScorer(model, x[:150], x[150:])
    scores = scorer(np.array([[0.5, -1, 0.7], [9, np.nan, -9]], "float32"))
    assert {*ANOMALY_SCORES} - {*scores} == {"complexity"}
    assert scores["combined"][1] > scorer.threshold("combined") > scores["combined"][0]
    assert scorer.shares("combined", scores["combined"])[1] == 1 / 51


@pytest.mark.slow
def test_the_threshold_is_a_quantile_of_the_calibration_examples():
    scorer = AnomalyScorer(zoo.vae((8, 8, 1), 2, units=(8,), seed=0), DIGITS.x[:100], DIGITS.x[100:200])
    scores = scorer(DIGITS.x[100:200])["error"]
    assert np.mean(scores > scorer.threshold("error", 0.9)) <= 0.1
    assert scorer.shares("error", scores).min() == 2 / 101
    with pytest.raises(InvalidInputError, match="quantile: expected a number between 0 and 1, got 1"):
        scorer.threshold("error", 1)
    with pytest.raises(InvalidInputError, match="reference: expected more than 5 examples besides the 20%"):
        AnomalyScorer(scorer.model, DIGITS.x[:4])
    with pytest.raises(InvalidInputError, match=r"expected shape \(N, 8, 8, 1\), got \(5, 8, 8, 3\)"):
        scorer(np.zeros((5, 8, 8, 3), "uint8"))


def test_equal_rows_and_constant_columns_have_distances():
    rows = np.repeat([[0.0, 1.0], [2.0, 1.0]], 10, axis=0)
    near, far = NeighbourDistance(rows)([[0.0, 1.0], [0.0, 3.0]])
    assert np.isfinite(near) and far > near
