"""PNG files, and the detection of image formats that TensorFlow does not decode."""

import io

import numpy as np


def png(image: np.ndarray) -> bytes:
    """Returns a PNG file of an image `(H, W, C)` with values from 0 to 1, where C is 1, 3 or 4.

    Example:

    >>> png(np.zeros((8, 8, 3)))[1:4]
    b'PNG'
    """
    from PIL import Image

    pixels = np.rint(255 * np.clip(image, 0, 1)).astype("uint8")
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


def is_beyond_tensorflow(content: bytes) -> bool:
    r"""Returns whether a file is WebP or TIFF, which the graph of an export does not decode.

    Example:

    >>> is_beyond_tensorflow(b"RIFF....WEBP"), is_beyond_tensorflow(b"\x89PNG")
    (True, False)
    """
    return content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") or (
        content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    )
