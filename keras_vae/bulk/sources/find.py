"""Selects the kind of source for a name, a path or a pattern."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import tensorflow as tf

from keras_vae.bulk.sources.arrays import array_source
from keras_vae.bulk.sources.image_files import image_source
from keras_vae.bulk.sources.parquet import parquet_source
from keras_vae.bulk.sources.source import INPUTS, Source, Tables
from keras_vae.bulk.sources.tfrecord import tfrecord_source
from keras_vae.data.arrow_tables import SUFFIXES as TABLES
from keras_vae.data.arrow_tables import column_names
from keras_vae.data.hugging_face import is_hugging_face
from keras_vae.data.images import SUFFIXES
from keras_vae.data.load import is_name
from keras_vae.data.prepared import is_prepared
from keras_vae.errors import InvalidInputError


def find_source(
    data: str,
    *,
    shape: tuple[int, int, int] | None = None,
    split: str | None = None,
    fields: Mapping[str, str] | None = None,
    key: str | None = None,
    columns: str | None = None,
    label_names: Sequence[str] | None = (),
) -> Source:
    """Returns the source for a name, a path or a pattern.

    Args:
        data: a Parquet, TFRecord or image file; a folder or a pattern, such as `gs://bucket/part-*`, of files of one
            of these kinds; a `.npy`, `.npz` or `.csv` file; a folder written by `keras_vae.data.prepare`; or the name
            of a data set, see `keras_vae.data.load`.
        shape: `(H, W, C)` of the input images of the model; None if it takes no images.
        split: split of a data set. None reads all splits.
        fields: input of the model -> column or feature, for the inputs whose names differ.
        key: column or feature with the keys. None uses the places of the records.
        columns: options of `keras_vae.data.table.read_as_in_training`, as JSON, with which training read its table.
        label_names: names of the folders of images in the order of their labels in training. None if the model takes no
            labels.

    Raises:
        InvalidInputError: if no file matches, if the files are of several kinds, or if an option does not apply to the
            kind.
    """
    data, fields = os.path.expanduser(data), dict(fields or {})
    files = [] if is_name(data) else _files(data)
    if is_name(data) or (not files and not _looks_like_a_path(data)):
        _only_of_tables(data, fields, key)
        return array_source(data, shape, split, None)
    if is_prepared(Path(data)) or is_hugging_face(data):
        _only_of_tables(data, fields, key)
        return array_source(data, shape, split, columns, label_names=label_names)
    if not files:
        raise InvalidInputError(f"{data}: no such file, or no files in the folder; check the path or pattern.")
    kinds = {}
    for file in files:
        kinds.setdefault(_kind(file[1]), []).append(file)
    kinds.pop(None, None)
    if len(kinds) != 1:
        raise InvalidInputError(
            f"{data}: expected Parquet, TFRecord or image files, or one .npy, .npz or .csv; got "
            f"{' and '.join(kinds) or 'files of other kinds'}; give a pattern that matches one kind."
        )
    ((kind, matches),) = kinds.items()
    if columns is not None and not fields and _is_table(kind, matches[0][0], columns):
        if len(matches) > 1:
            raise InvalidInputError(f"{data}: expected one table; got {len(matches)} files; give one at a time.")
        return array_source(matches[0][0], shape, split, columns, key)
    if kind == "parquet":
        return parquet_source(Tables(data, matches, fields, key))
    if kind == "tfrecord":
        return tfrecord_source(Tables(data, matches, fields, key))
    _only_of_tables(data, fields, key)
    if kind == "image":
        return image_source(data, matches, label_names)
    if len(matches) > 1:
        raise InvalidInputError(f"{data}: expected one array or table; got {len(matches)} files; give one at a time.")
    return array_source(matches[0][0], shape, split, None)


def _files(data: str) -> list[tuple[str, str]]:
    """Returns the path and the name of each file, sorted by name, without hidden files.

    A name begins after the folder, or after the last folder of a pattern before its first wildcard.
    """
    gfile = tf.io.gfile
    if gfile.isdir(data):
        paths = [gfile.join(folder, name) for folder, _, names in gfile.walk(data) for name in names]
        named_files = [(path, path[len(data) :].lstrip("/")) for path in paths]
    else:
        depth = len(PurePosixPath(re.split(r"[*?\[{]", data)[0].rpartition("/")[0] or "").parts)
        named_files = [(path, "/".join(PurePosixPath(path).parts[depth:])) for path in gfile.glob(data)]
    visible = (file for file in named_files if not any(part.startswith(".") for part in PurePosixPath(file[1]).parts))
    return sorted(visible, key=lambda file: file[1])


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
    """Returns whether a file has the columns of the training data, rather than one column for each input."""
    if kind != "parquet":
        return PurePosixPath(path).suffix.lower() in TABLES
    try:
        names = set() if "://" in path else set(column_names(path))
    except InvalidInputError:  # a damaged file, which `parquet_source` reports
        return False
    training_names = set(json.loads(columns)["use_columns"])
    return training_names <= names or bool(training_names & names and not set(INPUTS) & names)


def _looks_like_a_path(data: str) -> bool:
    return "*" in data or "://" in data or bool(PurePosixPath(data).suffix) or data.startswith((".", "/", "~"))


def _only_of_tables(data: str, fields: Mapping[str, str], key: str | None) -> None:
    if fields or key is not None:
        option = "--key" if key is not None else "--field"
        raise InvalidInputError(
            f"{option}: expected Parquet or TFRecord files with a column or feature for each input, or, for --key, a "
            f"table for an export that contains the names of its columns; got {data!r}; leave the option out."
        )
