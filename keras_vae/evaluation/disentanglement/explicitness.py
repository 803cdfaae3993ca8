"""The explicitness score."""

import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.disentanglement.pool import LEAST, check_pool, split_rows, varying


def explicitness(
    codes: np.ndarray, factors: np.ndarray, *, train: int = 10_000, test: int = 5_000, seed: int = 0
) -> float:
    """How well logistic regression on all dimensions separates each value of a factor from the others.

        1 / K sum_k 1 / V_k sum_v (2 AUC_kv - 1)        AUC_kv: the area under the ROC curve of v_k = v against the rest

    on test rows. Chance level is 0 and the maximum is 1; Ridgeway & Mozer report the mean AUC, from 0.5 to 1. The
    latents are standardized, so the scale of a dimension has no effect. A value is used if some but not all training
    rows, and some but not all test rows, have it. Constant factors are left out.

    Args:
        codes: latents `(N, D)`, one row per example, such as the posterior means.
        factors: `(N, K)` integers, the indices of the values of the factors.
        train: maximum number of rows for training.
        test: maximum number of rows for testing. If there are fewer rows than `train` + `test`, they are split in this
            ratio.
        seed: seed of the split.

    Raises:
        InvalidInputError: if the arrays do not match or have fewer than 10 rows, if no factor varies or none has a
            value in both training and testing, or if an argument is out of its range.

    Example:

    >>> factors = np.random.default_rng(0).integers(2, size=(999, 3))
    >>> explicitness(factors.astype(float), factors)
    1.0

    Reference: Ridgeway & Mozer, 2018, https://arxiv.org/abs/1802.05312
    """
    from sklearn.preprocessing import StandardScaler

    codes, factors = check_pool("explicitness", codes, factors, least=LEAST)
    fit, held = split_rows("explicitness", len(codes), train=train, test=test, seed=seed)
    scaler = StandardScaler().fit(codes[fit])
    x, unseen = scaler.transform(codes[fit]), scaler.transform(codes[held])
    areas = [_areas(x, factors[fit, k], unseen, factors[held, k]) for k in varying("explicitness", factors[fit])]
    means = [np.mean(of_factor) for of_factor in areas if of_factor]
    if not means:
        raise InvalidInputError(
            f"explicitness: expected a factor with values in both training and testing; got none in {len(codes)} rows. "
            "Give more rows, or factors with fewer values."
        )
    return float(2 * np.mean(means) - 1)


def _areas(x, labels, unseen, answers):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    areas = []
    for value in np.unique(answers):
        one, other = labels == value, answers == value
        if one.any() and not one.all() and not other.all():
            classifier = LogisticRegression(solver="newton-cholesky").fit(x, one)
            areas.append(roc_auc_score(other, classifier.decision_function(unseen)))
    return areas
