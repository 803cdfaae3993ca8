"""Unsupervised disentanglement ranking: the agreement of models trained with different seeds."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.disentanglement.pool import check_codes, sample_rows

INFORMATIVE = 0.01
ALPHA = 0.1
SIMILARITIES = ("spearman", "lasso")


def udr(
    codes: Sequence[np.ndarray],
    *,
    kl: Sequence[np.ndarray] | None = None,
    similarity: str = "spearman",
    samples: int = 10_000,
    seed: int = 0,
) -> np.ndarray:
    """For each model, how well its dimensions match those of other models one to one; it needs no factors.

        UDR_ij = 1 / (D_i + D_j) (sum_b r_b^2 / sum_a R_ab + sum_a r_a^2 / sum_b R_ab)

    where R_ab >= 0 is the similarity of dimension a of model i to dimension b of model j, and r_a, r_b are the
    maxima of its row and its column. The score of a model is the median over the other models. The maximum is 1 for
    `"spearman"`, and 0.9 for `"lasso"`, whose penalty shrinks a perfect match. Unrelated latents have a score near 0.

    Dimensions without information are left out: constant ones and, with `kl`, those of at most 0.01 nats. The score of
    a pair is 0 if a model has no other dimensions.

    Args:
        codes: latents `(N, D_i)` of the same examples in the same order, for each of two or more models.
        kl: mean KL of each dimension in nats, `(D_i,)`, for each model.
        similarity: `"spearman"`, the absolute rank correlation, or `"lasso"`, the absolute coefficients of a
            Lasso with penalty 0.1, which predicts a dimension from all standardized dimensions of the other model.
        samples: maximum number of rows.
        seed: seed of the selection of rows.

    Returns:
        The scores of the models, `(M,)`.

    Raises:
        InvalidInputError: if there are fewer than 2 models or rows, if the arrays do not match, or if an argument is
            out of its range.

    Example:

    >>> z = np.random.default_rng(0).normal(size=(9999, 2))
    >>> udr([z, -3.0 * z[:, ::-1]]).round(1).tolist()
    [1.0, 1.0]

    Reference: Duan et al., 2020, https://arxiv.org/abs/1905.12614
    """
    if similarity not in SIMILARITIES:
        raise InvalidInputError(f"udr: similarity must be one of {SIMILARITIES}; got {similarity!r}.")
    if len(codes) < 2:
        raise InvalidInputError(f"udr: expected the codes of two or more models; got {len(codes)}.")
    codes = [check_codes(f"udr: codes of model {i}", z) for i, z in enumerate(codes)]
    if len({len(z) for z in codes}) > 1:
        raise InvalidInputError(f"udr: expected codes of the same examples; got {[len(z) for z in codes]} rows.")
    informative = [np.full(z.shape[1], True) for z in codes] if kl is None else _informative(kl, codes)
    rows = sample_rows("udr", len(codes[0]), samples=samples, seed=seed)
    codes = [_standardized(z[rows][:, mask], similarity) for z, mask in zip(codes, informative, strict=True)]
    of_pairs = [[_match(_similarity(z, other, similarity)) for other in codes if other is not z] for z in codes]
    return np.median(of_pairs, axis=1)


def _informative(kl, codes):
    kl = [np.asarray(values) for values in kl]
    shapes, expected = [values.shape for values in kl], [(z.shape[1],) for z in codes]
    if shapes != expected or not all(values.dtype.kind in "fiu" and np.isfinite(values).all() for values in kl):
        raise InvalidInputError(f"udr: expected finite kl, one array a model, of shapes {expected}; got {shapes}.")
    return [values > INFORMATIVE for values in kl]


def _standardized(z, similarity):
    z = z[:, np.ptp(z, axis=0) > 0]
    z = rankdata(z, axis=0) if similarity == "spearman" else z
    return (z - z.mean(axis=0)) / z.std(axis=0)


def _similarity(z, other, similarity):
    """`(D_j, D_i)`: each dimension of the other model against each of the model that is scored."""
    if not z.shape[1] or not other.shape[1]:
        return np.zeros((other.shape[1], z.shape[1]))
    if similarity == "spearman":
        return np.abs(other.T @ z) / len(z)
    from sklearn.linear_model import Lasso

    return np.abs(Lasso(alpha=ALPHA).fit(other, z).coef_.reshape(z.shape[1], -1)).T


def _match(similarity):
    if not similarity.any():
        return 0.0
    parts = 0.0
    for matrix in (similarity, similarity.T):
        sums = matrix.sum(axis=1)
        parts += np.sum(matrix[sums > 0].max(axis=1) ** 2 / sums[sums > 0])
    return float(parts / sum(similarity.shape))
