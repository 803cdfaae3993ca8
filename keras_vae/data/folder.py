"""Reads a folder of image files."""

import time
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath

import numpy as np

from keras_vae.data.encoded_images import decode
from keras_vae.data.folder_layout import Entry, layout, names_of_labels
from keras_vae.data.image_files import ImageFiles
from keras_vae.data.image_size import default_size, size_notes
from keras_vae.data.images import MAX_PIXELS, DecodedImage
from keras_vae.data.lazy_array import LARGE
from keras_vae.data.parts import Parts
from keras_vae.data.pixel_array import PixelArray
from keras_vae.data.pixel_notes import check_range, pixel_notes
from keras_vae.data.skipped import KINDS, count_notes, kinds_of, skip_notes
from keras_vae.data.split_dataset import PARTS, Split
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.progress import progress

MOST_FILES = 10_000
"""Images of more files are decoded when they are needed, so that training starts soon."""
SAMPLED = 64
"""Number of files that are decoded to find the size and the kind of the images of a large folder."""
STREAMED = "are decoded when they are needed"


def read_folder(
    path: str | Path,
    *,
    image_size: tuple[int, int] | None = None,
    strict: bool = False,
    max_pixels: int = MAX_PIXELS,
    label_names: Sequence[str] = (),
    stream: bool | None = None,
    limit: int | None = None,
) -> Parts:
    """Reads all PNG, JPEG, BMP, WebP, GIF and TIFF files in a folder and its sub-folders, except hidden files.

    Splits: the sub-folders `train`, `validation` (or `val`) and `test`. Without a folder `train`, all files outside
    the other splits are training examples. With a folder `train`, files outside the splits are left out, and a note
    reports their number.

    Labels: the name of the sub-folder, within the folder or the split, that contains the file. The labels are indices
    in sorted order of the names, or those of `label_names`. There are labels only if every file is in such a
    sub-folder, and if there are at least two names.

    Names: the path of each file in the folder, `Split.names`.

    Pixels: uint8, grey `(N, H, W, 1)` if every readable file is grey, otherwise RGB `(N, H, W, 3)`. See
    `keras_vae.data.images.read_image` for the conversion of a file. Each image is resized (Lanczos) to cover the size
    and cropped at its centre. Only the first frame or page of a file is read; a note reports files with more.

    Files of other kinds, files that cannot be read and files with too many pixels are skipped. A warning reports their
    number and names the first, and the notes report the number.

    The images of a large folder are decoded when they are needed, see `ImageFiles`. Their size and kind are those of a
    sample of the files. A file that cannot be read is replaced by the next file of the same label.

    Args:
        path: path of the folder, or of one image file.
        image_size: `(H, W)` in pixels. None uses the size of the files, of at most 512 x 512 pixels, or 64 x 64 if
            they differ, see `default_size`.
        strict: whether to raise an error for an unreadable file instead of skipping it.
        max_pixels: maximum number of pixels of a file.
        label_names: names of the labels 0, 1, ..., such as those of the training data. A warning reports other names,
            which get the next labels.
        stream: whether to decode the images when they are needed. None does so if `is_large`.
        limit: maximum number of examples of each split that will be used. If this is a part of a small folder, the
            images are an `ImageFiles`, so that only these need to be decoded.

    Raises:
        InvalidInputError: if no image can be read, if there are no training images, if `strict` and an image cannot
            be read, or if all 16-bit files use less than a quarter of their range.
    """
    root = Path(path)
    entries, unused_files, other_files = layout(root)
    root = root.parent if root.is_file() else root
    size = image_size or size_of_images(root, entries, max_pixels)
    if size is None or not entries:
        others = f", and {kinds_of(other_files)}; convert them." if other_files else "; check the folder."
        raise InvalidInputError(
            f"{root}: expected readable {KINDS} images, got {len(entries)} files of these kinds"
            + (f", none readable, the first: {_why_not(root, entries[0], max_pixels)}." if entries else others)
        )
    large = is_large(len(entries), size, limit) if stream is None else stream
    stream = large or most_used(len(entries), limit) < len(entries)
    start = time.monotonic()
    decoded = _sample(entries, size) if stream else entries
    images, pixels, failures = _decode(root, decoded, size, strict, max_pixels)
    seconds = (time.monotonic() - start) / max(len(decoded), 1)
    if not images:
        raise InvalidInputError(
            f"{root}: expected readable images, got {len(entries)} image files, none readable. {failures[0]}"
        )
    check_range(root, [image.brightest for image in images.values()])
    skipped = [] if stream else failures
    warned = skip_notes(skipped, other_files)
    names = names_of_labels(entries, label_names)
    if label_names and len(names) > len(label_names):
        others = ", ".join(names[len(label_names) :])
        warned.append(f"Expected the labels {', '.join(label_names)}; got {others} too.")
    if warned:
        count = f"{len(skipped)} of {len(entries)} image files cannot be read. " if skipped else ""
        warnings.warn(f"{root}: {count}{' '.join(warned)}", stacklevel=2)

    if stream:
        splits = _stream(root, entries, size, pixels.grey, names, max_pixels)
    else:
        splits = _in_memory([*images], pixels.array, names)
    if "train" not in splits:
        raise InvalidInputError(
            f"{root}: expected readable images for training, got only {' and '.join(splits)}; add a folder train."
        )
    notes = [
        *count_notes(skipped, f"{len(entries)} image files", other_files),
        *_label_notes(entries),
        *size_notes((image.file_size for image in images.values()), size, chosen=image_size is None),
        *unused_notes(unused_files),
        *pixel_notes(images, lambda entry: str(entry.path), len(decoded)),
    ]
    if large:
        notes.append(stream_note(len(entries), seconds))
    return Parts(splits["train"], splits.get("validation"), splits.get("test"), label_names=names, notes=tuple(notes))


def most_used(count: int, limit: int | None) -> int:
    """Returns the maximum number of images, out of `count`, that are used if each of three splits has a limit."""
    return count if limit is None else min(count, 3 * limit)


def is_large(count: int, size: tuple[int, int], limit: int | None) -> bool:
    """Returns whether images are decoded when they are needed: more than `MOST_FILES`, or more than `LARGE` bytes.

    Args:
        count: number of images.
        size: their size `(H, W)` in pixels.
        limit: maximum number of examples of each split that will be used, or None.
    """
    used = most_used(count, limit)
    return used > MOST_FILES or 3 * used * size[0] * size[1] > LARGE


def _sample(entries: Sequence[Entry], size: tuple[int, int]) -> list[Entry]:
    """Returns one to `SAMPLED` entries at equal distances, whose images take at most `LARGE` bytes."""
    count = max(1, min(SAMPLED, len(entries), LARGE // (3 * size[0] * size[1])))
    return [entries[i] for i in np.linspace(0, len(entries) - 1, count).astype(int)]


def _in_memory(entries: Sequence[Entry], pixels: np.ndarray, names: Sequence[str]) -> dict[str, Split]:
    splits, row_of = {}, {entry: row for row, entry in enumerate(entries)}
    for part, chosen in _by_part(entries).items():
        rows = [row_of[entry] for entry in chosen]
        first, last = rows[0], rows[-1] + 1
        x = pixels[first:last] if len(rows) == last - first else pixels[rows]  # a slice is no copy
        splits[part] = Split(x, _labels(chosen, names), names=_paths(chosen))
    return splits


def _stream(root, entries, size, grey, names, max_pixels) -> dict[str, Split]:
    splits = {}
    for part, chosen in _by_part(entries).items():
        labels = _labels(chosen, names)
        files = ImageFiles(
            root, [entry.path for entry in chosen], size, grey=grey, labels=labels, max_pixels=max_pixels
        )
        splits[part] = Split(files, labels, names=files.files)
    return splits


def _by_part(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Returns the entries of each part that has any."""
    by_part: dict[str, list[Entry]] = {part: [] for part in PARTS}
    for entry in entries:
        by_part[entry.part].append(entry)
    return {part: chosen for part, chosen in by_part.items() if chosen}


def _paths(entries: Sequence[Entry]) -> np.ndarray:
    return np.array([str(entry.path) for entry in entries], object)


def _labels(entries: Sequence[Entry], names: Sequence[str]) -> np.ndarray | None:
    label_of = {name: label for label, name in enumerate(names)}
    return np.array([label_of[str(entry.label)] for entry in entries]) if names else None


def size_of_images(root: Path, entries: Sequence[Entry], max_pixels: int) -> tuple[int, int] | None:
    """Returns the size `(H, W)` that `default_size` chooses for the files; None if none is readable."""
    for entry in entries:
        image = decode(root / entry.path, None, max_pixels)
        if isinstance(image, DecodedImage):
            files = [root / entry.path for entry in entries]
            return default_size(image, len(files), files.__getitem__, str(root / entry.path), max_pixels)
    return None


def _decode(
    root: Path, entries: Sequence[Entry], size: tuple[int, int], strict: bool, max_pixels: int
) -> tuple[dict[Entry, DecodedImage], PixelArray, list[str]]:
    """Returns entry -> image for the readable files in order, their pixels, and a sentence for each unreadable file."""
    images, pixels, failures = {}, PixelArray(root, len(entries), size), []
    pool = ThreadPoolExecutor()
    try:
        results = pool.map(lambda entry: decode(root / entry.path, size, max_pixels), entries)
        for entry, result in zip(entries, progress(results, len(entries), "Reading images"), strict=True):
            if isinstance(result, DecodedImage):
                images[entry] = pixels.add(result)
            elif strict:
                raise InvalidInputError(f"{root / entry.path}: expected a readable image, got: {one_line(result)}.")
            else:
                failures.append(f"Skipped {entry.path}: {one_line(result)}.")
    finally:
        pool.shutdown(cancel_futures=True)
    return images, pixels, failures


def _why_not(root: Path, entry: Entry, max_pixels: int) -> str:
    error = decode(root / entry.path, None, max_pixels)
    return f"{entry.path}: {one_line(error)}" if isinstance(error, Exception) else str(entry.path)


def unused_notes(unused_files: Sequence[PurePath]) -> list[str]:
    """Returns a note on files outside the splits."""
    if not unused_files:
        return []
    return [f"Left out {len(unused_files)} images outside train, validation and test, first {unused_files[0]}."]


def _label_notes(entries: Sequence[Entry]) -> list[str]:
    """Returns a note if some files have a label and others do not."""
    without = [entry.path for entry in entries if entry.label is None]
    if len(without) in (0, len(entries)):
        return []
    return [
        f"There are no labels, as {len(without)} of {len(entries)} files are in no sub-folder of a class, first "
        f"{without[0]}."
    ]


def stream_note(count: int, seconds: float) -> str:
    """Returns the note that tells how long a pass over `count` images takes, at a number of seconds for each."""
    return (
        f"The {count:,} images {STREAMED}, which takes about {count * seconds:.0f} s per pass "
        "here; `keras-vae prepare` decodes them once."
    )
