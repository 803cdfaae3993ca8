"""Checks, samples and splits latents and factors."""

from typing import Any

import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError

LEAST = 10
"""The fewest rows that can be split for training and testing."""


def check_codes(part: str, codes: Any, *, least: int = 2) -> np.ndarray:
    """`codes` as a float64 matrix `(N, D)`.

    Raises:
        InvalidInputError: if they are not a matrix of real numbers within float32 range, with `least` or more rows.
    """
    codes = np.asarray(codes)
    if codes.ndim != 2 or len(codes) < least or not codes.shape[1] or codes.dtype.kind not in "fiu":
        raise InvalidInputError(
            f"{part}: expected codes (N, D) of real numbers, N >= {least}, D >= 1; got {codes.dtype} {codes.shape}."
        )
    codes = codes.astype("float64")
    bad = int(np.sum(~(np.abs(codes) <= np.finfo("float32").max)))
    if bad:
        raise InvalidInputError(
            f"{part}: expected finite codes within 32-bit range; {bad} of {codes.size} are not. Leave such rows out."
        )
    return codes


def check_pool(part: str, codes: Any, factors: Any, *, least: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Returns latents as float64 `(N, D)` and factors as int64 `(N, K)`, with values renumbered from 0 for each factor.

    Raises:
        InvalidInputError: if they do not match, or if one of them is invalid.
    """
    codes, factors = check_codes(part, codes, least=least), np.asarray(factors)
    if factors.ndim != 2 or not factors.shape[1] or factors.dtype.kind not in "iub":
        raise InvalidInputError(
            f"{part}: expected factors (N, K) of integers, the index of each factor's value; got {factors.dtype} "
            f"{factors.shape}. np.unique(column, return_inverse=True)[1] gives the indices of a column."
        )
    if len(factors) != len(codes):
        raise InvalidInputError(
            f"{part}: expected as many rows of factors as of codes; got {len(factors)} and {len(codes)}."
        )
    return codes, np.stack([np.unique(column, return_inverse=True)[1] for column in factors.T], axis=1)


def varying(part: str, factors: np.ndarray) -> np.ndarray:
    """The indices of the factors with two or more values.

    Raises:
        InvalidInputError: if there are none.
    """
    kept = np.flatnonzero(np.ptp(factors, axis=0))
    if not len(kept):
        raise InvalidInputError(f"{part}: expected a factor with two or more values; all {factors.shape[1]} have one.")
    return kept


def sample_rows(part: str, n: int, *, samples: int, seed: int) -> np.ndarray:
    """The indices of at most `samples` of `n` rows, sampled without replacement."""
    check_integer(f"{part}: samples", samples, least=2)
    return np.random.default_rng(check_seed(seed)).permutation(n)[:samples]


def split_rows(part: str, n: int, *, train: int, test: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Disjoint indices of rows for training and testing; in the same ratio if there are fewer than `train` + `test`."""
    train, test = check_integer(f"{part}: train", train), check_integer(f"{part}: test", test)
    rows = sample_rows(part, n, samples=train + test, seed=seed)
    cut = min(max(len(rows) * train // (train + test), 1), len(rows) - 1)
    return rows[:cut], rows[cut:]
