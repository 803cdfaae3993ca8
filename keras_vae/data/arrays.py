"""Reads arrays from .npy and .npz files."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import psutil

from keras_vae.data.lazy_array import LARGE
from keras_vae.data.npy_array import NpyArray
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split
from keras_vae.data.validate import validate, validate_conditions
from keras_vae.errors import InvalidInputError

EXAMPLES = {"train": ("x", "images", "x_train", "arr_0"), "validation": ("x_validation", "x_val"), "test": ("x_test",)}
LABELS = {"train": ("y", "labels", "y_train"), "validation": ("y_validation", "y_val"), "test": ("y_test",)}


def read_arrays(path: str | Path, *, stream: bool | None = None) -> Parts:
    """Reads a `.npy` file of examples, or a `.npz` file of examples, labels and splits.

    A `.npz` file contains the training examples under the key `x`, `images`, `x_train` or `arr_0`, which is the key of
    `numpy.savez(path, x)`. Optional keys are `x_validation` or `x_val`, and `x_test`. Labels have the same keys with
    `y` instead of `x`, or `labels` for `images`. See `validate` for the arrays that are supported, and
    `validate_conditions` for labels, which may be vectors.

    Args:
        path: path of the file.
        stream: whether to read the rows of a `.npy` file when they are needed, see `NpyArray`. None does so for files
            of more than `LARGE` bytes.

    Returns:
        The splits of the file.

    Raises:
        InvalidInputError: if the file cannot be read or contains pickled objects, if a key is missing, or if the
            numbers of examples and labels differ.
    """
    path = Path(path)
    large = path.stat().st_size > LARGE if stream is None else stream
    if path.suffix.lower() == ".npy" and large:
        return Parts(Split(NpyArray(path)))
    _check_memory(path)
    try:
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            arrays = {"x": content} if isinstance(content, np.ndarray) else dict(content)
    except Exception as error:
        reason = "it contains pickled objects" if "pickle" in str(error) else " ".join(str(error).split())
        raise InvalidInputError(
            f"{path}: expected numeric arrays written by numpy.save or numpy.savez, but {reason or 'it is empty'}; "
            "write the file again."
        ) from error
    splits = {part: _split(arrays, part, path.name) for part in EXAMPLES}
    train, validation, test = splits["train"], splits["validation"], splits["test"]
    if train is None:
        raise InvalidInputError(
            f"{path}: expected a key {' or '.join(EXAMPLES['train'])}, got {', '.join(sorted(arrays)) or 'no keys'}; "
            "rename the training examples."
        )
    return Parts(train, validation, test)


def _check_memory(path: Path) -> None:
    """Refuses a compressed file whose arrays do not fit in memory."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except Exception:  # a damaged archive; np.load reports the details
        return
    available = psutil.virtual_memory().available
    if size > available:
        raise InvalidInputError(
            f"{path}: expected arrays that fit in {available / 2**30:.1f} GiB of free memory, got "
            f"{size / 2**30:.1f} GiB; use fewer examples or a smaller dtype, such as uint8."
        )


def _split(arrays: Mapping[str, np.ndarray], part: str, file: str) -> Split | None:
    x_key = next((key for key in EXAMPLES[part] if key in arrays), None)
    y_key = next((key for key in LABELS[part] if key in arrays), None)
    if x_key is None:
        return None
    x = validate(arrays[x_key], f"{file}, key {x_key}")
    y = None if y_key is None else validate_conditions(arrays[y_key], len(x), f"{file}, key {y_key}")
    return Split(x, y)
