"""An animation of pictures."""

import base64
import binascii
import io
from typing import Any

from keras_vae.errors import InvalidInputError

MOST_FRAMES, MOST_PIXELS = 200, 2**24
LEAST_SIDE = 256
"""The least length of the longer side in pixels, to which small pictures are enlarged."""


def animation(document: Any) -> bytes:
    """Returns a GIF that plays the frames back and forth.

    Args:
        document: `width` and `height` in pixels, and `frames`: base64 of 3 bytes per pixel, RGB, for each frame.

    Raises:
        InvalidInputError: for another document.

    Example:

    >>> animation({"width": 1, "height": 1, "frames": ["AAAA", "////"]})[:6]
    b'GIF89a'
    """
    from PIL import Image

    try:
        width, height, frames = (document[name] for name in ("width", "height", "frames"))
        if not (0 < width <= 4096 and 0 < height <= 4096 and 2 <= len(frames) <= MOST_FRAMES):
            raise ValueError("sizes out of range")
        if width * height * len(frames) > MOST_PIXELS:
            raise ValueError("too many pixels")
        scale = max(1, LEAST_SIDE // max(width, height))
        images = [
            Image.frombytes("RGB", (width, height), base64.b64decode(frame, validate=True)).resize(
                (width * scale, height * scale), Image.Resampling.NEAREST
            )
            for frame in frames
        ]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise InvalidInputError(
            f"frames: expected width, height and 2 to {MOST_FRAMES} frames of 3 bytes per pixel, got {error}."
        ) from error
    file = io.BytesIO()
    both_ways = [*images, *images[-2:0:-1]]
    both_ways[0].save(file, "GIF", save_all=True, append_images=both_ways[1:], duration=80, loop=0)
    return file.getvalue()
