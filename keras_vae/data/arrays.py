"""Reads arrays from .npy and .npz files."""

import contextlib
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil

from keras_vae.data.lazy_array import LARGE
from keras_vae.data.npy_array import NpyArray, in_fortran_order
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split
from keras_vae.data.validate import validate, validate_conditions, validate_labels
from keras_vae.errors import InvalidInputError
from keras_vae.text import readable_bytes

EXAMPLES = {"train": ("x", "images", "x_train", "arr_0"), "validation": ("x_validation", "x_val"), "test": ("x_test",)}
LABELS = {"train": ("y", "labels", "y_train"), "validation": ("y_validation", "y_val"), "test": ("y_test",)}


def read_arrays(path: str | Path, *, stream: bool | None = None) -> Parts:
    """Reads a `.npy` file of examples, or a `.npz` file of examples, labels and splits.

    A `.npz` file contains the training examples under the key `x`, `images`, `x_train` or `arr_0`, which is the key of
    `numpy.savez(path, x)`. Optional keys are `x_validation` or `x_val`, and `x_test`. Labels have the same keys with
    `y` instead of `x`, or `labels` for `images`. Beside `arr_0`, `arr_1` contains the labels if it has an integer for
    each example. See `validate` for the arrays that are supported, and `validate_conditions` for labels, which may be
    vectors. A note names the keys that are not used.

    Args:
        path: path of the file.
        stream: whether to read the rows of a `.npy` file when they are needed, see `NpyArray`. None does so for files
            of more than `LARGE` bytes. An array in Fortran order is read into memory, with a note.

    Returns:
        The splits of the file.

    Raises:
        InvalidInputError: if the file cannot be read or contains pickled objects, if a key is missing, or if the
            numbers of examples and labels differ.
    """
    path = Path(path)
    large = path.stat().st_size > LARGE if stream is None else stream
    is_npy = path.suffix.lower() == ".npy"
    fortran = is_npy and large and in_fortran_order(path)
    if is_npy and large and not fortran:
        return Parts(Split(NpyArray(path)))
    _check_fits(path, path.stat().st_size if fortran else _unpacked_size(path))
    try:
        with path.open("rb") as file:
            content = np.load(path, mmap_mode="r") if fortran else np.load(file, allow_pickle=False)
            arrays = {"x": content} if isinstance(content, np.ndarray) else dict(content)
    except Exception as error:
        reason = "it contains pickled objects" if "pickle" in str(error) else " ".join(str(error).split())
        raise InvalidInputError(
            f"{path}: expected numeric arrays written by numpy.save or numpy.savez, but {reason or 'it is empty'}; "
            "write the file again."
        ) from error
    used: set[str] = set()
    splits = {part: _split(arrays, part, path.name, used) for part in EXAMPLES}
    train, validation, test = splits["train"], splits["validation"], splits["test"]
    if train is None:
        raise InvalidInputError(
            f"{path}: expected a key {' or '.join(EXAMPLES['train'])}, got {', '.join(sorted(arrays)) or 'no keys'}; "
            "rename the training examples."
        )
    if train.y is None and "arr_1" in set(arrays) - used and "arr_0" in used:
        with contextlib.suppress(InvalidInputError):  # it is no labels; a note names it
            train = replace(train, y=validate_labels(arrays["arr_1"], len(train)))
            used.add("arr_1")
    unused = sorted(set(arrays) - used)
    notes = (f"Not used: the keys {', '.join(unused)} of {path.name}.",) if unused else ()
    if fortran:  # each row is spread over the file
        notes = ("The array is in Fortran order and was read into memory; np.ascontiguousarray avoids it.",)
    return Parts(train, validation, test, notes=notes)


def _unpacked_size(path: Path) -> int:
    """Returns the number of bytes of the arrays of a compressed file; 0 for other files."""
    if not zipfile.is_zipfile(path):
        return 0
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except Exception:  # a damaged archive; np.load reports the details
        return 0


def _check_fits(path: Path, size: int) -> None:
    """Refuses arrays that do not fit in memory."""
    available = psutil.virtual_memory().available
    if size > available:
        raise InvalidInputError(
            f"{path}: expected arrays that fit in {readable_bytes(available)} of free memory, got "
            f"{readable_bytes(size)}; use fewer examples or a smaller dtype, such as uint8."
        )


def _split(arrays: Mapping[str, np.ndarray], part: str, file: str, used: set[str]) -> Split | None:
    """Returns a split, or None if there are no examples for it, and adds its keys to `used`."""
    x_key = next((key for key in EXAMPLES[part] if key in arrays), None)
    y_key = next((key for key in LABELS[part] if key in arrays), None)
    if x_key is None:
        return None
    x = validate(arrays[x_key], f"{file}, key {x_key}")
    y = None if y_key is None else validate_conditions(arrays[y_key], len(x), f"{file}, key {y_key}")
    used.update(key for key in (x_key, y_key) if key is not None)
    return Split(x, y)
