"""The separated attribute predictability."""

import numpy as np

from keras_vae.evaluation.disentanglement.pool import LEAST, check_pool, split_rows, varying

C = 0.01


def sap(codes: np.ndarray, factors: np.ndarray, *, train: int = 10_000, test: int = 5_000, seed: int = 0) -> float:
    """How much better the best single dimension predicts a factor than the second best; the mean over factors.

        1 / K sum_k (A_d1,k - A_d2,k)        A_dk: the test accuracy of a linear classifier of v_k that sees z_d alone

    The classifier is a linear support vector machine with C = 0.01, balanced classes, and one class against the rest.
    From 0 upwards; near 0 for noise. The second best dimension still guesses: at most 1 less the share of a lucky
    guess, which is 0.5 for a factor of two equally frequent values. One line cannot cut out a middle value of an
    ordered factor, so that many values stay far below that. The codes are taken in their own scale, where a code under
    the prior N(0, I) has 1: the classifier is regularized. Constant factors are left out. A code of one dimension is
    compared to a constant.

    Args:
        codes: `(N, D)`, one row an example, such as the posterior means.
        factors: `(N, K)` integers, the index of each factor's value.
        train: the most rows to train with.
        test: the most rows to test with; with fewer rows than both need, they are split in this ratio.
        seed: of the split.

    Raises:
        InvalidInputError: if the arrays do not fit each other or have fewer than 10 rows, no factor varies, or an
            option is out of its range.

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
