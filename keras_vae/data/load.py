"""Loads a data set from any source."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.checks import check_integer, is_image
from keras_vae.data.arrays import read_arrays
from keras_vae.data.arrow_tables import SUFFIXES as TABLE_FILES
from keras_vae.data.arrow_tables import column_names
from keras_vae.data.digits import read_digits
from keras_vae.data.encoded_images import EncodedImages
from keras_vae.data.folder import is_large, read_folder
from keras_vae.data.hugging_face import PREFIX, is_hugging_face, read_hugging_face
from keras_vae.data.image_shape import parts_in_channels
from keras_vae.data.images import MAX_PIXELS
from keras_vae.data.images import SUFFIXES as IMAGE_FILES
from keras_vae.data.kept_columns import all_columns, kept_columns
from keras_vae.data.lazy_array import Cached, LazyArray, Rows
from keras_vae.data.lines import read_lines
from keras_vae.data.names import BUILT_IN, names
from keras_vae.data.parts import Parts
from keras_vae.data.prepared import is_prepared, prepared_columns, read_prepared
from keras_vae.data.split_dataset import PARTS, Split, SplitDataset
from keras_vae.data.sprites.read import read_sprites
from keras_vae.data.table import read_table
from keras_vae.data.table_folder import is_table_folder, read_table_folder, table_layout
from keras_vae.data.tfds import read_tfds
from keras_vae.data.tfds_images import TfdsImages
from keras_vae.data.tfrecords import is_records, read_tfrecords
from keras_vae.errors import InvalidInputError
from keras_vae.files import expanded
from keras_vae.progress import progress

ARRAY_FILES = (".npy", ".npz")
BATCH = 256
"""The number of images that are decoded between two steps of the progress bar."""
MOST_CACHED = 2**29
"""The maximum number of bytes of decoded images of a split that stay in memory."""


def load(
    source: Any,
    *,
    image_size: int | tuple[int, int] | None = None,
    validation: float | int = 0.1,
    test: float | int = 0.1,
    seed: int = 0,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    label_column: str | None = None,
    use_columns: Sequence[str] | None = None,
    ignore_columns: Sequence[str] | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    label_names: Sequence[str] | None = None,
    max_pixels: int = MAX_PIXELS,
    stream: bool | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> SplitDataset:
    """Loads a data set, with splits for training, validation and test.

    The splits of the source are kept. Missing splits are created from its training examples. Small data are read into
    memory; the examples of large folders, TFRecord files, TensorFlow Datasets, `.npy` files and prepared folders are
    read when they are needed. The page "Your own data" of the documentation says how each source is read: its splits,
    labels and columns.

    Args:
        source: a name in `names()`, another name of TensorFlow Datasets (also `tfds:NAME`), a `.npy` or `.npz` file, a
            `.csv`, `.tsv` or `.parquet` table, a folder of such tables, a TFRecord file or a folder of them, a folder
            of images or an image file, a folder written by `prepare`, or an array `(N, *event)`; a data set of
            Hugging Face's library `datasets`: `hf:NAME`, a `Dataset`, a `DatasetDict` or a folder that `save_to_disk`
            has written. A string in `names()` is always a name; write `./mnist` for a folder of that name. Any other
            string with a slash or a suffix is a path; write `tfds:NAME/CONFIG` for a configuration.
        image_size: `(H, W)` in pixels, or one number for a square; for folders, TFRecord files and TensorFlow Datasets.
        validation: size of a missing validation split: a fraction of the training examples, a float in (0, 1), or a
            number of examples, an integer above 1.
        test: size of a missing test split, as for `validation`.
        seed: seed of the splits, 0 or more. For sprites and lines, also the seed of the random examples.
        limit: maximum number of examples in each split; the first examples are kept. Of a folder of images, only these
            are decoded.
        data_dir: folder with the prepared sets of TensorFlow Datasets. None uses `TFDS_DATA_DIR`, or else
            `~/tensorflow_datasets`.
        label_column: for a table or a Hugging Face data set, the column with the labels.
        use_columns: for a table or a Hugging Face data set, the columns of the examples. None uses all columns except
            the labels.
        ignore_columns: for a table, columns that are left out, such as an identifier, in place of `use_columns`.
        categories: for a table, name of a column -> its texts in the order of their indices. None sorts the texts.
        label_names: for a folder of images, names of the sub-folders in the order of their labels, and for TFRecord
            files, the texts. None sorts them.
        max_pixels: maximum number of pixels of an image in a folder or TFRecord file; larger ones are skipped with a
            note.
        stream: whether to read examples when they are needed, for a folder of images, TFRecord files, TensorFlow
            Datasets, a `.npy` file or a Hugging Face data set. None decides by their size: more than 256 MiB, or of
            image files more than 10,000.
        image_shape: `(H, W, C)`, the event shape of a model that takes the images, instead of `image_size`: image files
            of any size and kind are brought to this size and to these channels. Other
            sources, and event shapes that are none of images, are read as they are.

    Raises:
        InvalidInputError: if the source is unknown or cannot be read, or if another argument cannot be used.

    Example:

    >>> print(load("digits", limit=1000).describe())
    digits
      examples: 1000 training, 180 validation, 180 test
      shape (8, 8, 1), uint8, training values 0 to 255
      10 labels: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
    """
    name, parts = read(
        source, image_size=image_size, seed=seed, limit=limit, data_dir=data_dir, label_column=label_column,
        use_columns=use_columns, ignore_columns=ignore_columns, categories=categories, label_names=label_names,
        max_pixels=max_pixels, stream=stream, image_shape=image_shape,
    )  # fmt: skip
    data = parts.complete(name, validation=validation, test=test, seed=seed)
    count = sum(len(split) for split in (data.train, data.validation, data.test))
    splits = {part: getattr(data, part)[:limit] for part in PARTS}
    splits = {part: _decoded(split, count, limit, stream) for part, split in splits.items()}
    return replace(data, **{part: _cached(split) for part, split in splits.items()})


def _decoded(split: Split, count: int, limit: int | None, stream: bool | None) -> Split:
    """Returns the split of a part of `count` images in memory, unless it is large; any other split as it is."""
    if limit is None or stream or not isinstance(split.x, EncodedImages):
        return split
    if stream is None and is_large(count, split.x.size, limit):
        return split
    batches = np.array_split(np.arange(len(split)), -(-len(split) // BATCH))
    x = [split.x.take(rows) for rows in progress(batches, len(batches), "Reading images")]
    return replace(split, x=np.concatenate(x))


def _cached(split: Split) -> Split:
    """Returns the split; decoded images stay in memory if there are not too many."""
    x = split.x
    images = x.base if isinstance(x, Rows) else x
    if isinstance(x, LazyArray) and isinstance(images, (EncodedImages, TfdsImages)) and x.nbytes <= MOST_CACHED:
        return replace(split, x=Cached(x))
    return split


def read(
    source: Any,
    *,
    image_size: int | tuple[int, int] | None = None,
    seed: int = 0,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    label_column: str | None = None,
    use_columns: Sequence[str] | None = None,
    ignore_columns: Sequence[str] | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    label_names: Sequence[str] | None = None,
    max_pixels: int = MAX_PIXELS,
    stream: bool | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> tuple[str, Parts]:
    """Reads a data set as it is, with only the splits of the source; arguments and errors as for `load`.

    Returns:
        The name of the data set, and its parts.
    """
    limit = None if limit is None else check_integer("limit", limit)
    max_pixels = check_integer("max_pixels", max_pixels)
    if ignore_columns:
        use_columns = without_columns(source, use_columns, ignore_columns, label_column)
    table_options = {"label_column": label_column, "use_columns": use_columns, "categories": categories}
    folder_options = {"label_names": _label_names(label_names), "max_pixels": max_pixels, "stream": stream}
    of_model = image_shape is not None and is_image(image_shape) and has_images(source)
    if image_shape is not None and of_model:
        image_size = image_shape[0], image_shape[1]
    name, parts = _read(source, image_size_of(image_size), data_dir, seed, limit, table_options, folder_options)
    if image_shape is not None and of_model:
        parts = parts_in_channels(parts, image_shape[2])
    if label_names and not (isinstance(source, (str, os.PathLike)) and has_label_names(source)):
        raise InvalidInputError(
            f"label_names: expected a folder of images or TFRecord files, got {name}; leave label_names out."
        )
    named = parts.column_names or is_hugging_face(source)
    if not named and (label_column, use_columns) != (None, None):
        option = "use_columns" if label_column is None else "label_column"
        raise InvalidInputError(f"{option}: expected a table with named columns, got {name}; leave {option} out.")
    return name, parts


def _read(
    source,
    size: tuple[int, int] | None,
    data_dir: str | Path | None,
    seed: int,
    limit: int | None,
    table_options: Mapping[str, Any],
    folder_options: Mapping[str, Any],
) -> tuple[str, Parts]:
    if is_hugging_face(source):
        options = {name: value for name, value in folder_options.items() if name != "label_names"}
        options |= {name: value for name, value in table_options.items() if name != "categories"}
        return read_hugging_face(source, image_size=size, **options)
    if isinstance(source, np.ndarray):
        return "array", _without_size(size, "an array") or Parts(Split(source))
    if not isinstance(source, (str, os.PathLike)) or not str(source):
        raise InvalidInputError(f"source: expected a name, a path or an array, got {source!r}; give one of these.")
    if isinstance(source, str) and source in BUILT_IN:
        return source, _without_size(size, source) or _make(source, seed, limit)
    if isinstance(source, str) and is_name(source):
        name = source.removeprefix("tfds:")
        return name, read_tfds(name, image_size=size, data_dir=data_dir, stream=folder_options["stream"])
    path = expanded(source)
    if is_prepared(path):
        label_names = folder_options["label_names"]
        return path.resolve().name, read_prepared(path, image_size=size, label_names=label_names, **table_options)
    if path.is_dir() and is_table(source):
        return path.resolve().name, _without_size(size, path.name) or read_table_folder(path, **table_options)
    if is_records(path):
        name = path.resolve().name.split(".tfrecord")[0]
        return name, read_tfrecords(path, image_size=size, limit=limit, **folder_options)
    if is_folder(source):
        return path.resolve().name, read_folder(path, image_size=size, limit=limit, **folder_options)
    if path.suffix.lower() in ARRAY_FILES and path.is_file():
        return path.stem, _without_size(size, path.name) or read_arrays(path, stream=folder_options["stream"])
    if is_table(path) and path.is_file():
        return path.stem, _without_size(size, path.name) or read_table(path, **table_options)
    if path.exists():
        raise InvalidInputError(
            f"{path}: expected a folder of images, or a .npy, .npz, .csv, .tsv, .parquet, .tfrecord or image file."
        )
    if isinstance(source, os.PathLike) or path.suffix or "/" in source or os.sep in source:
        remedy = "give one; only bulk inference reads patterns" if re.search(r"[*?\[]", path.name) else "check the path"
        raise InvalidInputError(f"{path}: no such file or folder (relative to {Path.cwd()}); {remedy}.")
    return source, read_tfds(source, image_size=size, data_dir=data_dir, stream=folder_options["stream"])


def has_images(source: Any) -> bool:
    """Returns whether a source may have images that are decoded and resized when it is read."""
    if is_hugging_face(source):
        return True
    if not isinstance(source, (str, os.PathLike)) or (isinstance(source, str) and source in BUILT_IN):
        return False
    path = expanded(source)
    if is_name(source) or not path.exists():
        return True  # of TensorFlow Datasets
    return not is_prepared(path) and has_label_names(source)


def is_folder(source: str | os.PathLike) -> bool:
    """Returns whether a source is a folder of image files or an image file, not a data set or a folder of others."""
    path = expanded(source)
    if is_name(source):
        return False
    if not path.is_dir():
        return path.is_file() and path.suffix.lower() in IMAGE_FILES
    return not (is_hugging_face(source) or is_table(source) or is_prepared(path) or is_records(path))


def has_label_names(source: str | os.PathLike) -> bool:
    """Returns whether labels of a source may be names, numbered when it is read: in folders and TFRecord files."""
    path = expanded(source)
    return is_folder(source) or (not is_name(source) and (_has_prepared_images(path) or is_records(path)))


def _has_prepared_images(path: Path) -> bool:
    return is_prepared(path) and prepared_columns(path) is None


def is_table(source: str | os.PathLike) -> bool:
    """Returns whether a source has named columns: a table, a folder of tables, or a table written by `prepare`."""
    path = expanded(source)
    if is_name(source) or not path.is_dir():
        return path.suffix.lower() in TABLE_FILES
    return prepared_columns(path) is not None if is_prepared(path) else is_table_folder(path)


def without_columns(
    source: Any, use_columns: Sequence[str] | None, ignore_columns: Sequence[str], label_column: str | None
) -> list[str]:
    """Returns the columns of the examples of a table without those that are ignored, see `kept_columns`."""
    if not (isinstance(source, (str, os.PathLike)) and is_table(source) and expanded(source).exists()):
        raise InvalidInputError(f"ignore_columns: expected a table, got {source!r}; leave ignore_columns out.")
    path = expanded(source)
    if path.is_dir() and prepared_columns(path) is not None:
        columns = columns_of(path)
    else:
        columns = all_columns(next(iter(table_layout(path)[0].values()))[0] if path.is_dir() else path)
    return kept_columns(path, columns, use_columns, ignore_columns, label_column)


def columns_of(source: str | os.PathLike) -> list[str]:
    """Returns the names of the columns of a source for which `is_table` holds, with those of labels."""
    path = expanded(source)
    if not path.is_dir():
        return column_names(path)
    prepared = prepared_columns(path)
    if prepared is None:
        return column_names(next(iter(table_layout(path)[0].values()))[0])
    names, label = prepared
    return names if label is None else [*names, label]


def is_name(source: str | os.PathLike) -> bool:
    """Returns whether a source is the name of a data set, even if there is also a file or folder of that name.

    Example:

    >>> is_name("mnist"), is_name("emnist/letters"), is_name("./mnist")
    (True, True, False)
    """
    return isinstance(source, str) and (source.startswith(("tfds:", PREFIX)) or re.split("[/:]", source)[0] in names())


def _make(name: str, seed: int, limit: int | None) -> Parts:
    if name == "digits":
        return read_digits()
    return {"sprites": read_sprites, "lines": read_lines}[name](seed=seed, limit=limit)


def _label_names(names: Sequence[str] | None) -> tuple[str, ...]:
    if names is None:
        return ()
    if (
        isinstance(names, str)
        or not all(isinstance(name, str) and name for name in names)
        or len({*names}) < len(names)
    ):
        raise InvalidInputError(f"label_names: expected different names, such as ('cat', 'dog'); got {names!r}.")
    return tuple(names)


def image_size_of(image_size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    """Returns `(H, W)`; one number is a square."""
    if image_size is None:
        return None
    pair = image_size if isinstance(image_size, (tuple, list)) else (image_size, image_size)
    if len(pair) != 2:
        raise InvalidInputError(
            f"image_size: expected one number or (height, width), got {image_size!r}; give one of these."
        )
    height, width = (check_integer("image_size", side) for side in pair)
    if height * width > MAX_PIXELS:
        raise InvalidInputError(
            f"image_size: expected at most {MAX_PIXELS:,} pixels, got {height} x {width}, {height * width:,}; use a "
            "smaller size."
        )
    return height, width


def _without_size(size: tuple[int, int] | None, source: str) -> None:
    if size is not None:
        raise InvalidInputError(f"image_size: {source} has a fixed size; leave image_size out.")
