"""Reads a folder written by `prepare`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.lazy_array import LARGE, Joined, LazyArray
from keras_vae.data.npy_array import NpyArray
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split
from keras_vae.errors import InvalidInputError
from keras_vae.files import read_json

INDEX = "prepared.json"
"""The file that lists the shards. It is written last."""

PARTS = ("train", "validation", "test")


def is_prepared(path: Path) -> bool:
    """Returns whether a folder was written by `prepare`."""
    return (path / INDEX).is_file()


def read_prepared(path: Path, *, image_size: tuple[int, int] | None = None, label_names: Sequence[str] = ()) -> Parts:
    """Reads a folder written by `prepare`: at most `LARGE` bytes into memory, more when they are needed.

    Args:
        path: the folder.
        image_size: `(H, W)` in pixels, which must be that of the prepared images; None takes any.
        label_names: names of the labels 0, 1, ..., such as those of the training data. Other names get the next labels.

    Raises:
        InvalidInputError: if files are missing or damaged, or if the images have another size.
    """
    index = read_json(path / INDEX)
    try:
        return _read(path, index, image_size, label_names)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InvalidInputError(f"{path / INDEX}: it is damaged ({error!r}); prepare the data again.") from error


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
        labels = np.array([label for shard in shards for label in shard["labels"]], np.int64)
        factors = np.array([row for shard in shards for row in shard.get("factors", ())], np.int64)
        y = (new_labels[labels] if own_names else labels) if len(labels) else None
        splits[part] = Split(x, y, factors if len(factors) else None)
    return Parts(
        splits["train"],
        splits.get("validation"),
        splits.get("test"),
        label_names=names,
        notes=tuple(index["notes"]),
        factor_names=tuple(index.get("factor_names", ())),
        factor_sizes=tuple(index.get("factor_sizes", ())),
    )
