"""Refuses data that do not fit in memory before they are read."""

import math
from pathlib import Path

import psutil

from keras_vae.errors import InvalidInputError
from keras_vae.text import readable_bytes


def check_pixels_fit(source: str | Path, count: int, shape: tuple[int, ...]) -> None:
    """Raises `InvalidInputError` if `count` uint8 images of a shape need more than the free memory."""
    needed, available = count * math.prod(shape), psutil.virtual_memory().available
    if needed > available:
        raise InvalidInputError(
            f"{source}: expected images that fit in {readable_bytes(available)} of free memory, got {count:,} of shape "
            f"{shape}, {readable_bytes(needed)}; leave stream out, so that they are read when they are needed."
        )
