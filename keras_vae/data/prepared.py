"""Reads a folder written by `prepare`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.lazy_array import LARGE, Joined, LazyArray
from keras_vae.data.npy_array import NpyArray
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import PARTS, Split
from keras_vae.data.table import notes_of
from keras_vae.data.table_columns import TableColumns
from keras_vae.errors import InvalidInputError, one_line, unknown
from keras_vae.files import read_json

INDEX = "prepared.json"
"""The file that lists the shards. It is written last."""


def is_prepared(path: Path) -> bool:
    """Returns whether a folder was written by `prepare`."""
    return (path / INDEX).is_file()


def prepared_columns(path: Path) -> tuple[list[str], str | None] | None:
    """Returns the columns of the examples and of the labels of a prepared table; None if the folder is none."""
    if not is_prepared(path):
        return None
    index = read_json(path / INDEX)
    if not isinstance(index, dict) or "column_names" not in index:
        return None
    return list(index["column_names"]), index.get("label_column")


def read_prepared(
    path: Path,
    *,
    image_size: tuple[int, int] | None = None,
    label_names: Sequence[str] = (),
    label_column: str | None = None,
    use_columns: Sequence[str] | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
) -> Parts:
    """Reads a folder written by `prepare`: at most `LARGE` bytes into memory, more when they are needed.

    Args:
        path: the folder.
        image_size: `(H, W)` in pixels, which must be that of the prepared images; None takes any.
        label_names: for images, names of the labels 0, 1, ..., such as those of the training data. Other names get the
            next labels.
        label_column: for a table, the column with the labels, which must be that of the preparation; None takes any.
        use_columns: for a table, the columns of the examples, in this order. None uses all.
        categories: for a table, column -> texts in the order of their indices, such as those of the training data.

    Raises:
        InvalidInputError: if files are missing or damaged, or if the data were prepared with other options.
    """
    index = read_json(path / INDEX)
    try:
        _check_index(index)
        if "column_names" in index:
            if image_size is not None:
                raise InvalidInputError(f"image_size: expected images, got the table {path}; leave it out.")
            return _read_table(path, index, label_column, use_columns, categories)
        return _read(path, index, image_size, label_names)
    except InvalidInputError:
        raise
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise InvalidInputError(f"{path / INDEX}: it is damaged ({error!r}); prepare the data again.") from error


def _check_index(index: Mapping[str, Any]) -> None:
    """Raises an error if names are not texts, or if a file is listed twice."""
    for names in (index["label_names"], index.get("column_names", ())):
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise TypeError(f"expected names, got {names!r}")
    files = [shard["file"] for shards in index["splits"].values() for shard in shards]
    if len({*files}) < len(files):
        raise ValueError("a file is listed twice")


def _renumbered(labels: np.ndarray, new_labels: np.ndarray) -> np.ndarray:
    """Returns the new number of each label; -1, which is no label, remains."""
    return np.where(labels < 0, labels, new_labels[labels])


def _read(
    path: Path, index: Mapping[str, Any], image_size: tuple[int, int] | None, label_names: Sequence[str]
) -> Parts:
    shape = tuple(index["shape"])
    if image_size is not None and image_size != shape[:2]:
        raise InvalidInputError(
            f"{path}: expected images of {image_size[0]}x{image_size[1]}, got prepared images of {shape[0]}x{shape[1]};"
            " leave image_size out, or prepare them again."
        )
    own_names = tuple(index["label_names"])
    names = (*label_names, *(name for name in own_names if name not in label_names)) if label_names else own_names
    new_labels = np.array([names.index(name) for name in own_names] or [0])
    splits = {}
    for part, (x, labels) in _arrays(path, index, shape).items():
        y = (_renumbered(labels, new_labels) if own_names else labels) if len(labels) else None
        factors = np.array([row for shard in index["splits"][part] for row in shard.get("factors", ())], np.int64)
        splits[part] = Split(x, y, factors if len(factors) else None, _names(index["splits"][part]))
    return Parts(
        splits["train"], splits.get("validation"), splits.get("test"), label_names=names, notes=tuple(index["notes"]),
        factor_names=tuple(index.get("factor_names", ())), factor_sizes=tuple(index.get("factor_sizes", ())),
    )  # fmt: skip


def _arrays(
    path: Path, index: Mapping[str, Any], shape: tuple[int, ...]
) -> dict[str, tuple[LazyArray | np.ndarray, np.ndarray]]:
    """Returns the examples and the labels of each split."""
    found = {}
    for part in PARTS:
        shards = index["splits"].get(part, [])
        if not shards:
            continue
        arrays = [NpyArray(path / shard["file"]) for shard in shards]
        for array, shard in zip(arrays, shards, strict=True):
            if array.shape != (shard["examples"], *shape):
                raise InvalidInputError(
                    f"{array.path}: expected shape {(shard['examples'], *shape)}, got {array.shape}; prepare the data "
                    "again."
                )
        x: LazyArray | np.ndarray = Joined(arrays)
        if x.nbytes <= LARGE:
            x = np.asarray(x)
        found[part] = x, np.concatenate([_labels(path, shard) for shard in shards])
    return found


def _names(shards: Sequence[Mapping[str, Any]]) -> np.ndarray | None:
    """Returns the names of the examples; None if a shard has none, as those of other sources or earlier versions."""
    if not all("names" in shard for shard in shards):
        return None
    return np.array([name for shard in shards for name in shard["names"]], object)


def _labels(path: Path, shard: Mapping[str, Any]) -> np.ndarray:
    """Returns the labels of a shard, which are in its file of labels or in the index; there may be none."""
    if not isinstance(shard["labels"], str):
        return np.array(shard["labels"] or [], np.int64)
    file = path / shard["labels"]
    try:
        labels = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InvalidInputError(f"{file}: it cannot be read ({one_line(error)}); prepare the data again.") from error
    if labels.shape != (shard["examples"],) or labels.dtype != np.int64:
        raise InvalidInputError(
            f"{file}: expected {shard['examples']} labels, got {labels.dtype} of shape {labels.shape}; prepare the "
            "data again."
        )
    return labels


def _read_table(
    path: Path,
    index: Mapping[str, Any],
    label_column: str | None,
    use_columns: Sequence[str] | None,
    categories: Mapping[str, Sequence[str]] | None,
) -> Parts:
    names, own_label = list(index["column_names"]), index["label_column"]
    if label_column is not None and label_column != own_label:
        raise InvalidInputError(
            f"label_column: {path} was prepared with {own_label or 'no column'!r} as the labels, got {label_column!r}; "
            "leave it out, or prepare the table again."
        )
    chosen = names if use_columns is None else list(use_columns)
    for name in chosen:
        if name not in names:
            raise InvalidInputError(f"{path}: {unknown(name, names, part='column')}")
    if not chosen or len({*chosen}) < len(chosen):
        raise InvalidInputError(f"use_columns: expected one or more distinct columns, got {chosen}; correct it.")
    own_texts = dict(zip(names, map(tuple, index["categories"]), strict=True))
    texts = own_texts if categories is None else {name: tuple(categories.get(name, ())) for name in names}
    codes = {name: _new_codes(path, name, own_texts[name], texts[name]) for name in chosen}
    label_names, label_codes = tuple(index["label_names"]), None
    if own_label is not None and categories is not None and (label_column is not None or own_label in categories):
        label_codes = _new_codes(path, own_label, label_names, tuple(categories.get(own_label, ())))
        label_names = tuple(categories.get(own_label, ()))
    splits = {}
    for part, (x, labels) in _arrays(path, index, (len(names),)).items():
        if chosen != names or any(new is not None for new in codes.values()):
            lazy = TableColumns(x, [names.index(name) for name in chosen], list(codes.values()))
            x = np.asarray(lazy) if isinstance(x, np.ndarray) else lazy
        if label_codes is not None:
            labels = _renumbered(labels, label_codes.astype(np.int64))
        elif label_names and labels.max(initial=0) >= len(label_names):
            raise IndexError(f"label {labels.max()} of {len(label_names)}")
        splits[part] = Split(x, None if own_label is None else labels)
    missing = sum(count for name, count in zip(names, index["missing"], strict=True) if name in chosen)
    left_out = index["left_out"] if use_columns is None else []
    rounded = sorted(name for name in index.get("rounded", ()) if name in chosen)
    notes = (*index["notes"], *notes_of({name: texts[name] for name in chosen}, left_out, missing, rounded))
    return Parts(
        splits["train"], splits.get("validation"), splits.get("test"), label_names=label_names, notes=notes,
        column_names=tuple(chosen), categories=tuple(texts[name] for name in chosen),
    )  # fmt: skip


def _new_codes(path: Path, name: str, own: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray | None:
    """Returns the new index of each index of a text; None if they are the same."""
    if own == wanted:
        return None
    if not own or not wanted:
        expected, got = ("text", "numbers") if wanted else ("numbers", "text")
        raise InvalidInputError(f"{path}, column {name!r}: expected {expected}, as in training, got {got}; convert it.")
    if new := [text for text in own if text not in wanted]:
        raise InvalidInputError(
            f"{path}, column {name!r}: expected one of {', '.join(wanted)}, as in training, got {new[0][:40]!r}; "
            "replace it in the table, and prepare it again."
        )
    return np.array([wanted.index(text) for text in own], np.float32)
