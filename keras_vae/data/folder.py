"""A folder of image files."""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from keras_vae.data.dataset import Split
from keras_vae.data.folder_layout import Entry, label_names, layout
from keras_vae.data.images import fit, open_image
from keras_vae.data.parts import Parts
from keras_vae.errors import InvalidInputError
from keras_vae.progress import progress


def read_folder(path: str | Path, *, image_size: tuple[int, int] | None = None, strict: bool = False) -> Parts:
    """Reads every PNG, JPEG, BMP and WebP file under a folder, in sorted order; hidden files are left out.

    Splits: the sub-folders `train`, `validation` (or `val`) and `test`. Without `train`, all that lies outside the
    others is for training; with it, what lies outside is left out and noted.

    Labels: the sub-folder of the folder, or of the split, that a file lies in, numbered in sorted order; only if
    each file lies in one and there are two or more.

    Pixels: uint8. Grey `(N, H, W, 1)` if every readable file is grey (modes 1, L, LA, I, I;16), else RGB
    `(N, H, W, 3)`. Alpha is dropped over black, EXIF orientation applied, 16 bits are scaled to 8. Each image is
    resized (Lanczos) so that it covers the size, and cropped at its centre.

    Args:
        path: the folder.
        image_size: `(H, W)` in pixels; by default that of the first readable file.
        strict: whether to refuse an unreadable file rather than skip it with a warning and a note.

    Raises:
        InvalidInputError: if no image is readable, none is for training, or, when `strict`, one is unreadable.
    """
    root = Path(path)
    entries, left_over = layout(root)
    size = image_size or _first_size(root, entries)
    if size is None:
        raise InvalidInputError(
            f"{root}: expected readable PNG, JPEG, BMP or WebP images, found {len(entries)} files of these kinds"
            + (f", the first unreadable: {entries[0].path}." if entries else " in it and its sub-folders.")
        )
    images, notes = _decode(root, entries, size, strict)
    if not images:
        raise InvalidInputError(f"{root}: none of the {len(entries)} image files is readable. {notes[0]}")
    if notes:
        warnings.warn(f"{root}: {len(notes)} of {len(entries)} image files. {' '.join(notes)}", stacklevel=2)
    if left_over:
        notes.append(f"Left out {len(left_over)} images outside train, validation and test, first {left_over[0]}.")

    names = label_names(entries)
    splits = {}
    for part in ("train", "validation", "test"):
        mine = [entry for entry in images if entry.part == part]
        labels = np.array([names.index(entry.label) for entry in mine]) if names else None
        if mine:
            splits[part] = Split(_stack([images[entry] for entry in mine], _is_grey(images)), labels)
    if "train" not in splits:
        raise InvalidInputError(f"{root}: expected readable images for training, found only {' and '.join(splits)}.")
    return Parts(**splits, label_names=names, notes=tuple(notes))


def _first_size(root: Path, entries: Sequence[Entry]) -> tuple[int, int] | None:
    for entry in entries:
        try:
            return open_image(root / entry.path).size[::-1]
        except Exception:
            continue
    return None


def _decode(root: Path, entries: Sequence[Entry], size: tuple[int, int], strict: bool):
    """The readable images in order, entry -> pixels, and a sentence for each other file."""

    def read(entry: Entry) -> np.ndarray | Exception:
        try:
            return fit(open_image(root / entry.path), size)
        except Exception as error:
            return error

    images, notes = {}, []
    pool = ThreadPoolExecutor()
    try:
        results = progress(pool.map(read, entries), len(entries), "Reading images")
        for entry, result in zip(entries, results, strict=True):
            if isinstance(result, np.ndarray):
                images[entry] = result
            elif strict:
                raise InvalidInputError(f"{root / entry.path}: expected a readable image, got: {_line(result)}.")
            else:
                notes.append(f"Skipped {entry.path}: {_line(result)}.")
    finally:
        pool.shutdown(cancel_futures=True)
    return images, notes


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _is_grey(images: dict[Entry, np.ndarray]) -> bool:
    return all(image.ndim == 2 for image in images.values())


def _stack(images: Sequence[np.ndarray], grey: bool) -> np.ndarray:
    if grey:
        return np.stack(images)[..., np.newaxis]
    return np.stack([np.broadcast_to(image.reshape(*image.shape[:2], -1), (*image.shape[:2], 3)) for image in images])
