"""Distances between the aggregate posterior and the prior."""

from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.objectives import MMD, SlicedWasserstein
from keras_vae.random import as_seed, fold

BLOCK = 1000


class Gap(NamedTuple):
    """A distance between latents and samples from the prior.

    Attributes:
        value: the distance, averaged over blocks of at most 1000 points.
        standard_error: standard error over the blocks; None if there is only one.
        floor: the distance of two sets of samples from the prior. A value near it means no difference.

    Example:

    >>> draws = np.random.default_rng(0).normal(size=(200, 2))
    >>> gap = mmd_to_prior(draws[:100] + 1.0, draws[100:])
    >>> gap.value > gap.floor
    True
    """

    value: float
    standard_error: float | None
    floor: float


def mmd_to_prior(codes: Any, draws: Any, *, kernel: str = "imq") -> Gap:
    """Squared maximum mean discrepancy between latents and samples from the prior; see `keras_vae.MMD`.

    Args:
        codes: samples z ~ q(z | x), one per example, `(N, ...)`.
        draws: samples z ~ p(z), `(M, ...)`, at least 4.
        kernel: `"imq"` or `"rbf"`.

    Raises:
        InvalidInputError: if the widths differ, if there are too few points, or for an unknown kernel.

    Example:

    >>> draws = np.random.default_rng(0).normal(size=(4000, 2))
    >>> mmd_to_prior(draws[:2000] + 1.0, draws[2000:]).value > 0.1
    True

    Reference: Gretton et al., 2012, https://jmlr.org/papers/v13/gretton12a.html
    """
    term = MMD(kernel)
    return _gap(codes, draws, lambda one, two, _: term.between(one, two))


def sliced_wasserstein_to_prior(codes: Any, draws: Any, *, projections: int = 200, seed: int = 0) -> Gap:
    """Squared sliced 2-Wasserstein distance between latents and samples from the prior, see `SlicedWasserstein`.

    Args:
        codes: samples z ~ q(z | x), one per example, `(N, ...)`.
        draws: samples z ~ p(z), `(M, ...)`, at least 4.
        projections: number of random projections.
        seed: seed of the projections.

    Raises:
        InvalidInputError: if the widths differ, or if there are too few points.

    Example:

    >>> draws = np.random.default_rng(0).normal(size=(4000, 2))
    >>> abs(sliced_wasserstein_to_prior(draws[:2000] + 1.0, draws[2000:]).value - 1.0) < 0.2
    True

    Reference: Kolouri, Pope, Martin & Rohde, 2019, https://arxiv.org/abs/1804.01947
    """
    term, seed = SlicedWasserstein(projections), as_seed(check_seed(seed))
    return _gap(codes, draws, lambda one, two, number: term.between(one, two, fold(seed, number)))


def _gap(codes, draws, distance) -> Gap:
    codes, draws = flat_points("codes", codes), flat_points("draws", draws)
    if codes.shape[1] != draws.shape[1] or len(codes) < 2 or len(draws) < 4:
        raise InvalidInputError(
            f"codes and draws: expected 2 or more codes and 4 or more draws of one width; got {codes.shape} and "
            f"{draws.shape}."
        )

    codes = codes[np.random.default_rng(0).permutation(len(codes))]  # else blocks of a sorted test set differ

    def over_blocks(one, two):
        size = min(len(one), len(two), BLOCK)
        count = min(len(one), len(two)) // size
        rows = [slice(size * i, size * (i + 1)) for i in range(count)]
        return np.array([float(distance(one[row], two[row], i)) for i, row in enumerate(rows)])

    values = over_blocks(codes, draws)
    halves = draws[: len(draws) // 2], draws[len(draws) // 2 :]
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return Gap(float(values.mean()), error, float(over_blocks(*halves).mean()))


def flat_points(part: str, points: Any) -> np.ndarray:
    """Flattens points to rows, float32 `(N, D)`; raises `InvalidInputError` if a value is not finite."""
    points = np.asarray(points, "float32")
    if points.ndim < 2 or not np.isfinite(points).all():
        raise InvalidInputError(f"{part}: expected finite numbers of shape (N, ...); got shape {points.shape}.")
    return points.reshape(len(points), -1)
