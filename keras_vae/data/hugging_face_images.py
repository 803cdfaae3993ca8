"""Images of a Hugging Face data set that are decoded when they are needed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.encoded_images import EncodedImages
from keras_vae.data.images import MAX_PIXELS

BATCH = 1024


class HuggingFaceImages(EncodedImages):
    """The images in a column of a `datasets.Dataset`, decoded when they are needed, see `EncodedImages`.

    Args:
        dataset: the data set, whose rows are random access.
        column: name of a column of `datasets.Image`.
        size: `(H, W)` in pixels, see `read_image`.
        name: name of the data set, for messages.
        part: name of the split, for the names of images without a path.
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
        part: str,
        grey: bool,
        labels: np.ndarray | None = None,
        max_pixels: int = MAX_PIXELS,
    ):
        super().__init__(name, len(dataset), size, grey=grey, labels=labels, max_pixels=max_pixels)
        self.column, self.part, self.dataset = column, part, dataset.select_columns([column]).with_format("arrow")

    def encoded(self, index: int) -> Path | bytes | None:
        return content_of(self.dataset[index][self.column][0].as_py())

    def name_of(self, index: int) -> str:
        return name_of_row(self.part, index, self.dataset[index][self.column][0].as_py())

    def names(self) -> list[str]:
        names = names_in(self.dataset, self.column, self.part)
        return [names[index] for index in self.indices]

    def digest_of_source(self) -> Iterable[np.ndarray]:
        """Returns which rows these images are, since the content of each row would have to be read."""
        yield self.indices


def content_of(value: dict[str, Any] | None) -> Path | bytes | None:
    """Returns the bytes or else the path in a value of a column of `datasets.Image`; None for a missing value."""
    content, path = ((value or {}).get(part) for part in ("bytes", "path"))
    return content if content is not None else Path(path) if path else None


def name_of_row(part: str, row: int, value: dict[str, Any] | None) -> str:
    """Returns the path of an image, or without one its split and row."""
    return (value or {}).get("path") or f"{part}/{row}"


def names_in(dataset: Any, column: str, part: str) -> list[str]:
    """Returns the name of the image of each row, without reading the images."""
    import pyarrow.compute as pc

    rows, names = dataset.select_columns([column]).with_format("arrow"), []
    for start in range(0, len(dataset), BATCH):
        paths = pc.struct_field(rows[start : start + BATCH][column], "path").to_pylist()
        names += [name_of_row(part, row, {"path": path}) for row, path in enumerate(paths, start)]
    return names
