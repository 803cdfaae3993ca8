"""Parts of a result that cannot be computed for a model or its data."""

import contextlib
from collections.abc import Iterator

from keras_vae.errors import InvalidInputError


@contextlib.contextmanager
def left_out(what: str, notes: list[str]) -> Iterator[None]:
    """Adds to `notes` that `what` was left out, and why, if the body raises `InvalidInputError`."""
    try:
        yield
    except InvalidInputError as error:
        notes.append(f"Left out, {what}: {error}")
