"""The FactorVAE score."""

import numpy as np

from keras_vae.checks import check_integer, check_number, check_seed
from keras_vae.evaluation.disentanglement.groups import Groups
from keras_vae.evaluation.disentanglement.pool import check_pool, varying

CHUNK = 500
PRUNE = 0.05


def active_dimensions(codes: np.ndarray, *, prune: float = PRUNE) -> np.ndarray:
    """Returns which dimensions of `codes` `(N, D)` have a variance of at least `prune` and above 0, bool `(D,)`."""
    variances = codes.var(axis=0)
    return (np.ptp(codes, axis=0) > 0) & (variances > 0) & (variances >= prune)


def factor_vae_score(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    batch: int = 64,
    train: int = 10_000,
    test: int = 5_000,
    prune: float = PRUNE,
    seed: int = 0,
) -> float:
    """The accuracy with which the dimension of least variance predicts the fixed factor.

        d* = argmin_d Var_batch(z_d) / Var(z_d)        over a batch of examples that share a value of factor k

    Each batch gives a vote (d*, k), with k uniform. The classifier predicts for each d* the factor with the most votes
    in training. The maximum is 1. Chance level is about 1 / K for K factors that vary. Constant factors are left out.

    Dimensions with Var(z_d) < `prune` are left out. The variance is over all rows, in units in which the variance of
    the prior is 1; it is not relative to the largest variance. The paper prunes by the KL. The text of Locatello et al.
    uses the variance, and their code compares 0.05 with the standard deviation. If no dimension remains, the score is
    0.

    The first example of a batch is sampled from all rows and determines the value. The batch is sampled from the rows
    with that value, with replacement. The paper samples new images, which is equivalent if the rows are the whole data
    set. Batches of a rare value vary too little.

    Args:
        codes: latents `(N, D)`, one row per example, such as the posterior means.
        factors: `(N, K)` integers, the indices of the values of the factors.
        batch: number of examples per vote.
        train: number of votes for training.
        test: number of votes for testing.
        prune: minimum variance of a dimension, >= 0. If the prior is not N(0, I), adapt it, or rescale the latents.
        seed: seed of the samples.

    Raises:
        InvalidInputError: if the arrays do not match or have fewer than 2 rows, if no factor varies, or if an argument
            is out of its range.

    Example:

    >>> factors = np.random.default_rng(0).integers(4, size=(999, 3))
    >>> factor_vae_score(factors.astype(float), factors, train=500, test=200)
    1.0

    References: Kim & Mnih, 2018, https://arxiv.org/abs/1802.05983; sizes: Locatello et al., 2019,
    https://arxiv.org/abs/1811.12359
    """
    for name, value, least in (("batch", batch, 2), ("train", train, 1), ("test", test, 1)):
        check_integer(f"factor_vae_score: {name}", value, least=least)
    check_number("factor_vae_score: prune", prune, least=0)
    codes, factors = check_pool("factor_vae_score", codes, factors)
    kept = varying("factor_vae_score", factors)
    codes = codes[:, active_dimensions(codes, prune=prune)]
    if not codes.shape[1]:
        return 0.0
    rng = np.random.default_rng(check_seed(seed))
    groups = Groups(factors[:, kept])
    codes = codes / codes.std(axis=0)
    fixed = rng.integers(len(kept), size=train + test)
    still = np.concatenate(
        [_stillest(codes, groups, fixed[i : i + CHUNK], batch, rng) for i in range(0, len(fixed), CHUNK)]
    )
    votes = np.zeros((codes.shape[1], len(kept)), int)
    np.add.at(votes, (still[:train], fixed[:train]), 1)
    return float(np.mean(votes.argmax(axis=1)[still[train:]] == fixed[train:]))


def _stillest(codes, groups, fixed, batch, rng):
    first = rng.integers(len(codes), size=len(fixed))
    rows = groups.draw(np.repeat(groups.cells[first, fixed][:, None], batch, axis=1), rng)
    return codes[rows].var(axis=1).argmin(axis=1)
