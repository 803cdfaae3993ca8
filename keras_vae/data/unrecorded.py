"""Data for a model without a record of its training data: their order is used, with a warning."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from keras_vae.data.parts import Parts
from keras_vae.errors import InvalidInputError

MOST_NAMED = 10
SERVER = "the server"


def in_order(path: str | Path, parts: Parts, owner: str) -> Parts:
    """Returns all columns of a table, in their order, which must be that of the training data; a warning lists them.

    Args:
        path: the table.
        parts: what `read` has read from it.
        owner: the object without a record of its columns, such as the path of a model file.

    Raises:
        InvalidInputError: for a text column, whose indices depend on the training data.
    """
    texts = [name for name, categories in zip(parts.column_names, parts.categories, strict=True) if categories]
    if texts:
        more = ", or give the export to `encode`, `score` or `reconstruct`, which read them" if owner == SERVER else ""
        raise InvalidInputError(
            f"{path}: expected numbers, as {owner} does not record the categories of text columns; got text in column "
            f"{texts[0]!r}; replace the text by the indices used in training{more}."
        )
    warnings.warn(
        f"{owner} does not record the columns of its training data; it gets those of {path} in their order: "
        f"{_first(parts.column_names)}.",
        stacklevel=3,
    )
    return parts


def warn_of_labels(path: str | Path, owner: str, names: Sequence[str], remedy: str) -> None:
    """Warns that the labels of a folder of images are numbered in the sorted order of their names.

    Args:
        path: the folder.
        owner: the object without a record of its labels, such as the path of a model file.
        names: the names in the order of their labels.
        remedy: what to do if the labels of training were different.
    """
    if names:
        numbered = _first([f"{name} = {label}" for label, name in enumerate(names)])
        warnings.warn(
            f"{owner} does not record the names of its labels; those of {path} are numbered in sorted order: "
            f"{numbered}; {remedy}.",
            stacklevel=3,
        )


def _first(names: Sequence[str]) -> str:
    return ", ".join([*names[:MOST_NAMED], *(["..."] if len(names) > MOST_NAMED else [])])
