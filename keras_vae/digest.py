"""Digests of arrays and files, for their comparison."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Returns the names whose digests differ, or that only one of the mappings contains."""
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def digest_of(arrays: Iterable[Any]) -> str:
    """Returns a digest of dtypes, shapes and bytes: 16 hexadecimal digits of SHA-256.

    Args:
        arrays: arrays whose order matters. None is allowed, and changes the digest. Arrays with a method `digest`, such
            as a `LazyArray`, compute their own.

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
        if hasattr(array, "digest"):
            digest.update(f"{array.digest()};".encode())
            continue
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype}{array.shape};".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)  # bfloat16 does not support the buffer protocol
    return digest.hexdigest()[:16]


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file, in 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
