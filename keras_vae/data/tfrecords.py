"""Reads TFRecord files."""

import os
import re
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from keras_vae.data.columns import MOST_EXACT
from keras_vae.data.encoded_images import decode, decoders
from keras_vae.data.folder import SAMPLED, is_large, most_used, stream_note
from keras_vae.data.folder_layout import SPLITS
from keras_vae.data.image_size import default_size, size_notes
from keras_vae.data.images import MAX_PIXELS, SUFFIXES, DecodedImage
from keras_vae.data.lazy_array import LARGE, LazyArray, sample
from keras_vae.data.parts import Parts
from keras_vae.data.pixel_array import PixelArray
from keras_vae.data.pixel_notes import check_range, pixel_notes
from keras_vae.data.skipped import count_notes, skip_notes
from keras_vae.data.split_dataset import PARTS, Split
from keras_vae.data.table import rounding_notes
from keras_vae.data.tfrecord_files import TFRecordFiles
from keras_vae.data.tfrecord_images import TFRecordImages
from keras_vae.data.tfrecord_rows import TFRecordRows, parse
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.progress import progress

IMAGES = ("image", "image/encoded", "image_raw", "image_bytes")
"""The features that may contain an encoded image; the first that a record has is used."""
ROWS = "x"
"""The feature with the numbers of an example."""
LABELS = ("label", "image/class/label")
"""The features that may contain a label."""
BATCH = 64
"""The number of records that are read at a time for their labels."""


def is_records(path: Path) -> bool:
    """Returns whether a path is a TFRecord file, or a folder of such files."""
    return bool(record_paths(path))


def record_paths(path: Path) -> list[Path]:
    """Returns the TFRecord files at a path, sorted.

    These are the files with `.tfrecord` in their names, except hidden files: the file itself, or the files in a folder
    and in its sub-folders `train`, `validation` (or `val`) and `test`. There are none if there are images beside them.
    """
    if not path.is_dir():
        return [path] if path.is_file() and ".tfrecord" in path.name else []
    files, folders = [], [path]
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    if folder == path and entry.name.lower() in SPLITS:
                        folders.append(Path(entry.path))
                elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
                    return []
                elif ".tfrecord" in entry.name:
                    files.append(Path(entry.path))
    return sorted(files)


def read_tfrecords(
    path: str | Path,
    *,
    image_size: tuple[int, int] | None = None,
    max_pixels: int = MAX_PIXELS,
    label_names: Sequence[str] = (),
    stream: bool | None = None,
    limit: int | None = None,
) -> Parts:
    """Reads the `tf.train.Example` records of a TFRecord file, or of all such files in a folder.

    Splits: files in a sub-folder `train`, `validation` (or `val`) or `test`, or with one of these words in their names,
    such as `train-00000-of-00010.tfrecord`. Without a file for `train`, all files outside the other splits are training
    examples. With one, files outside the splits are left out, and a note names them. A single file has no splits.

    Examples: the first of the features `IMAGES` that the first record has is an encoded image. Without one, the
    examples are the feature `x`, or the only feature with two or more numbers, `(N, D)` in float32. Every record must
    have the same number of values.

    Labels: the feature `label` or `image/class/label`, one integer or text. Texts become indices in sorted order, or
    those of `label_names`. If the first record has a label, every record must have one.

    Images are converted and resized as in `read_folder`. An image that cannot be decoded is skipped, or replaced by the
    next image of the same label if images are decoded when they are needed; a warning names it.

    Args:
        path: the file or folder.
        image_size: `(H, W)` in pixels. None chooses it as `read_folder` does.
        max_pixels: maximum number of pixels of an image.
        label_names: names of the labels 0, 1, ..., such as those of the training data. Other names get the next labels.
        stream: whether to read the examples when they are needed. None does so for images if `is_large`, and for
            numbers of more than `LARGE` bytes.
        limit: maximum number of examples of each split that will be used, see `read_folder`.

    Raises:
        InvalidInputError: if a file is damaged or compressed, if the records have no such features, or if an option
            does not apply to them.
    """
    path = Path(path)
    paths, parts, unused = _with_parts(path)
    files = TFRecordFiles(paths)
    if not len(files):
        raise InvalidInputError(f"{path}: expected TFRecord files with records, got {len(paths)} files without any.")
    features = _features(files)
    y, names = _labels(path, files, features.label, label_names)
    notes = [*features.notes]
    if unused:
        notes.append(f"Left out {len(unused)} files outside train, validation and test, first {unused[0].name}.")
    part_of = np.array(parts)[files.file_of(np.arange(len(files)))]
    if features.is_image:
        x, kept, more = _images(path, files, features.name, y, image_size, max_pixels, stream, limit)
        notes += more
    else:
        if image_size is not None:
            raise InvalidInputError(f"image_size: {path} has numbers, not images; leave image_size out.")
        x, kept = TFRecordRows(files, features.name, features.length, features.kind), np.arange(len(files))
        if not (x.nbytes > LARGE if stream is None else stream):
            x = np.asarray(x)
        if features.kind == tf.int64 and np.abs(sample(x)).max() >= MOST_EXACT:
            notes += rounding_notes([features.name])
    splits = {}
    for part in PARTS:
        rows = np.flatnonzero(part_of[kept] == part)
        if len(rows):
            texts = None  # a lazy array names its rows
            if isinstance(x, np.ndarray):
                texts = np.array([files.name_of(record) for record in kept[rows].tolist()], object)
            splits[part] = Split(x[rows], None if y is None else y[kept[rows]], names=texts)
    if "train" not in splits:
        raise InvalidInputError(
            f"{path}: expected readable examples for training, got only {' and '.join(splits)}; add files for train."
        )
    return Parts(splits["train"], splits.get("validation"), splits.get("test"), label_names=names, notes=tuple(notes))


def _with_parts(path: Path) -> tuple[list[Path], list[str], list[Path]]:
    """Returns the files with examples, the split of each, and the unused files."""
    paths = record_paths(path)
    parts = [_part_of(file, path) for file in paths]
    default = None if "train" in parts else "train"
    used = [(file, part or default) for file, part in zip(paths, parts, strict=True) if part or default]
    unused = [file for file, part in zip(paths, parts, strict=True) if not (part or default)]
    return [file for file, _ in used], [str(part) for _, part in used], unused


def _part_of(file: Path, root: Path) -> str | None:
    """Returns the split in the name of a file, or of its sub-folder."""
    if file == root:
        return None
    if file.parent != root:
        return SPLITS[file.parent.name.lower()]
    words = re.split("[^a-z]+", file.name.lower().split(".tfrecord")[0])
    return next((SPLITS[word] for word in words if word in SPLITS), None)


class _Features(NamedTuple):
    """The features with the examples and the labels."""

    name: str
    is_image: bool
    length: int
    kind: tf.DType
    label: tuple[str, tf.DType] | None
    notes: tuple[str, ...]


KINDS = {"bytes_list": tf.string, "int64_list": tf.int64, "float_list": tf.float32}


def _features(files: TFRecordFiles) -> _Features:
    """Chooses the features from those of the first record."""
    (record,) = files.take([0])
    try:
        content = tf.train.Example.FromString(record).features.feature
    except DecodeError as error:
        raise InvalidInputError(
            f"{files.name_of(0)}: expected a tf.train.Example, got: {one_line(error)}; write such records."
        ) from error
    kinds = {name: feature.WhichOneof("kind") for name, feature in content.items()}
    found = {name: (KINDS[kind], len(getattr(content[name], kind).value)) for name, kind in kinds.items() if kind}
    labels = [name for name in LABELS if name in found]
    label = next(((name, found[name][0]) for name in labels if found[name] in ((tf.int64, 1), (tf.string, 1))), None)
    notes = ()
    if not labels:
        _check_no_labels(files)
    if labels and label is None:
        notes = (f"There are no labels, as the feature {labels[0]!r} is not one integer or text.",)
    image = next((name for name in IMAGES if found.get(name) == (tf.string, 1)), None)
    if image is not None:
        return _Features(image, True, 1, tf.string, label, notes)
    numbers = {name: size for name, (kind, size) in found.items() if kind != tf.string and name not in LABELS}
    lists = [name for name, size in numbers.items() if name == ROWS or size > 1]
    name = ROWS if ROWS in lists else lists[0] if len(lists) == 1 else None
    if name is None or not numbers[name]:
        described = ", ".join(f"{name} ({size} of {kind.name})" for name, (kind, size) in sorted(found.items()))
        raise InvalidInputError(
            f"{files.name_of(0)}: expected one encoded image in a feature {', '.join(IMAGES[:-1])} or {IMAGES[-1]}, "
            f"numbers in a feature {ROWS}, or a single feature with two or more numbers; got "
            f"{described or 'no features'}; write the records with such a feature."
        )
    return _Features(name, False, numbers[name], found[name][0], label, notes)


def _check_no_labels(files: TFRecordFiles) -> None:
    """Raises `InvalidInputError` if one of some records has a label, unlike the first."""
    sampled = np.unique(np.linspace(0, len(files) - 1, BATCH).astype(np.int64))
    for index, record in zip(sampled, files.take(sampled), strict=True):
        try:
            features = tf.train.Example.FromString(record).features.feature
        except DecodeError:
            continue  # it is reported when it is read
        if label := next((name for name in LABELS if name in features), None):
            raise InvalidInputError(
                f"{files.name_of(0)}: expected the feature {label!r}, as in {files.name_of(int(index))}, got none; add "
                "a label to each record, or to none."
            )


def _labels(
    path: Path, files: TFRecordFiles, label: tuple[str, tf.DType] | None, label_names: Sequence[str]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Reads the labels of all records, and returns them with their names."""
    if label is None:
        return None, ()
    name, kind = label
    batches = [np.arange(start, min(start + BATCH, len(files))) for start in range(0, len(files), BATCH)]
    shown = progress(batches, len(batches), "Reading labels")
    values = np.concatenate([parse(files, batch, name, (), kind) for batch in shown])
    if kind == tf.int64:
        if label_names:
            raise InvalidInputError(
                f"label_names: expected labels that are texts, got integers in the feature {name!r} of {path}; leave "
                "label_names out."
            )
        return values, ()
    texts = np.array([value.decode(errors="backslashreplace") for value in values], object)
    others = sorted({*texts} - {*label_names})
    if label_names and others:
        warnings.warn(
            f"{path}: expected the labels {', '.join(label_names)}; got {', '.join(others)} too.", stacklevel=3
        )
    names = (*label_names, *others)
    return np.array([{text: number for number, text in enumerate(names)}[text] for text in texts]), names


def _images(
    path: Path,
    files: TFRecordFiles,
    feature: str,
    y: np.ndarray | None,
    image_size: tuple[int, int] | None,
    max_pixels: int,
    stream: bool | None,
    limit: int | None,
) -> tuple[np.ndarray | LazyArray, np.ndarray, list[str]]:
    """Returns images, which records they are, and notes."""
    size = image_size or _size_of_images(TFRecordImages(path, files, feature, (1, 1), grey=True), max_pixels)
    if size is None:
        raise InvalidInputError(
            f"{path}: expected encoded images in the feature {feature!r}, got {len(files)} records, none with an image "
            "that can be decoded."
        )
    large = is_large(len(files), size, limit) if stream is None else stream
    lazy = large or most_used(len(files), limit) < len(files)
    images = TFRecordImages(path, files, feature, size, grey=False, labels=y, max_pixels=max_pixels)
    sampled = images.spread(SAMPLED, LARGE) if lazy else np.arange(len(files))
    good, failures, pixels, start = {}, [], PixelArray(path, len(sampled), size), time.monotonic()
    results = progress(decoders().map(images.decoded, sampled), len(sampled), "Reading images")
    for index, result in zip(sampled.tolist(), results, strict=True):
        if isinstance(result, DecodedImage):
            good[index] = pixels.add(result)
        else:
            failures.append(f"Skipped {files.name_of(index)}: {one_line(result)}.")
    seconds = (time.monotonic() - start) / len(sampled)
    if not good:
        raise InvalidInputError(
            f"{path}: expected readable images, got none in a sample of {len(sampled)}. {failures[0]}"
        )
    check_range(path, [image.brightest for image in good.values()])
    notes = size_notes((image.file_size for image in good.values()), size, chosen=image_size is None)
    notes += pixel_notes(good, files.name_of, len(sampled))
    if failures and not lazy:
        warned = " ".join(skip_notes(failures))
        warnings.warn(f"{path}: {len(failures)} of {len(files)} images cannot be read. {warned}", stacklevel=2)
        notes = [*count_notes(failures, f"{len(files)} images"), *notes]
    if large:
        notes.append(stream_note(len(files), seconds))
    if lazy:
        x = TFRecordImages(path, files, feature, size, grey=pixels.grey, labels=y, max_pixels=max_pixels)
        return x, np.arange(len(files)), notes
    return pixels.array, np.array([*good]), notes


def _size_of_images(images: TFRecordImages, max_pixels: int) -> tuple[int, int] | None:
    """Returns the size that `default_size` chooses; None if no image can be decoded."""
    for index in range(len(images)):
        image = decode(images.encoded(index), None, max_pixels)
        if isinstance(image, DecodedImage):
            where = f"{images.source}, {images.name_of(index)}"
            return default_size(image, len(images), images.encoded, where, max_pixels)
    return None
