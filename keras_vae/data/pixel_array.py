"""An array that is filled with decoded images one after the other."""

from pathlib import Path

import numpy as np

from keras_vae.data.images import DecodedImage
from keras_vae.data.memory import check_pixels_fit

NO_PIXELS = np.empty((0, 0), np.uint8)


class PixelArray:
    """The pixels of images, uint8 `(N, H, W, 1)` if all are grey, or else `(N, H, W, 3)`.

    A list of the images, stacked at the end, would need twice the memory.

    Args:
        source: the folder or file with the images, for messages.
        most: maximum number of images.
        size: `(H, W)` in pixels.

    Raises:
        InvalidInputError: if the images need more than the free memory.
    """

    def __init__(self, source: str | Path, most: int, size: tuple[int, int]):
        self._source, self._count = source, 0
        self._array = self._empty((most, *size, 1))

    def __len__(self) -> int:
        return self._count

    @property
    def grey(self) -> bool:
        """Whether all images are grey."""
        return self._array.shape[-1] == 1

    @property
    def array(self) -> np.ndarray:
        """The pixels of all images so far."""
        return self._array[: self._count]

    def add(self, image: DecodedImage) -> DecodedImage:
        """Copies the pixels of an image, and returns the image without them."""
        pixels = image.pixels
        if self.grey and pixels.ndim == 3:
            array = self._empty((*self._array.shape[:-1], 3))
            array[: self._count] = self.array
            self._array = array
        self._array[self._count] = pixels.reshape(*pixels.shape[:2], -1)
        self._count += 1
        return image._replace(pixels=NO_PIXELS)

    def _empty(self, shape: tuple[int, ...]) -> np.ndarray:
        check_pixels_fit(self._source, shape[0], shape[1:])
        return np.empty(shape, np.uint8)
