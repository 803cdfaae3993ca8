"""Reads a folder of image files."""

import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from keras_vae.data.folder_layout import Entry, layout, names_of_labels
from keras_vae.data.images import MAX_PIXELS, DecodedImage, read_image
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.progress import progress

KINDS = "PNG, JPEG, BMP, WebP, GIF or TIFF"
MAX_NAMED = 10
LARGE = 2**24
"""Files with more pixels are decoded one at a time, as parallel threads would need too much memory."""
FULL_RANGE = 2**14
"""The minimum of the brightest sample in a set of 16-bit files: a quarter of their range."""


def read_folder(
    path: str | Path,
    *,
    image_size: tuple[int, int] | None = None,
    strict: bool = False,
    max_pixels: int = MAX_PIXELS,
    label_names: Sequence[str] = (),
) -> Parts:
    """Reads all PNG, JPEG, BMP, WebP, GIF and TIFF files in a folder and its sub-folders, except hidden files.

    Splits: the sub-folders `train`, `validation` (or `val`) and `test`. Without a folder `train`, all files outside
    the other splits are training examples. With a folder `train`, files outside the splits are left out, and a note
    reports their number.

    Labels: the name of the sub-folder, within the folder or the split, that contains the file. The labels are indices
    in sorted order of the names, or those of `label_names`. There are labels only if every file is in such a
    sub-folder, and if there are at least two names.

    Pixels: uint8, grey `(N, H, W, 1)` if every readable file is grey, otherwise RGB `(N, H, W, 3)`. See
    `keras_vae.data.images.read_image` for the conversion of a file. Each image is resized (Lanczos) to cover the size
    and cropped at its centre. Only the first frame or page of a file is read; a note reports files with more.

    Files of other kinds, files that cannot be read and files with too many pixels are skipped. A warning and the
    notes report their number and names.

    Args:
        path: path of the folder.
        image_size: `(H, W)` in pixels. None uses the size of the first readable file.
        strict: whether to raise an error for an unreadable file instead of skipping it.
        max_pixels: maximum number of pixels of a file.
        label_names: names of the labels 0, 1, ..., such as those of the training data. A warning and the notes report
            other names, which get the next labels.

    Raises:
        InvalidInputError: if no image can be read, if there are no training images, if `strict` and an image cannot
            be read, or if 16-bit files use less than a quarter of their range.
    """
    root = Path(path)
    entries, unused_files, other_files = layout(root)
    with warnings.catch_warnings():
        _silence_pillow()
        size = image_size or _first_size(root, entries, max_pixels)
        if size is None:
            raise InvalidInputError(
                f"{root}: expected readable {KINDS} images, got {len(entries)} files of these kinds"
                + (f", none readable, the first: {entries[0].path}." if entries else "; check the folder.")
            )
        images, failures = _decode(root, entries, size, strict, max_pixels)
    if not images:
        raise InvalidInputError(
            f"{root}: expected readable images, got {len(entries)} image files, none readable. {failures[0]}"
        )
    _check_range(root, images)
    warned = _skip_notes(failures, other_files)
    names = names_of_labels(entries, label_names)
    if label_names and len(names) > len(label_names):
        others = ", ".join(names[len(label_names) :])
        warned.append(f"Expected the labels {', '.join(label_names)}; got {others} too.")
    if warned:
        count = f"{len(failures)} of {len(entries)} image files. " if failures else ""
        warnings.warn(f"{root}: {count}{' '.join(warned)}", stacklevel=2)

    splits = {}
    grey = all(image.pixels.ndim == 2 for image in images.values())
    for part in ("train", "validation", "test"):
        part_entries = [entry for entry in images if entry.part == part]
        labels = np.array([names.index(entry.label) for entry in part_entries]) if names else None
        if part_entries:
            splits[part] = Split(_stack([images[entry].pixels for entry in part_entries], grey), labels)
    if "train" not in splits:
        raise InvalidInputError(
            f"{root}: expected readable images for training, got only {' and '.join(splits)}; add a folder train."
        )
    return Parts(**splits, label_names=names, notes=(*warned, *_other_notes(unused_files, images)))


def _silence_pillow() -> None:
    """Suppresses Pillow's warnings: `max_pixels` limits the size, and damage outside the pixels does not matter."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _first_size(root: Path, entries: Sequence[Entry], max_pixels: int) -> tuple[int, int] | None:
    for entry in entries:
        try:
            return read_image(root / entry.path, max_pixels=max_pixels).pixels.shape[:2]
        except Exception:
            continue
    return None


def _decode(root: Path, entries: Sequence[Entry], size: tuple[int, int], strict: bool, max_pixels: int):
    """Returns entry -> image for the readable files, in order, and a sentence for each unreadable file."""

    def decode(entry: Entry, max_pixels: int) -> DecodedImage | Exception:
        try:
            return read_image(root / entry.path, size, max_pixels=max_pixels)
        except Exception as error:
            return error

    images, failures = {}, []
    pool = ThreadPoolExecutor()
    try:
        small = min(LARGE, max_pixels)
        results = progress(pool.map(lambda entry: decode(entry, small), entries), len(entries), "Reading images")
        for entry, result in zip(entries, results, strict=True):
            if isinstance(result, InvalidInputError):  # the file may be large: decode it alone
                result = decode(entry, max_pixels)
            if isinstance(result, DecodedImage):
                images[entry] = result
            elif strict:
                raise InvalidInputError(f"{root / entry.path}: expected a readable image, got: {one_line(result)}.")
            else:
                failures.append(f"Skipped {entry.path}: {one_line(result)}.")
    finally:
        pool.shutdown(cancel_futures=True)
    return images, failures


def _check_range(root: Path, images: dict[Entry, DecodedImage]) -> None:
    """Refuses 16-bit files with, for example, 12-bit samples, which would be nearly black in training and serving."""
    maxima = [image.brightest for image in images.values() if image.brightest is not None]
    if maxima and 0 < max(maxima) < FULL_RANGE:
        bits = max(8, max(maxima).bit_length())
        raise InvalidInputError(
            f"{root}: expected 16-bit images with samples up to 65535, got {max(maxima)} as the brightest sample of "
            f"{len(maxima)} files, which would be nearly black; if the samples have {bits} bits, multiply by "
            f"{2 ** (16 - bits)} or save them with 8 bits."
        )


def _skip_notes(failures: Sequence[str], other_files: Sequence[Path]) -> list[str]:
    """Returns a note for each skipped file."""
    notes = [
        *failures[:MAX_NAMED],
        *([f"Skipped {len(failures) - MAX_NAMED} more like these."] if len(failures) > MAX_NAMED else []),
    ]
    if other_files:
        kinds = Counter(path.suffix.lower() or "no suffix" for path in other_files)
        counts = ", ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items()))
        notes.append(f"Skipped {len(other_files)} files that are not {KINDS} ({counts}), first {other_files[0]}.")
    return notes


def _other_notes(unused_files: Sequence[Path], images: dict[Entry, DecodedImage]) -> list[str]:
    """Returns notes on files outside the splits, and on files with several frames."""
    notes = []
    if unused_files:
        notes.append(
            f"Left out {len(unused_files)} images outside train, validation and test, first {unused_files[0]}."
        )
    multi_frame = [entry.path for entry, image in images.items() if image.more_frames]
    if multi_frame:
        notes.append(
            f"Read the first frame or page of {len(multi_frame)} files that have more, first {multi_frame[0]}."
        )
    return notes


def _stack(images: Sequence[np.ndarray], grey: bool) -> np.ndarray:
    if grey:
        return np.stack(images)[..., np.newaxis]
    return np.stack([np.broadcast_to(image.reshape(*image.shape[:2], -1), (*image.shape[:2], 3)) for image in images])
