"""Images of a Hugging Face data set that are decoded when they are needed."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.image_files import ImageFiles
from keras_vae.data.images import MAX_PIXELS


class HuggingFaceImages(ImageFiles):
    """The images in a column of a `datasets.Dataset`, decoded when they are needed, see `ImageFiles`.

    Args:
        dataset: the data set, whose rows are random access.
        column: name of a column of `datasets.Image`.
        size: `(H, W)` in pixels, see `read_image`.
        name: name of the data set, for messages.
        grey: whether the images become grey.
        labels: `(N,)`, or None.
        max_pixels: maximum number of pixels of an image.
    """

    def __init__(
        self,
        dataset: Any,
        column: str,
        size: tuple[int, int],
        *,
        name: str,
        grey: bool,
        labels: np.ndarray | None = None,
        max_pixels: int = MAX_PIXELS,
    ):
        super().__init__(Path(name), range(len(dataset)), size, grey=grey, labels=labels, max_pixels=max_pixels)
        self.column, self.dataset = column, dataset.select_columns([column]).with_format("arrow")

    def _sizes(self) -> list[int]:
        return [len(self)]  # the content of each row would have to be read

    def _content(self, file: str) -> Path | bytes:
        return content_of(self.dataset[int(file)][self.column][0].as_py())


def content_of(value: dict[str, Any] | None) -> Path | bytes:
    """Returns the bytes or else the path in a value of a column of `datasets.Image`; no bytes for a missing value."""
    content, path = ((value or {}).get(part) for part in ("bytes", "path"))
    return content if content is not None else Path(path) if path else b""
