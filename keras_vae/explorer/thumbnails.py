"""Small pictures of many examples in one image."""

import base64
import io
import math
from typing import Any

import numpy as np

from keras_vae.checks import is_image

MOST_SIDE = 32
MOST_PIXELS = 12_000_000
"""The maximum number of pixels of all thumbnails, within what browsers of phones decode."""


def as_pictures(x: np.ndarray) -> np.ndarray | None:
    """Returns events as images `(N, H, W, C)`; rows of numbers, `(N, D)`, have none.

    Events that are no images become grey images of their first axis and the rest.
    """
    if x.ndim == 2:
        return None
    return x if is_image(x.shape[1:]) else x.reshape(len(x), x.shape[1], -1, 1)


def range_of(x: np.ndarray) -> tuple[float, float]:
    """Returns the values that are black and white: 0 and 1, or the extremes of values outside this range.

    Example:

    >>> range_of(np.array([0.2, 0.9])), range_of(np.array([-1.0, 3.0])), range_of(np.full(2, 1e12))
    ((0.0, 1.0), (-1.0, 3.0), (1000000000000.0, 1000001000000.0))
    """
    low, high = float(np.nanmin(x)), float(np.nanmax(x))
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, max(high, low + 1e-6 * max(1.0, abs(low)))  # apart also for large values that are all equal


def thumbnails(x: np.ndarray, limits: tuple[float, float], *, most_side: int = MOST_SIDE) -> dict[str, Any]:
    """Returns a sheet with a small picture of each example: `uri`, `height`, `width` and `columns`.

    Sheets of grey pictures are PNG, those of colours JPEG.

    Args:
        x: images `(N, H, W, C)`, where C is 1, 3 or 4.
        limits: the values of black and white, see `range_of`.
        most_side: maximum height and width of a picture.

    Example:

    >>> sheet = thumbnails(np.zeros((5, 28, 28, 1)), (0, 1))
    >>> sheet["height"], sheet["columns"], sheet["uri"][:22]
    (28, 3, 'data:image/png;base64,')
    """
    from PIL import Image

    count, height, width, channels = x.shape
    scale = min(1.0, most_side / max(height, width), math.sqrt(MOST_PIXELS / (count * height * width)))
    height, width = (max(1, int(side * scale)) for side in (height, width))
    columns = math.ceil(math.sqrt(count))
    sheet = Image.new("L" if channels == 1 else "RGB", (columns * width, math.ceil(count / columns) * height))
    low, high = limits
    for index, picture in enumerate(x):
        scaled = np.nan_to_num((picture.astype("float32") - low) / (high - low))
        pixels = np.rint(255 * np.clip(scaled, 0, 1)).astype("uint8")
        small = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        if small.size != (width, height):
            small = small.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (index % columns * width, index // columns * height))
    file = io.BytesIO()
    kind = "png" if channels == 1 else "jpeg"
    sheet.save(file, kind, **({} if channels == 1 else {"quality": 88}))
    uri = f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
    return {"uri": uri, "height": height, "width": width, "columns": columns}
