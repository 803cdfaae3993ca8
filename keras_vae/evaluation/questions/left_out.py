"""Measurements that cannot be computed for a model or its data."""

import contextlib
from collections.abc import Iterator

from keras_vae.errors import InvalidInputError


@contextlib.contextmanager
def left_out(what: str, notes: list[str]) -> Iterator[None]:
    """If the body raises `InvalidInputError`, adds to `notes` that `what` could not be computed, and why."""
    try:
        yield
    except InvalidInputError as error:
        notes.append(f"Could not compute {what}: {error}")
