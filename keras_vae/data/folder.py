"""A folder of image files."""

import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from keras_vae.data.dataset import Split
from keras_vae.data.folder_layout import Entry, label_names, layout
from keras_vae.data.images import MAX_PIXELS, DecodedImage, read_image
from keras_vae.data.parts import Parts
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.progress import progress

KINDS = "PNG, JPEG, BMP, WebP, GIF or TIFF"
MAX_NAMED = 10
LARGE = 2**24
"""Pixels from which on files are decoded one at a time: each thread would keep their memory."""
FULL_RANGE = 2**14
"""The least that the brightest sample of a set of 16-bit files must reach: a quarter of their range."""


def read_folder(
    path: str | Path,
    *,
    image_size: tuple[int, int] | None = None,
    strict: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> Parts:
    """Reads every PNG, JPEG, BMP, WebP, GIF and TIFF file under a folder, in sorted order; hidden files are left out.

    Splits: the sub-folders `train`, `validation` (or `val`) and `test`. Without `train`, all that lies outside the
    others is for training; with it, what lies outside is left out and noted.

    Labels: the sub-folder of the folder, or of the split, that a file lies in, numbered in sorted order; only if
    each file lies in one and there are two or more.

    Pixels: uint8. Grey `(N, H, W, 1)` if every readable file is grey, else RGB `(N, H, W, 3)`. What is done to a file,
    see `keras_vae.data.images.read_image`. Each image is resized (Lanczos) so that it covers the size, and cropped at
    its centre. Of files with several frames or pages the first is read, which is noted.

    Files that cannot be read or claim too many pixels, and files of other kinds, are skipped: a warning and the notes
    count and name them.

    Args:
        path: the folder.
        image_size: `(H, W)` in pixels; by default that of the first readable file.
        strict: whether to refuse an unreadable file rather than skip it.
        max_pixels: pixels of a file, at most.

    Raises:
        InvalidInputError: if no image is readable, none is for training, or, when `strict`, one is unreadable; if files
            of 16 bits use less than a quarter of their range.
    """
    root = Path(path)
    entries, left_over, others = layout(root)
    with warnings.catch_warnings():
        _silence_pillow()
        size = image_size or _first_size(root, entries, max_pixels)
        if size is None:
            raise InvalidInputError(
                f"{root}: expected readable {KINDS} images, found {len(entries)} files of these kinds"
                + (f", the first unreadable: {entries[0].path}." if entries else " in it and its sub-folders.")
            )
        images, bad = _decode(root, entries, size, strict, max_pixels)
    if not images:
        raise InvalidInputError(f"{root}: none of the {len(entries)} image files is readable. {bad[0]}")
    _check_range(root, images)
    skipped = _skipped(bad, others)
    if skipped:
        count = f"{len(bad)} of {len(entries)} image files. " if bad else ""
        warnings.warn(f"{root}: {count}{' '.join(skipped)}", stacklevel=2)

    names = label_names(entries)
    splits = {}
    grey = all(image.pixels.ndim == 2 for image in images.values())
    for part in ("train", "validation", "test"):
        mine = [entry for entry in images if entry.part == part]
        labels = np.array([names.index(entry.label) for entry in mine]) if names else None
        if mine:
            splits[part] = Split(_stack([images[entry].pixels for entry in mine], grey), labels)
    if "train" not in splits:
        raise InvalidInputError(f"{root}: expected readable images for training, found only {' and '.join(splits)}.")
    return Parts(**splits, label_names=names, notes=(*skipped, *_notes(left_over, images)))


def _silence_pillow() -> None:
    """Of files with many pixels `max_pixels` speaks already."""
    from PIL import Image

    warnings.simplefilter("ignore", Image.DecompressionBombWarning)


def _first_size(root: Path, entries: Sequence[Entry], max_pixels: int) -> tuple[int, int] | None:
    for entry in entries:
        try:
            return read_image(root / entry.path, max_pixels=max_pixels).pixels.shape[:2]
        except Exception:
            continue
    return None


def _decode(root: Path, entries: Sequence[Entry], size: tuple[int, int], strict: bool, max_pixels: int):
    """The readable images in order, entry -> image, and a sentence for each other file."""

    def read(entry: Entry, max_pixels: int) -> DecodedImage | Exception:
        try:
            return read_image(root / entry.path, size, max_pixels=max_pixels)
        except Exception as error:
            return error

    images, bad = {}, []
    pool = ThreadPoolExecutor()
    try:
        small = min(LARGE, max_pixels)
        results = progress(pool.map(lambda entry: read(entry, small), entries), len(entries), "Reading images")
        for entry, result in zip(entries, results, strict=True):
            if isinstance(result, InvalidInputError):  # large, perhaps
                result = read(entry, max_pixels)
            if isinstance(result, DecodedImage):
                images[entry] = result
            elif strict:
                raise InvalidInputError(f"{root / entry.path}: expected a readable image, got: {one_line(result)}.")
            else:
                bad.append(f"Skipped {entry.path}: {one_line(result)}.")
    finally:
        pool.shutdown(cancel_futures=True)
    return images, bad


def _check_range(root: Path, images: dict[Entry, DecodedImage]) -> None:
    """Refuses files of 16 bits that hold 12 bits, say: they would be nearly black, in training and when served."""
    brightest = [image.brightest for image in images.values() if image.brightest is not None]
    if brightest and 0 < max(brightest) < FULL_RANGE:
        bits = max(8, max(brightest).bit_length())
        raise InvalidInputError(
            f"{root}: expected 16-bit images with samples up to 65535, got {max(brightest)} as the brightest sample of "
            f"{len(brightest)} files, which would be nearly black; if they hold {bits} bits, multiply by "
            f"{2 ** (16 - bits)} or save them with 8 bits."
        )


def _skipped(bad: Sequence[str], others: Sequence[Path]) -> list[str]:
    """What is said of the files that are skipped."""
    notes = [*bad[:MAX_NAMED], *([f"Skipped {len(bad) - MAX_NAMED} more like these."] if len(bad) > MAX_NAMED else [])]
    if others:
        kinds = Counter(path.suffix.lower() or "no suffix" for path in others)
        counts = ", ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items()))
        notes.append(f"Skipped {len(others)} files that are not {KINDS} ({counts}), first {others[0]}.")
    return notes


def _notes(left_over: Sequence[Path], images: dict[Entry, DecodedImage]) -> list[str]:
    """What else is said of the files."""
    notes = []
    if left_over:
        notes.append(f"Left out {len(left_over)} images outside train, validation and test, first {left_over[0]}.")
    several = [entry.path for entry, image in images.items() if image.more_frames]
    if several:
        notes.append(f"Read the first frame or page of {len(several)} files that have more, first {several[0]}.")
    return notes


def _stack(images: Sequence[np.ndarray], grey: bool) -> np.ndarray:
    if grey:
        return np.stack(images)[..., np.newaxis]
    return np.stack([np.broadcast_to(image.reshape(*image.shape[:2], -1), (*image.shape[:2], 3)) for image in images])
