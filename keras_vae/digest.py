"""Digests of arrays, to compare them by a short text."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names whose digests differ, or that only one of the two has."""
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def digest_of(arrays: Iterable[np.ndarray | None]) -> str:
    """A digest of types, shapes and bytes: 16 hexadecimal digits of SHA-256.

    Args:
        arrays: in their order; None counts as well.

    Example:

    >>> digest_of([np.zeros(3)]) == digest_of([np.zeros(3)])
    True
    >>> digest_of([np.zeros(3)]) == digest_of([np.zeros(3, "float32")])
    False
    """
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"None;")
            continue
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype}{array.shape};".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)  # bfloat16 has no buffer of its own
    return digest.hexdigest()[:16]
