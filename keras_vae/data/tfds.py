"""Image data sets of TensorFlow Datasets."""

import difflib
import importlib
import socket
import urllib.request
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_vae.data.dataset import Split
from keras_vae.data.images import fit
from keras_vae.data.names import MADE_HERE, names
from keras_vae.data.parts import Parts
from keras_vae.errors import InvalidInputError, one_line, unknown
from keras_vae.progress import progress

BATCH = 512
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
FACTOR = "label_"


def read_tfds(name: str, *, image_size: tuple[int, int] | None = None, data_dir: str | Path | None = None) -> Parts:
    """Reads an image data set into memory, downloading and preparing it where that has not been done.

    Its splits `train` (or its first one), `validation` and `test` are taken as they are. Labels are the feature
    `label`, where there is one, or else the one `label_NAME` that the set is supervised by. Every class label
    `label_NAME` is a factor of variation called NAME. Pixels are uint8 `(N, H, W, C)`; those of a set that knows
    only 0 and 1 become 0 and 255. With `image_size`, images are resized (Lanczos) so that they cover it, and cropped
    at their centre.

    Args:
        name: `NAME` or `NAME/CONFIG`.
        image_size: `(H, W)` in pixels; needed if the images vary in size.
        data_dir: where prepared sets lie; by default the environment variable TFDS_DATA_DIR, or else
            `~/tensorflow_datasets`.

    Raises:
        InvalidInputError: if the name is unknown, the set holds no uint8 images, it cannot be downloaded, or its
            images vary in size and `image_size` is None.
    """
    builder = _builder(name, data_dir)
    key = _image_key(builder, name)
    height, width, channels = builder.info.features[key].shape
    if image_size == (height, width):
        image_size = None
    elif image_size is None and None in (height, width):
        raise InvalidInputError(f"{name}: its images vary in size; give image_size, such as 64.")
    _prepare(builder, name)

    own = list(builder.info.splits)
    label_key, factor_keys = _labels(builder)
    splits = {"train": "train" if "train" in own else own[0]}
    splits |= {part: part for part in ("validation", "test") if part in own and part != splits["train"]}
    shape = (*(image_size or (height, width)), channels or 3)
    read = {
        part: _read(builder, split, key, shape, image_size, label_key, factor_keys) for part, split in splits.items()
    }
    notes = ()
    if max(split.x.max() for split in read.values()) <= 1:
        for split in read.values():
            np.multiply(split.x, 255, out=split.x)
        notes = ("Its pixels are 0 or 1; they were made 0 or 255.",)
    features = builder.info.features
    return Parts(
        **read,
        label_names=tuple(features[label_key].names) if label_key else (),
        notes=notes,
        factor_names=tuple(key.removeprefix(FACTOR) for key in factor_keys),
        factor_sizes=tuple(features[key].num_classes for key in factor_keys),
    )


def _builder(name: str, data_dir: str | Path | None):
    import tensorflow_datasets as tfds

    base = name.split("/")[0].split(":")[0]
    if base == "sprites":
        importlib.import_module("keras_vae.data.sprites.sprites_dataset_builder")
    known = tfds.list_builders(with_community_datasets=False)
    if base not in known:
        near = difflib.get_close_matches(base, {*names(), *known}, n=1, cutoff=0.4)
        raise InvalidInputError(unknown(base, {**names(), **dict.fromkeys(near)}, part="data set"))
    try:
        return tfds.builder(name, data_dir=data_dir)
    except Exception as error:
        raise InvalidInputError(f"{name}: TensorFlow Datasets cannot build it: {one_line(error)}") from error


def _image_key(builder, name: str) -> str:
    import tensorflow_datasets as tfds

    features = builder.info.features or {}
    found = [key for key, feature in features.items() if type(feature) is tfds.features.Image]
    if not found:
        raise InvalidInputError(f"{name}: expected a data set with images, got features {', '.join(features)}.")
    key = "image" if "image" in found else found[0]
    if features[key].np_dtype != np.uint8:
        raise InvalidInputError(f"{name}: expected uint8 images, got {np.dtype(features[key].np_dtype)} in {key!r}.")
    return key


def _labels(builder) -> tuple[str | None, list[str]]:
    """The feature that is the label, if any, and those that are factors of variation."""
    import tensorflow_datasets as tfds

    features = {k: f for k, f in builder.info.features.items() if isinstance(f, tfds.features.ClassLabel)}
    classes = [key for key, feature in features.items() if feature.num_classes]
    factors = [key for key in classes if key.startswith(FACTOR)]
    supervised = (builder.info.supervised_keys or (None, None))[1]
    label = "label" if "label" in classes else supervised if supervised in factors else None
    return label, factors


def _prepare(builder, name: str) -> None:
    """Downloads the set unless it is there.

    Without a network, TFDS would retry for minutes; for the sets that are known to need one this is seen first.
    """
    if builder.is_prepared():
        return
    try:
        if builder.name in {*names()} - {*MADE_HERE} and not urllib.request.getproxies():
            socket.getaddrinfo("storage.googleapis.com", 443)
        builder.download_and_prepare()
    except Exception as error:
        raise InvalidInputError(
            f"{name}: not prepared in {builder.data_dir}, and downloading or preparing it failed ({one_line(error)}); "
            "check the network, or set TFDS_DATA_DIR to a folder that holds it."
        ) from error


def _read(
    builder,
    split: str,
    key: str,
    shape: tuple[int, ...],
    size: tuple[int, int] | None,
    label_key: str | None,
    factor_keys: list[str],
) -> Split:
    import tensorflow_datasets as tfds

    wanted = dict.fromkeys([key, *([label_key] if label_key else []), *factor_keys], True)
    examples = builder.as_dataset(split=split, decoders=tfds.decode.PartialDecoding(wanted))
    if size:
        examples = examples.map(
            lambda example: example | {key: tf.numpy_function(partial(_resize, shape=shape), [example[key]], tf.uint8)},
            num_parallel_calls=tf.data.AUTOTUNE,
        )
    total = builder.info.splits[split].num_examples
    x = np.empty((total, *shape), np.uint8)
    y = np.empty(total, np.int64) if label_key else None
    factors = np.empty((total, len(factor_keys)), np.int64) if factor_keys else None
    read, done = examples.batch(BATCH).prefetch(tf.data.AUTOTUNE), 0
    try:
        for batch in progress(tfds.as_numpy(read), -(-total // BATCH), f"Reading {builder.name} {split}"):
            rows = slice(done, done + len(batch[key]))
            x[rows] = batch[key]
            if label_key:
                y[rows] = batch[label_key]
            for column, factor_key in enumerate(factor_keys):
                factors[rows, column] = batch[factor_key]
            done = rows.stop
    except tf.errors.OpError as error:
        raise _damaged(builder, split, total, done, error) from error
    if done < total:
        raise _damaged(builder, split, total, done)
    return Split(x, y, factors)


def _damaged(builder, split: str, total: int, done: int, error: Exception | None = None) -> InvalidInputError:
    reason = f" ({one_line(error)})" if error else ""
    return InvalidInputError(
        f"{builder.name}: expected {total} examples in {split!r}, could read {done}{reason}; "
        f"its files in {builder.data_dir} are damaged: remove that folder, and it is prepared again."
    )


def _resize(pixels: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert(MODES[shape[-1]])
    return fit(image, shape[:2]).reshape(shape)
