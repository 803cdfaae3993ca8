"""Parts of an answer that a model or its data cannot give."""

import contextlib
from collections.abc import Iterator

from keras_vae.errors import InvalidInputError


@contextlib.contextmanager
def left_out(what: str, notes: list[str]) -> Iterator[None]:
    """Says in `notes` that `what` was left out, and why, if it is refused in the body."""
    try:
        yield
    except InvalidInputError as error:
        notes.append(f"Left out, {what}: {error}")
