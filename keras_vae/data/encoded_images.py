"""Encoded images that are decoded when they are needed."""

import abc
import copy
import functools
import itertools
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import numpy as np

from keras_vae.data.images import MAX_PIXELS, DecodedImage, read_image
from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.shuffled_range import ShuffledRange
from keras_vae.digest import digest_of
from keras_vae.errors import InvalidInputError, one_line

MAX_NAMED = 3
"""The number of images that cannot be decoded, and that messages name; more are counted."""
LARGE_IMAGE = 2**24
"""Files with more pixels are decoded one at a time, as parallel threads would need too much memory."""


class EncodedImages(LazyArray):
    """Images in files or records that are decoded when they are needed, `(N, H, W, 1)` or `(N, H, W, 3)` in uint8.

    An image that cannot be decoded is replaced by the next image of the same label, or without one by the next image,
    so that the rows are a pure function of the source. A warning names each of the first `MAX_NAMED` of these images.

    Subclasses implement `encoded`, `name_of` and `digest_of_source`. They must be thread-safe.

    Args:
        source: the folder or file with the images, for messages.
        count: number of images in the source.
        size: `(H, W)` in pixels, see `read_image`.
        grey: whether the images become grey.
        labels: `(count,)`, or None.
        max_pixels: maximum number of pixels of an image.

    Raises:
        InvalidInputError: by `take`, if no image can be decoded.
    """

    def __init__(
        self,
        source: str | Path,
        count: int,
        size: tuple[int, int],
        *,
        grey: bool,
        labels: np.ndarray | None = None,
        max_pixels: int = MAX_PIXELS,
    ):
        super().__init__((count, *size, 1 if grey else 3), np.uint8)
        self.source, self.size, self.grey, self.labels, self.max_pixels = source, size, grey, labels, max_pixels
        self.indices = np.arange(count)
        self.skipped: dict[int, str] = {}
        """The reason for each image that cannot be decoded, by its index in the source; shared by all selections."""

    @abc.abstractmethod
    def encoded(self, index: int) -> Path | bytes | None:
        """Returns the image file at an index in the source: its path, or its content; None if there is no image.

        Raises:
            InvalidInputError: if the source is damaged.
        """

    @abc.abstractmethod
    def name_of(self, index: int) -> str:
        """Returns the name of the image at an index in the source, for messages."""

    def names(self) -> list[str]:
        """Returns the name of each image."""
        return [self.name_of(int(index)) for index in self.indices]

    @abc.abstractmethod
    def digest_of_source(self) -> Iterable[np.ndarray]:
        """Returns arrays that change if the images of `indices` change, and that are quick to find."""

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        indices = np.asarray(indices)
        result = np.empty((len(indices), *self.shape[1:]), np.uint8)

        def fill(row: int) -> None:
            result[row] = self._row(int(indices[row]))

        for _ in decoders().map(fill, range(len(indices))):  # re-raises errors
            pass
        return result

    def rows(self, indices: range | np.ndarray | ShuffledRange) -> Self:
        chosen, selected = np.asarray(indices, np.int64), copy.copy(self)
        LazyArray.__init__(selected, (len(chosen), *self.shape[1:]), self.dtype)
        selected.indices = self.indices[chosen]
        selected.labels = None if self.labels is None else self.labels[chosen]
        return selected

    def digest(self) -> str:
        """Returns a digest of what is quick to find of all images, such as their sizes, and of the pixels of some."""
        return digest_of([np.array(self.shape), *self.digest_of_source(), self.sample(64, 2**22)])

    def decoded(self, index: int) -> DecodedImage | Exception:
        """Decodes the image of a row, see `decode`; returns the error for an image that cannot be decoded."""
        return decode(self.encoded(int(self.indices[index])), self.size, self.max_pixels)

    def readable(self) -> np.ndarray:
        """Returns which images are not known to be replaced, bool `(N,)`; they are known after `take` has read them."""
        return ~np.isin(self.indices, list(self.skipped))

    def _row(self, index: int) -> np.ndarray:
        """Returns the image at `index`, or the next good image, if possible of the same label."""
        for other in itertools.chain([index], self._others(index)):
            if int(self.indices[other]) in self.skipped:
                continue
            image = self.decoded(other)
            if isinstance(image, DecodedImage):
                return with_channels(image.pixels, grey=self.grey)
            self._skip(int(self.indices[other]), image)
        raise InvalidInputError(
            f"{self.source}: expected readable images, got none among {len(self)} images, such as "
            f"{self.name_of(int(self.indices[index]))}; check the data."
        )

    def _others(self, index: int) -> Iterator[int]:
        """Yields the indices of the other images, first those of the same label, in the order after `index`."""
        after = np.roll(np.arange(len(self)), -index)[1:]
        if self.labels is None:
            yield from after
        else:
            is_same = self.labels[after] == self.labels[index]
            yield from after[is_same]
            yield from after[~is_same]

    def _skip(self, index: int, reason: Exception) -> None:
        with _lock:
            if index in self.skipped:
                return
            self.skipped[index] = one_line(reason)
            count = len(self.skipped)
        if count <= MAX_NAMED:
            warnings.warn(f"{self.source}: skipped {self.name_of(index)}: {one_line(reason)}.", stacklevel=2)
        elif count == MAX_NAMED + 1:
            warnings.warn(
                f"{self.source}: further images that cannot be read are skipped without a warning.", stacklevel=2
            )


def decode(file: Path | bytes | None, size: tuple[int, int] | None, max_pixels: int) -> DecodedImage | Exception:
    """Decodes a file as `read_image` does; returns the error for a file that cannot be decoded, or for None.

    Large files are decoded one at a time.
    """
    if file is None:
        return ValueError("it has no image")
    try:
        return read_image(file, size, max_pixels=min(LARGE_IMAGE, max_pixels))
    except InvalidInputError as error:
        if max_pixels <= LARGE_IMAGE:
            return error
    except Exception as error:  # Pillow raises errors of many classes
        return error
    with _large_images:
        try:
            return read_image(file, size, max_pixels=max_pixels)
        except Exception as error:
            return error


def with_channels(pixels: np.ndarray, *, grey: bool) -> np.ndarray:
    """Returns an image `(H, W)` or `(H, W, 3)` as `(H, W, 1)` if `grey`, or else as `(H, W, 3)`."""
    if not grey:
        return np.broadcast_to(pixels.reshape(*pixels.shape[:2], -1), (*pixels.shape[:2], 3))
    if pixels.ndim == 3:
        from PIL import Image

        pixels = np.asarray(Image.fromarray(pixels).convert("L"))
    return pixels[..., np.newaxis]


@functools.cache
def decoders() -> ThreadPoolExecutor:
    """Returns the threads that decode images; Pillow decodes without Python's lock."""
    return ThreadPoolExecutor(thread_name_prefix="decode")


_lock, _large_images = threading.Lock(), threading.Lock()
