"""Reads image data sets of TensorFlow Datasets, into memory or when they are needed."""

import difflib
import importlib
import math
import os
import socket
import urllib.request
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_vae.data.lazy_array import LARGE
from keras_vae.data.memory import check_pixels_fit
from keras_vae.data.names import BUILT_IN, names
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split
from keras_vae.data.tfds_images import BATCH, TfdsImages, resize
from keras_vae.errors import InvalidInputError, one_line, unknown
from keras_vae.pipeline_options import pipeline_options
from keras_vae.progress import progress

FACTOR = "label_"
SAMPLED = 1000
"""The number of images of a split that are checked for pixels of 0 and 1, if they are decoded when they are needed."""


def read_tfds(
    name: str,
    *,
    image_size: tuple[int, int] | None = None,
    data_dir: str | Path | None = None,
    stream: bool | None = None,
) -> Parts:
    """Reads an image data set; downloads and prepares it at the first use.

    The splits `train` (or the first split), `validation` and `test` remain unchanged. The labels are the feature
    `label`, if it exists, or the supervised key if its name is `label_NAME`. Every class label `label_NAME` is a
    factor of variation NAME. Pixels are uint8 `(N, H, W, C)`; pixels of 0 and 1 become 0 and 255. With `image_size`,
    images are resized (Lanczos) to cover the size and cropped at their centre.

    Args:
        name: `NAME` or `NAME/CONFIG`.
        image_size: `(H, W)` in pixels; required if the images vary in size.
        data_dir: folder of the prepared sets. None uses the environment variable TFDS_DATA_DIR, or else
            `~/tensorflow_datasets`.
        stream: whether to decode the images when they are needed, see `TfdsImages`. None does so for more than `LARGE`
            bytes of pixels. A sample then shows whether the pixels are 0 and 1.

    Raises:
        InvalidInputError: if the name is unknown, if the set has no uint8 images, if it cannot be downloaded, if its
            images vary in size and `image_size` is None, or if it must fit in memory and does not.
    """
    builder = _builder(name, data_dir)
    key = _image_key(builder, name)
    height, width, channels = builder.info.features[key].shape
    if image_size == (height, width):
        image_size = None
    elif image_size is None and None in (height, width):
        raise InvalidInputError(f"{name}: expected image_size, as the images vary in size; set it, for example to 64.")
    _prepare(builder, name)

    split_names = list(builder.info.splits)
    label_key, factor_keys = _labels(builder)
    splits = {"train": "train" if "train" in split_names else split_names[0]}
    splits |= {part: part for part in ("validation", "test") if part in split_names and part != splits["train"]}
    height, width = image_size or (height, width)
    shape = (height, width, channels or 3)
    total = sum(builder.info.splits[split].num_examples for split in splits.values())
    large = total * math.prod(shape) > LARGE if stream is None else stream
    if not large:
        check_pixels_fit(name, total, shape)
    read = _lazy if large or _is_array_record(builder) else _read
    chosen = _Features(key, shape, image_size, label_key, factor_keys)
    examples_by_part = {part: read(builder, split, chosen) for part, split in splits.items()}
    if not large:  # of ArrayRecord files, these are still lazy
        examples_by_part = {part: replace(split, x=np.asarray(split.x)) for part, split in examples_by_part.items()}
    notes = ()
    arrays = [split.x for split in examples_by_part.values()]
    if max((x if isinstance(x, np.ndarray) else x.sample(SAMPLED)).max() for x in arrays) <= 1:
        for x in arrays:
            if isinstance(x, TfdsImages):
                x.scale = 255
            elif isinstance(x, np.ndarray):
                np.multiply(x, 255, out=x)
        notes = ("The pixels of the data set, 0 or 1, were converted to 0 or 255.",)
    features = builder.info.features
    return Parts(
        examples_by_part["train"],
        examples_by_part.get("validation"),
        examples_by_part.get("test"),
        label_names=tuple(features[label_key].names) if label_key else (),
        notes=notes,
        factor_names=tuple(key.removeprefix(FACTOR) for key in factor_keys),
        factor_sizes=tuple(features[key].num_classes for key in factor_keys),
    )


class _Features(NamedTuple):
    """The features to read: the images, with their shape and the size to which they are resized, and the labels."""

    image: str
    shape: tuple[int, int, int]
    image_size: tuple[int, int] | None
    label: str | None
    factors: list[str]


def _is_array_record(builder) -> bool:
    """Returns whether the files are ArrayRecord files, which `as_dataset` cannot read."""
    return builder.info.file_format is not None and builder.info.file_format.value == "array_record"


def _lazy(builder, split: str, features: _Features) -> Split:
    key, shape, size, label_key, factor_keys = features
    x = TfdsImages(builder, split, key, shape, fitted=size is not None)
    keys = [*([label_key] if label_key else []), *factor_keys]
    values = x.values(list(dict.fromkeys(keys))) if keys else {}
    factors = np.stack([values[factor_key] for factor_key in factor_keys], axis=-1) if factor_keys else None
    return Split(x, values[label_key] if label_key else None, factors)


def _builder(name: str, data_dir: str | Path | None):
    import tensorflow_datasets as tfds

    base = name.split("/")[0].split(":")[0]
    if base == "sprites":
        importlib.import_module("keras_vae.data.sprites.sprites_dataset_builder")
    builder_names = tfds.list_builders(with_community_datasets=False)
    if base not in builder_names:
        close_names = difflib.get_close_matches(base, builder_names, n=1, cutoff=0.75)
        message = unknown(base, {**names(), **dict.fromkeys(close_names)}, part="data set", cutoff=0.6)
        no_path = "" if os.path.exists(name) else f" There is no file or folder {name!r} in {Path.cwd()} either."
        raise InvalidInputError(message + no_path)
    try:
        return tfds.builder(name, data_dir=data_dir)
    except Exception as error:
        raise InvalidInputError(
            f"{name}: expected a data set that TensorFlow Datasets can build, got: {one_line(error)}"
        ) from error


def _image_key(builder, name: str) -> str:
    import tensorflow_datasets as tfds

    features = builder.info.features or {}
    image_keys = [key for key, feature in features.items() if type(feature) is tfds.features.Image]
    if not image_keys:
        raise InvalidInputError(
            f"{name}: expected a data set with images, got features {', '.join(features)}; use another data set."
        )
    key = "image" if "image" in image_keys else image_keys[0]
    if features[key].np_dtype != np.uint8:
        raise InvalidInputError(
            f"{name}: expected uint8 images, got {np.dtype(features[key].np_dtype)} in {key!r}; use another data set."
        )
    return key


def _labels(builder) -> tuple[str | None, list[str]]:
    """Returns the feature with the label, or None, and the features that are factors of variation."""
    import tensorflow_datasets as tfds

    features = {k: f for k, f in builder.info.features.items() if isinstance(f, tfds.features.ClassLabel)}
    classes = [key for key, feature in features.items() if feature.num_classes]
    factors = [key for key in classes if key.startswith(FACTOR)]
    supervised_key = (builder.info.supervised_keys or (None, None))[1]
    label = "label" if "label" in classes else supervised_key if supervised_key in factors else None
    return label, factors


def _prepare(builder, name: str) -> None:
    """Downloads and prepares the set, unless it is prepared.

    Without a network, TensorFlow Datasets retries for minutes. For sets that need a download, the network is checked
    first.
    """
    if builder.is_prepared():
        return
    try:
        if builder.name in {*names()} - {*BUILT_IN} and not urllib.request.getproxies():
            socket.getaddrinfo("storage.googleapis.com", 443)
        builder.download_and_prepare()
    except Exception as error:
        raise InvalidInputError(
            f"{name}: not prepared in {builder.data_dir}, and downloading or preparing it failed ({one_line(error)}); "
            "check the network, or set TFDS_DATA_DIR to a folder with the prepared set."
        ) from error


def _read(builder, split: str, features: _Features) -> Split:
    import tensorflow_datasets as tfds

    key, shape, size, label_key, factor_keys = features
    feature_names = dict.fromkeys([key, *([label_key] if label_key else []), *factor_keys], True)
    examples = builder.as_dataset(split=split, decoders=tfds.decode.PartialDecoding(feature_names))
    if size:
        examples = examples.map(
            lambda example: example | {key: tf.numpy_function(partial(resize, shape=shape), [example[key]], tf.uint8)},
            num_parallel_calls=tf.data.AUTOTUNE,
        )
    total = builder.info.splits[split].num_examples
    x = np.empty((total, *shape), np.uint8)
    y = np.empty(total, np.int64) if label_key else None
    factors = np.empty((total, len(factor_keys)), np.int64) if factor_keys else None
    batches, rows_read = examples.batch(BATCH).prefetch(2).with_options(pipeline_options()), 0
    try:
        for batch in progress(tfds.as_numpy(batches), -(-total // BATCH), f"Reading {builder.name} {split}"):
            rows = slice(rows_read, rows_read + len(batch[key]))
            x[rows] = batch[key]
            if y is not None:
                y[rows] = batch[label_key]
            if factors is not None:
                factors[rows] = np.stack([batch[factor_key] for factor_key in factor_keys], axis=-1)
            rows_read = rows.stop
    except tf.errors.OpError as error:
        raise _damaged_files_error(builder, split, total, rows_read, error) from error
    if rows_read < total:
        raise _damaged_files_error(builder, split, total, rows_read)
    return Split(x, y, factors)


def _damaged_files_error(
    builder, split: str, total: int, rows_read: int, error: Exception | None = None
) -> InvalidInputError:
    reason = f" ({one_line(error)})" if error else ""
    return InvalidInputError(
        f"{builder.name}: expected {total} examples in {split!r}, got {rows_read}{reason}; the files in "
        f"{builder.data_dir} are damaged: remove the folder to prepare the data set again."
    )
