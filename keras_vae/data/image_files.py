"""Image files that are decoded when they are needed."""

import copy
import functools
import itertools
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath

import numpy as np

from keras_vae.data.images import MAX_PIXELS, DecodedImage, read_image
from keras_vae.data.lazy_array import LazyArray
from keras_vae.digest import digest_of
from keras_vae.errors import InvalidInputError, one_line

MAX_NAMED = 10
LARGE_IMAGE = 2**24
"""Files with more pixels are decoded one at a time, as parallel threads would need too much memory."""


class ImageFiles(LazyArray):
    """Image files that are decoded when they are needed, `(N, H, W, 1)` or `(N, H, W, 3)` in uint8.

    A file that cannot be decoded is replaced by the next file of the same label, so that the rows are a pure function
    of the files. A warning names each of the first of these files.

    Args:
        root: the folder.
        files: `(N,)`, paths of the files in the folder.
        size: `(H, W)` in pixels, see `read_image`.
        grey: whether the images become grey.
        labels: `(N,)`, or None.
        max_pixels: maximum number of pixels of a file.

    Raises:
        InvalidInputError: by `take`, if no file can be decoded.
    """

    def __init__(
        self,
        root: Path,
        files: Sequence[PurePath | int] | np.ndarray,
        size: tuple[int, int],
        *,
        grey: bool,
        labels: np.ndarray | None = None,
        max_pixels: int = MAX_PIXELS,
    ):
        super().__init__((len(files), *size, 1 if grey else 3), np.uint8)
        self.root, self.size, self.grey, self.labels, self.max_pixels = root, size, grey, labels, max_pixels
        self.files = np.array([str(file) for file in files], object)
        self.skipped: dict[str, str] = {}  # file -> reason; selections of the files share it

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        indices = np.asarray(indices)
        result = np.empty((len(indices), *self.shape[1:]), np.uint8)

        def fill(row: int) -> None:
            result[row] = self._row(int(indices[row]))

        for _ in decoders().map(fill, range(len(indices))):  # re-raises errors
            pass
        return result

    def rows(self, indices: range | np.ndarray) -> "ImageFiles":
        chosen = np.asarray(indices, np.int64)
        selected = copy.copy(self)
        selected.failure, selected.sampled = None, None
        selected.shape, selected.files = (len(chosen), *self.shape[1:]), self.files[chosen]
        selected.labels = None if self.labels is None else self.labels[chosen]
        return selected

    def digest(self) -> str:
        """Returns a digest of the names and sizes of all files, and of the pixels of some."""
        sizes = self._sizes()
        names = np.frombuffer("\n".join(self.files).encode("utf-8", "surrogatepass"), np.uint8)
        return digest_of([np.array(self.shape), names, np.array(sizes), self.sample(64, 2**22)])

    def _sizes(self) -> list[int]:
        """Returns the number of bytes of each file."""
        return [size_of_file(os.path.join(self.root, file)) for file in self.files]

    def _content(self, file: str) -> Path | bytes:
        """Returns the path of a file, or its content."""
        return self.root / file

    def _row(self, index: int) -> np.ndarray:
        """Returns the image at `index`, or that of the next good file of the same label."""
        for other in itertools.chain([index], self._others(index)):
            file = self.files[other]
            if file in self.skipped:
                continue
            image = decode(self._content(file), self.size, self.max_pixels)
            if isinstance(image, DecodedImage):
                return with_channels(image.pixels, grey=self.grey)
            self._skip(file, image)
        of_label = "" if self.labels is None else " of one of the labels"
        raise InvalidInputError(
            f"{self.root}: expected readable images, got none among the files{of_label}, such as {self.files[index]}; "
            "check the folder."
        )

    def _others(self, index: int) -> Iterator[int]:
        """Yields the indices of the other files of the same label, first those after `index`."""
        after = np.roll(np.arange(len(self)), -index)[1:]
        yield from after if self.labels is None else after[self.labels[after] == self.labels[index]]

    def _skip(self, file: str, reason: Exception) -> None:
        with _lock:
            if file in self.skipped:
                return
            self.skipped[file] = one_line(reason)
            count = len(self.skipped)
        if count <= MAX_NAMED:
            warnings.warn(
                f"{self.root}: skipped {file}: {one_line(reason)}. It is replaced by the next file.", stacklevel=2
            )
        elif count == MAX_NAMED + 1:
            warnings.warn(
                f"{self.root}: further files that cannot be read are skipped without a warning.", stacklevel=2
            )


def size_of_file(path: str | Path) -> int:
    """Returns the number of bytes of a file, or -1 if it cannot be read."""
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def decode(path: Path | bytes, size: tuple[int, int] | None, max_pixels: int) -> DecodedImage | Exception:
    """Decodes a file, or its content, as `read_image` does; returns the error for a file that cannot be decoded.

    Large files are decoded one at a time.
    """
    try:
        return read_image(path, size, max_pixels=min(LARGE_IMAGE, max_pixels))
    except InvalidInputError as error:
        if max_pixels <= LARGE_IMAGE:
            return error
    except Exception as error:  # Pillow raises errors of many classes
        return error
    with _large_images:
        try:
            return read_image(path, size, max_pixels=max_pixels)
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


def silence_pillow() -> None:
    """Suppresses Pillow's warnings: `max_pixels` limits the size, and damage outside the pixels does not matter."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


@functools.cache
def decoders() -> ThreadPoolExecutor:
    """Returns the threads that decode images; Pillow decodes without Python's lock."""
    silence_pillow()
    return ThreadPoolExecutor(thread_name_prefix="decode")


_lock, _large_images = threading.Lock(), threading.Lock()
