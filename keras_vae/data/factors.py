"""Converts between the values of the factors of variation and the index of an example on a grid."""

import math
from collections.abc import Mapping

import numpy as np

from keras_vae.data.validate import validate_factors
from keras_vae.errors import InvalidInputError


def check_factors(factors: np.ndarray, sizes: Mapping[str, int], where: str = "factors") -> np.ndarray:
    """Checks that the values of the factors are in range.

    Args:
        factors: `(N, K)` integers.
        sizes: name -> number of values, for each of the K factors.
        where: name of the array, for the message.

    Returns:
        int64 `(N, K)`.

    Raises:
        InvalidInputError: if there are not K columns, or if a value is not between 0 and the size of its factor
            minus 1.

    Example:

    >>> check_factors([[2, 0]], {"shape": 3, "scale": 6})
    array([[2, 0]])
    """
    factors = validate_factors(factors, where=where)
    if factors.shape[1] != len(sizes):
        raise InvalidInputError(
            f"{where}: expected {len(sizes)} columns ({', '.join(sizes)}), got shape {factors.shape}; "
            "give a column for each factor."
        )
    for column, (name, size) in zip(factors.T, sizes.items(), strict=True):
        if len(column) and not 0 <= column.min() <= column.max() < size:
            value = column[(column < 0) | (column >= size)][0]
            raise InvalidInputError(f"{where}: expected {name} from 0 to {size - 1}, got {value}; correct it.")
    return factors


def index_of(factors: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Returns the index of each combination of factors; the last factor varies fastest.

        index = (...(f_1 n_2 + f_2) n_3 + ...) n_K + f_K

    Args:
        factors: `(N, K)` integers.
        sizes: name -> number of values n_k, for each of the K factors.

    Returns:
        int64 `(N,)`, from 0 to the product of the sizes minus 1.

    Raises:
        InvalidInputError: see `check_factors`.

    Example:

    >>> index_of([[2, 1]], {"shape": 3, "scale": 6})
    array([13])
    """
    columns = check_factors(factors, sizes).T
    return np.asarray(np.ravel_multi_index(tuple(columns), tuple(sizes.values())), np.int64)


def factors_of(indices: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Returns the factors at each index; the inverse of `index_of`.

    Args:
        indices: `(N,)` integers, from 0 to the product of the sizes minus 1.
        sizes: name -> number of values, for each of the K factors.

    Returns:
        int64 `(N, K)`.

    Raises:
        InvalidInputError: if the indices are not integers of shape `(N,)` in this range.

    Example:

    >>> factors_of([13], {"shape": 3, "scale": 6})
    array([[2, 1]])
    """
    total = math.prod(sizes.values())
    indices = np.asarray(indices)
    if indices.ndim != 1 or (indices.dtype.kind not in "iu" and indices.size):
        raise InvalidInputError(
            f"indices: expected integers of shape (N,), got {indices.dtype} of shape {indices.shape}; "
            "give one index for each example."
        )
    indices = indices.astype(np.int64)
    invalid = indices[(indices < 0) | (indices >= total)]
    if len(invalid):
        raise InvalidInputError(f"indices: expected 0 to {total - 1}, got {invalid[0]}; correct it.")
    return np.stack(np.unravel_index(indices, tuple(sizes.values())), axis=1)
