"""Arrays in .npy and .npz files."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import psutil

from keras_vae.data.dataset import Split
from keras_vae.data.parts import Parts
from keras_vae.data.validate import validate, validate_labels
from keras_vae.errors import InvalidInputError

EXAMPLES = {"train": ("x", "images", "x_train"), "validation": ("x_validation", "x_val"), "test": ("x_test",)}
LABELS = {"train": ("y", "labels", "y_train"), "validation": ("y_validation", "y_val"), "test": ("y_test",)}


def read_arrays(path: str | Path) -> Parts:
    """Reads a `.npy` file of examples, or a `.npz` file of examples, labels and splits.

    A `.npz` file holds its examples as `x`, `images` or `x_train`, and may hold `x_validation` or `x_val`, `x_test`,
    and labels under the same names with `y` (`labels` beside `images`). What an array may hold: see `validate`.

    Raises:
        InvalidInputError: if the file is unreadable or holds pickled objects, if a key is missing, or if examples
            and labels differ in number.
    """
    path = Path(path)
    _check_memory(path)
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            found = {"x": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except Exception as error:
        reason = "it holds pickled objects" if "pickle" in str(error) else " ".join(str(error).split())
        raise InvalidInputError(
            f"{path}: expected numeric arrays written by numpy.save or numpy.savez, but {reason or 'it is empty'}; "
            "write it again."
        ) from error
    splits = {part: _split(found, part, path.name) for part in EXAMPLES}
    if splits["train"] is None:
        raise InvalidInputError(
            f"{path}: expected a key {' or '.join(EXAMPLES['train'])}, got {', '.join(sorted(found)) or 'no keys'}."
        )
    return Parts(**splits)


def _check_memory(path: Path) -> None:
    """Refuses a compressed file that would not fit into memory."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            needed = sum(member.file_size for member in archive.infolist())
    except Exception:  # a damaged archive, of which reading it tells more
        return
    available = psutil.virtual_memory().available
    if needed > available:
        raise InvalidInputError(
            f"{path}: its arrays take {needed / 2**30:.1f} GiB, and {available / 2**30:.1f} GiB of memory are free; "
            "give fewer examples, or smaller numbers such as uint8."
        )


def _split(found: Mapping[str, np.ndarray], part: str, file: str) -> Split | None:
    x_key = next((key for key in EXAMPLES[part] if key in found), None)
    y_key = next((key for key in LABELS[part] if key in found), None)
    if x_key is None:
        return None
    x = validate(found[x_key], f"{file}, key {x_key}")
    y = None if y_key is None else validate_labels(found[y_key], len(x), f"{file}, key {y_key}")
    return Split(x, y)
