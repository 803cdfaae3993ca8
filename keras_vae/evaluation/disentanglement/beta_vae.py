"""The beta-VAE score."""

import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.evaluation.disentanglement.groups import Groups
from keras_vae.evaluation.disentanglement.pool import check_pool, varying

CHUNK = 500


def beta_vae_score(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    batch: int = 64,
    train: int = 10_000,
    test: int = 5_000,
    seed: int = 0,
) -> float:
    """The accuracy with which logistic regression predicts the factor that pairs of examples share.

        x = 1 / L sum_l |z_l - z'_l|        y = k, where z_l and z'_l have the same value of factor k, l = 1 ... L

    A training point (x, y) is computed from L pairs. k is uniform, and each pair has its own value of factor k. The
    maximum is 1. Chance level is 1 / K for K factors that vary. Constant factors are left out.

    The first row of a pair is sampled from all rows, the second from the rows with the same value of the factor, both
    uniformly and with replacement. The paper samples new images, which is equivalent if the rows are the whole data
    set. Otherwise the factors keep the dependence that they have in the rows. Because the classifier is regularized,
    the score depends on the scale of the latents; it is meant for a scale of about 1, as under the prior N(0, I).

    Args:
        codes: latents `(N, D)`, one row per example, such as the posterior means.
        factors: `(N, K)` integers, the indices of the values of the factors.
        batch: number of pairs per point, L.
        train: number of training points.
        test: number of test points.
        seed: seed of the samples.

    Raises:
        InvalidInputError: if the arrays do not match or have fewer than 2 rows, if no factor varies, or if an argument
            is out of its range.

    Example:

    >>> factors = np.random.default_rng(0).integers(4, size=(999, 3))
    >>> beta_vae_score(factors.astype(float), factors, train=500, test=200)
    1.0

    References: Higgins et al., 2017, https://openreview.net/forum?id=Sy2fzU9gl; sizes: Locatello et al., 2019,
    https://arxiv.org/abs/1811.12359
    """
    from sklearn.linear_model import LogisticRegression

    for name, value in (("batch", batch), ("train", train), ("test", test)):
        check_integer(f"beta_vae_score: {name}", value)
    codes, factors = check_pool("beta_vae_score", codes, factors)
    kept = varying("beta_vae_score", factors)
    if len(kept) == 1:
        return 1.0
    rng = np.random.default_rng(check_seed(seed))
    groups = Groups(factors[:, kept])
    y = rng.integers(len(kept), size=train + test)
    y[: len(kept)] = np.arange(len(kept))[: len(y)]
    x = np.concatenate([_points(codes, groups, y[i : i + CHUNK], batch, rng) for i in range(0, len(y), CHUNK)])
    if len(np.unique(y[:train])) == 1:
        return float(np.mean(y[train:] == y[0]))
    classifier = LogisticRegression(max_iter=1000).fit(x[:train], y[:train])
    return float(classifier.score(x[train:], y[train:]))


def _points(codes, groups, shared, batch, rng):
    first = rng.integers(len(codes), size=(len(shared), batch))
    second = groups.draw(groups.cells[first, shared[:, None]], rng)
    return np.abs(codes[first] - codes[second]).mean(axis=1)
