"""Which kind of source a name, a path or a pattern means."""

import json
import os
from collections.abc import Mapping
from pathlib import PurePosixPath

import tensorflow as tf

from keras_vae.bulk.sources.arrays import array_source
from keras_vae.bulk.sources.image_files import image_source
from keras_vae.bulk.sources.parquet import parquet_source
from keras_vae.bulk.sources.source import INPUTS, Source, Tables
from keras_vae.bulk.sources.tfrecord import tfrecord_source
from keras_vae.data.images import SUFFIXES
from keras_vae.data.load import is_name
from keras_vae.data.table import SUFFIXES as TABLES
from keras_vae.data.table import column_names
from keras_vae.errors import InvalidInputError


def find_source(
    data: str,
    *,
    size: tuple[int, int] | None = None,
    split: str | None = None,
    fields: Mapping[str, str] | None = None,
    key: str | None = None,
    columns: str | None = None,
) -> Source:
    """The source that `data` means.

    Args:
        data: a Parquet, TFRecord or image file, a folder or a pattern such as `gs://bucket/part-*` of one of these
            kinds, a `.npy`, `.npz` or `.csv` file, or the name of a data set, see `keras_vae.data.load`.
        size: `(H, W)` of the images that the model takes.
        split: of a data set with splits; None for all of it.
        fields: input of the model -> column or feature, where they differ.
        key: column or feature with the keys; places are the keys when None.
        columns: how training read its table, the options of `keras_vae.data.table.read_as_in_training` as JSON.

    Raises:
        InvalidInputError: if nothing is there, kinds are mixed, or an option does not fit the kind.
    """
    data, fields = os.path.expanduser(data), dict(fields or {})
    files = [] if is_name(data) else _files(data)
    if is_name(data) or (not files and not _looks_like_a_path(data)):
        _only_of_tables(data, fields, key)
        return array_source(data, size, split, None)
    if not files:
        raise InvalidInputError(f"{data}: no such file or folder, or it holds none; give one that is there.")
    kinds = {}
    for file in files:
        kinds.setdefault(_kind(file[1]), []).append(file)
    kinds.pop(None, None)
    if len(kinds) != 1:
        raise InvalidInputError(
            f"{data}: expected Parquet, TFRecord or image files, or one .npy, .npz or .csv; got "
            f"{' and '.join(kinds) or 'none of them'}; give a pattern that matches one kind."
        )
    ((kind, found),) = kinds.items()
    if columns is not None and not fields and _is_table(kind, found[0][0], columns):
        if len(found) > 1:
            raise InvalidInputError(f"{data}: expected one table; got {len(found)} files; give one at a time.")
        return array_source(found[0][0], size, split, columns, key)
    if kind == "parquet":
        return parquet_source(Tables(data, found, fields, key))
    if kind == "tfrecord":
        return tfrecord_source(Tables(data, found, fields, key))
    _only_of_tables(data, fields, key)
    if kind == "image":
        return image_source(data, found)
    if len(found) > 1:
        raise InvalidInputError(f"{data}: expected one array or table; got {len(found)} files; give one at a time.")
    return array_source(found[0][0], size, split, None)


def _files(data: str) -> list[tuple[str, str]]:
    """Path and name of each file, sorted by name; hidden ones are left out."""
    gfile = tf.io.gfile
    if gfile.isdir(data):
        paths = [gfile.join(folder, name) for folder, _, names in gfile.walk(data) for name in names]
        named = [(path, path[len(data) :].lstrip("/")) for path in paths]
    else:
        named = [(path, PurePosixPath(path).name) for path in gfile.glob(data)]
        if len({name for _, name in named}) < len(named):
            named = [(path, path) for path, _ in named]
    shown = (file for file in named if not any(part.startswith(".") for part in PurePosixPath(file[1]).parts))
    return sorted(shown, key=lambda file: file[1])


def _kind(name: str) -> str | None:
    path = PurePosixPath(name)
    if path.suffix.lower() in SUFFIXES:
        return "image"
    if path.suffix.lower() in (".npy", ".npz", ".csv", ".tsv"):
        return "array"
    if path.suffix.lower() == ".parquet":
        return "parquet"
    return "tfrecord" if ".tfrecord" in path.name else None


def _is_table(kind: str, path: str, columns: str) -> bool:
    """Whether a file has columns as training read them, rather than one for each input of the model."""
    if kind != "parquet":
        return PurePosixPath(path).suffix.lower() in TABLES
    try:
        names = set() if "://" in path else set(column_names(path))
    except InvalidInputError:  # a damaged file, of which `parquet_source` tells
        return False
    wanted = set(json.loads(columns)["use_columns"])
    return wanted <= names or bool(wanted & names and not set(INPUTS) & names)


def _looks_like_a_path(data: str) -> bool:
    return "*" in data or "://" in data or bool(PurePosixPath(data).suffix) or data.startswith((".", "/", "~"))


def _only_of_tables(data: str, fields: Mapping[str, str], key: str | None) -> None:
    if fields or key is not None:
        option = "--key" if key is not None else "--field"
        raise InvalidInputError(
            f"{option}: expected Parquet or TFRecord files with a column or feature for each input, or for --key the "
            f"table of an export that knows its columns; got {data!r}; leave it out."
        )
