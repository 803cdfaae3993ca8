"""Decodes an image file that is dropped on the page."""

import numpy as np

from keras_vae.checks import is_image
from keras_vae.data.encoded_images import with_channels
from keras_vae.data.images import read_image
from keras_vae.errors import InvalidInputError, one_line

OPAQUE = 255


def read_example(event_shape: tuple[int, ...], content: bytes) -> np.ndarray:
    """Returns the example of an image file, as the signatures of an export for files decode it.

    Args:
        event_shape: shape of an example of the model; of images, `(H, W, C)`, where C is 1, 3 or 4.
        content: a PNG, JPEG, GIF, BMP, WebP or TIFF file.

    Returns:
        float32 in [0, 1], `(H, W, C)`.

    Raises:
        InvalidInputError: if the file cannot be decoded, or if the examples of the model are no images.

    Example:

    >>> from keras_vae.serving.png import png
    >>> read_example((8, 8, 1), png(np.ones((20, 30, 3)))).shape
    (8, 8, 1)
    """
    if not is_image(event_shape):
        raise InvalidInputError(f"file: expected a model of images, got one of examples of shape {event_shape}.")
    height, width, channels = event_shape
    try:
        pixels = with_channels(read_image(content, (height, width)).pixels, grey=channels == 1)
    except InvalidInputError as error:
        raise InvalidInputError(f"file: {error}") from error
    except Exception as error:  # Pillow raises many classes of errors
        raise InvalidInputError(f"file: expected a readable image, got: {one_line(error)}") from error
    if channels == 4:
        pixels = np.concatenate([pixels, np.full((height, width, 1), OPAQUE, "uint8")], axis=-1)
    return pixels.astype("float32") / 255
