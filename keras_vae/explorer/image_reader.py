"""Decodes an image file that is dropped on the page."""

import numpy as np
import tensorflow as tf

from keras_vae.data.images import to_png
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.models import Autoencoder
from keras_vae.serving.graph_error import reason_of
from keras_vae.serving.image_bytes import decode_images
from keras_vae.serving.png import is_beyond_tensorflow


def read_example(model: Autoencoder, content: bytes) -> np.ndarray:
    """Returns the example of an image file as the export decodes it, float32 `(H, W, C)` in [0, 1].

    Args:
        model: a model of images.
        content: a PNG, JPEG, GIF, BMP, WebP or TIFF file.

    Raises:
        InvalidInputError: if the file cannot be decoded.

    Example:

    >>> from keras_vae.serving.png import png
    >>> read_example(zoo.vae((8, 8, 1), 2, units=(4,)), png(np.ones((20, 30, 3)))).shape
    (8, 8, 1)
    """
    try:
        if is_beyond_tensorflow(content):
            content = to_png(content, model.event_shape[:2])
        return decode_images(tf.constant([content]), model.event_shape)[0].numpy()
    except tf.errors.OpError as error:
        raise InvalidInputError(f"file: expected a readable image, got: {reason_of(error)}") from error
    except Exception as error:  # Pillow raises many classes of errors
        raise InvalidInputError(f"file: expected a readable image, got: {one_line(error)}") from error
