"""Chooses the size of images, if the user has given none."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from keras_vae.data.encoded_images import decoders
from keras_vae.data.images import DecodedImage, size_in_header
from keras_vae.errors import InvalidInputError

USUAL = 64
"""Height and width of images of various sizes, in pixels."""

SAMPLED_HEADERS = 1000
"""The number of files whose headers are read to find out whether the sizes differ."""

MOST_PIXELS_OF_MODEL = 2**18
"""The maximum number of pixels of an image whose size becomes that of all images, 512 x 512."""


def default_size(
    first: DecodedImage,
    count: int,
    encoded: Callable[[int], Path | bytes | None],
    where: str,
    max_pixels: int,
) -> tuple[int, int]:
    """Returns the size `(H, W)` to which all images are brought.

    It is the size of the first image if all have this size. Otherwise it is 64 x 64 if most of them are at least that
    large, and if not, the size of the first. The sizes are those in the headers of a sample at equal distances.

    Args:
        first: the first image that can be decoded.
        count: number of images.
        encoded: image at an index: its path or its content; None if there is none.
        where: name of the first image, for messages.
        max_pixels: maximum number of pixels of a file. Larger ones are left out.

    Raises:
        InvalidInputError: if the size is that of the first image, with more than 512 x 512 pixels, as photographs of a
            camera have.

    Example:

    >>> from keras_vae.serving.png import png
    >>> files = [png(np.ones((100, 80, 1))), png(np.ones((80, 100, 1)))]
    >>> image = DecodedImage(np.ones((100, 80), "uint8"), None, False, (100, 80))
    >>> default_size(image, 2, files.__getitem__, "a.png", 10**6)
    (64, 64)
    """
    sampled = np.linspace(0, count - 1, min(count, SAMPLED_HEADERS)).astype(int).tolist()
    found = decoders().map(lambda index: _size_in(encoded(index), max_pixels), sampled)
    sizes = [size for size in found if size is not None]
    height, width = first.file_size
    large = sum(min(size) >= USUAL for size in sizes)
    if {*sizes} - {(height, width)} and 2 * large > len(sizes):
        return USUAL, USUAL
    if height * width > MOST_PIXELS_OF_MODEL:
        raise InvalidInputError(
            f"{where}: expected at most {MOST_PIXELS_OF_MODEL:,} pixels of the first image, whose size is that of all "
            f"images, got {height}x{width}; set image_size, such as 64."
        )
    return height, width


def size_notes(sizes: Iterable[tuple[int, int]], size: tuple[int, int], *, chosen: bool) -> list[str]:
    """Returns a note if images of various sizes are brought to a size that the user has not given.

    Args:
        sizes: sizes of the files, `(H, W)` in pixels.
        size: the size of the images.
        chosen: whether it is the choice of `default_size`.
    """
    sizes = {*sizes}
    if not chosen or len(sizes) == 1:
        return []
    smallest, largest = (pick(sizes, key=lambda pair: pair[0] * pair[1]) for pick in (min, max))
    which = "" if size == (USUAL, USUAL) else ", the size of the first"
    return [
        f"The files have images of various sizes, from {_by(smallest)} to {_by(largest)}. All are resized and cropped "
        f"to {_by(size)}{which}; image_size (--image-size) sets another."
    ]


def _size_in(file: Path | bytes | None, max_pixels: int) -> tuple[int, int] | None:
    """Returns the size in the header of a file; None if it cannot be read."""
    try:
        return None if file is None else size_in_header(file, max_pixels=max_pixels)
    except Exception:  # Pillow raises errors of many classes; decoding reports them
        return None


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
