"""Remarks on decoded images whose pixels are not those of the file."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from keras_vae.data.images import DecodedImage
from keras_vae.errors import InvalidInputError

FULL_RANGE = 2**14
"""The minimum of the brightest sample in a set of 16-bit files: a quarter of their range."""

K = TypeVar("K")


def is_dark(image: DecodedImage) -> bool:
    """Returns whether a file with 16 bits uses less than a quarter of its range, and is nearly black."""
    return image.brightest is not None and 0 < image.brightest < FULL_RANGE


def pixel_notes(images: Mapping[K, DecodedImage], name_of: Callable[[K], str], total: int) -> list[str]:
    """Returns notes on further frames, transparent pixels and dark 16-bit files.

    Args:
        images: decoded images.
        name_of: name of an image of `images`.
        total: number of files that were decoded.

    Example:

    >>> image = DecodedImage(np.zeros((2, 2), "uint8"), None, False, (2, 2), transparent=True)
    >>> pixel_notes({"a.png": image}, str, 20)
    ['1 of 20 decoded files have transparent pixels, which are drawn on black, first a.png.']
    """
    more, transparent, dark = (
        [key for key, image in images.items() if holds(image)]
        for holds in (lambda image: image.more_frames, lambda image: image.transparent, is_dark)
    )
    notes = []
    if more:
        notes.append(f"Read the first frame or page of {len(more)} files that have more, first {name_of(more[0])}.")
    if transparent:
        notes.append(
            f"{len(transparent)} of {total} decoded files have transparent pixels, which are drawn on black, first "
            f"{name_of(transparent[0])}."
        )
    if dark:
        notes.append(
            f"{len(dark)} of {total} decoded files have 16 bits of which they use less than a quarter of the range, so "
            f"that they are nearly black, first {name_of(dark[0])}; multiply their samples, or save 8 bits."
        )
    return notes


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
