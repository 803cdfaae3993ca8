"""Image files that are decoded when they are needed."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

import numpy as np

from keras_vae.data.encoded_images import EncodedImages
from keras_vae.data.images import MAX_PIXELS


class ImageFiles(EncodedImages):
    """Image files of a folder that are decoded when they are needed, see `EncodedImages`.

    Args:
        root: the folder.
        files: `(N,)`, paths of the files in the folder.
        size: `(H, W)` in pixels, see `read_image`.
        grey: whether the images become grey.
        labels: `(N,)`, or None.
        max_pixels: maximum number of pixels of a file.

    Example:

    >>> from keras_vae.serving.png import png
    >>> _ = Path("a.png").write_bytes(png(np.ones((8, 8, 1))))
    >>> ImageFiles(Path(), [Path("a.png")], (4, 4), grey=True).take([0, 0]).shape
    (2, 4, 4, 1)
    """

    def __init__(
        self,
        root: Path,
        files: Sequence[PurePath],
        size: tuple[int, int],
        *,
        grey: bool,
        labels: np.ndarray | None = None,
        max_pixels: int = MAX_PIXELS,
    ):
        super().__init__(root, len(files), size, grey=grey, labels=labels, max_pixels=max_pixels)
        self.root, self.files = root, np.array([str(file) for file in files], object)

    def encoded(self, index: int) -> Path:
        return self.root / self.files[index]

    def name_of(self, index: int) -> str:
        return self.files[index]

    def digest_of_source(self) -> Iterable[np.ndarray]:
        """Returns the names and sizes of the files."""
        files = self.files[self.indices]
        yield np.frombuffer("\n".join(files).encode("utf-8", "surrogatepass"), np.uint8)
        yield np.array([size_of_file(os.path.join(self.root, file)) for file in files])


def size_of_file(path: str | Path) -> int:
    """Returns the number of bytes of a file, or -1 if it cannot be read."""
    try:
        return os.stat(path).st_size
    except OSError:
        return -1
