"""The separated attribute predictability score."""

import numpy as np

from keras_vae.evaluation.disentanglement.pool import LEAST, check_pool, split_rows, varying

C = 0.01


def sap(codes: np.ndarray, factors: np.ndarray, *, train: int = 10_000, test: int = 5_000, seed: int = 0) -> float:
    """The gap between the two dimensions that predict a factor best, averaged over the factors.

        1 / K sum_k (A_d1,k - A_d2,k)        A_dk: the test accuracy of a linear classifier of v_k from z_d

    The classifier is a linear support vector machine with C = 0.01, balanced classes, and one class against the rest.
    The score is 0 or more, and near 0 for noise. Because the second dimension reaches at least chance level, the
    maximum is 1 minus chance level, which is 0.5 for a factor with two equally frequent values. A linear classifier of
    one dimension cannot separate the middle values of an ordered factor, so factors with many values stay far below the
    maximum. Because the classifier is regularized, the score depends on the scale of the latents; it is meant for a
    scale of about 1, as under the prior N(0, I). Constant factors are left out. With one dimension, the second one is a
    constant.

    Args:
        codes: latents `(N, D)`, one row per example, such as the posterior means.
        factors: `(N, K)` integers, the indices of the values of the factors.
        train: maximum number of rows for training.
        test: maximum number of rows for testing. If there are fewer rows than `train` + `test`, they are split in this
            ratio.
        seed: seed of the split.

    Raises:
        InvalidInputError: if the arrays do not match or have fewer than 10 rows, if no factor varies, or if an argument
            is out of its range.

    Example:

    >>> factors = np.random.default_rng(0).integers(2, size=(999, 3))
    >>> 0.4 < sap(4.0 * factors, factors) < 0.6
    True

    References: Kumar, Sattigeri & Balakrishnan, 2018, https://arxiv.org/abs/1711.00848; sizes: Locatello et al., 2019,
    https://arxiv.org/abs/1811.12359
    """
    codes, factors = check_pool("sap", codes, factors, least=LEAST)
    fit, held = split_rows("sap", len(codes), train=train, test=test, seed=seed)
    kept = varying("sap", factors[fit])
    if codes.shape[1] == 1:
        codes = np.pad(codes, ((0, 0), (0, 1)))
    columns = codes.T[:, :, None]
    accuracies = [[_accuracy(x[fit], factors[fit, k], x[held], factors[held, k]) for k in kept] for x in columns]
    best = np.sort(accuracies, axis=0)
    return float(np.mean(best[-1] - best[-2]))


def _accuracy(x, labels, unseen, answers):
    from sklearn.svm import LinearSVC

    classifier = LinearSVC(C=C, class_weight="balanced", dual=False)
    return classifier.fit(x, labels).score(unseen, answers)
