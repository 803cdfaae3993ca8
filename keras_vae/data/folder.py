"""Reads a folder of image files."""

import time
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath

import numpy as np

from keras_vae.data.encoded_images import MAX_NAMED, decode
from keras_vae.data.folder_layout import Entry, layout, names_of_labels
from keras_vae.data.image_files import ImageFiles
from keras_vae.data.image_size import default_size, size_notes
from keras_vae.data.images import MAX_PIXELS, DecodedImage
from keras_vae.data.lazy_array import LARGE
from keras_vae.data.parts import Parts
from keras_vae.data.pixel_array import PixelArray
from keras_vae.data.split_dataset import PARTS, Split
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.progress import progress

KINDS = "PNG, JPEG, BMP, WebP, GIF or TIFF"
MOST_FILES = 10_000
"""Images of more files are decoded when they are needed, so that training starts soon."""
SAMPLED = 64
"""Number of files that are decoded to find the size and the kind of the images of a large folder."""
STREAMED = "are decoded when they are needed"
FULL_RANGE = 2**14
"""The minimum of the brightest sample in a set of 16-bit files: a quarter of their range."""


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

    Files of other kinds, files that cannot be read and files with too many pixels are skipped. A warning and the
    notes report their number and names.

    The images of a large folder are decoded when they are needed, see `ImageFiles`. Their size and kind are those of a
    sample of the files. A file that cannot be read is replaced by the next file of the same label.

    Args:
        path: path of the folder, or of one image file.
        image_size: `(H, W)` in pixels. None uses the size of the files, of at most 512 x 512 pixels, or 64 x 64 if
            they differ, see `default_size`.
        strict: whether to raise an error for an unreadable file instead of skipping it.
        max_pixels: maximum number of pixels of a file.
        label_names: names of the labels 0, 1, ..., such as those of the training data. A warning and the notes report
            other names, which get the next labels.
        stream: whether to decode the images when they are needed. None does so if `is_large`.
        limit: maximum number of examples of each split that will be used. If this is a part of a small folder, the
            images are an `ImageFiles`, so that only these need to be decoded.

    Raises:
        InvalidInputError: if no image can be read, if there are no training images, if `strict` and an image cannot
            be read, or if 16-bit files use less than a quarter of their range.
    """
    root = Path(path)
    entries, unused_files, other_files = layout(root)
    root = root.parent if root.is_file() else root
    size = image_size or size_of_images(root, entries, max_pixels)
    if size is None or not entries:
        others = f", and {_kinds(other_files)}; convert them." if other_files else "; check the folder."
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
    warned = skip_notes([] if stream else failures, other_files)
    names = names_of_labels(entries, label_names)
    if label_names and len(names) > len(label_names):
        others = ", ".join(names[len(label_names) :])
        warned.append(f"Expected the labels {', '.join(label_names)}; got {others} too.")
    if warned:
        count = "" if stream or not failures else f"{len(failures)} of {len(entries)} image files. "
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
        *warned,
        *_label_notes(entries),
        *size_notes(images.values(), size, chosen=image_size is None),
        *_other_notes(unused_files, images),
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


def check_range(root: Path, brightest: Iterable[int | None]) -> None:
    """Refuses 16-bit files with, for example, 12-bit samples, which would be nearly black in training and serving.

    Args:
        root: the folder.
        brightest: maximum sample of each file, see `DecodedImage`.
    """
    maxima = [value for value in brightest if value is not None]
    if maxima and 0 < max(maxima) < FULL_RANGE:
        bits = max(8, max(maxima).bit_length())
        raise InvalidInputError(
            f"{root}: expected 16-bit images with samples up to 65535, got {max(maxima)} as the brightest sample, "
            f"which would be nearly black; if the samples have {bits} bits, multiply by {2 ** (16 - bits)} or save "
            "them with 8 bits."
        )


def skip_notes(failures: Sequence[str], other_files: Sequence[Path]) -> list[str]:
    """Returns a note for each skipped file."""
    notes = [
        *failures[:MAX_NAMED],
        *([f"Skipped {len(failures) - MAX_NAMED} more like these."] if len(failures) > MAX_NAMED else []),
    ]
    if other_files:
        notes.append(f"Skipped {_kinds(other_files)}, first {other_files[0]}.")
    return notes


def _kinds(other_files: Sequence[Path]) -> str:
    kinds = Counter(path.suffix.lower() or "no suffix" for path in other_files)
    counts = ", ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items()))
    return f"{len(other_files)} files that are not {KINDS} ({counts})"


def _why_not(root: Path, entry: Entry, max_pixels: int) -> str:
    error = decode(root / entry.path, None, max_pixels)
    return f"{entry.path}: {one_line(error)}" if isinstance(error, Exception) else str(entry.path)


def _other_notes(unused_files: Sequence[PurePath], images: Mapping[Entry, DecodedImage]) -> list[str]:
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
