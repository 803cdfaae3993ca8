"""Random transformations of images, made of Keras's preprocessing layers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from keras_vae.errors import InvalidInputError, one_line
from keras_vae.serialization import get

PLAIN = {"dtype": "float32"}
FLIPS = {mode: mode for mode in ("horizontal", "vertical", "horizontal_and_vertical")}

AUGMENTATIONS: dict[str, tuple[Any, Callable[[Any], keras.layers.Layer]]] = {
    "flip": ("horizontal", lambda mode: keras.layers.RandomFlip(get(mode, FLIPS, part="flip"), **PLAIN)),
    "crop": (0.125, lambda amount: keras.layers.RandomTranslation(amount, amount, interpolation="nearest", **PLAIN)),
    "rotate": (0.03, lambda amount: keras.layers.RandomRotation(amount, **PLAIN)),
    "zoom": (0.1, lambda amount: keras.layers.RandomZoom(amount, amount, **PLAIN)),
    "brightness": (0.1, lambda amount: keras.layers.RandomBrightness(amount, value_range=(0.0, 1.0), **PLAIN)),
    "contrast": (0.1, lambda amount: keras.layers.RandomContrast((amount, amount), value_range=(0.0, 1.0), **PLAIN)),
}
"""Name -> its default amount, and the layer for an amount."""

KEEP_VALUES = ("flip", "crop")
"""The augmentations that only move pixels, so that pixels of zeros and ones stay zeros and ones."""


def image_augmentation(
    event_shape: Sequence[int], augmentations: Sequence[str] | Mapping[str, Any]
) -> keras.Sequential | None:
    """Returns a Keras model of random transformations of images; None for no augmentation.

    - `flip`: mirrors half of the images. The amount is `"horizontal"`, the default, `"vertical"` or
      `"horizontal_and_vertical"`.
    - `crop`: moves the image by up to 1/8 of its height and width, and mirrors the other side into the gap.
    - `rotate`: rotates by up to 0.03 of a full turn, which is 11 degrees.
    - `zoom`: changes height and width by up to 10 %.
    - `brightness`: adds up to 0.1 or subtracts it, for values from 0 to 1.
    - `contrast`: multiplies the distance from the mean by 0.9 to 1.1, for values from 0 to 1.

    Args:
        event_shape: shape of an image, `(height, width, channels)`.
        augmentations: the names, in the order of application, or a mapping of names to amounts; None for the default.

    Raises:
        InvalidInputError: for an unknown name, an amount that Keras refuses, or examples that are no images.

    Example:

    >>> model = image_augmentation((8, 8, 1), {"flip": None, "rotate": 0.1})
    >>> model(np.ones((2, 8, 8, 1)), training=True).shape
    TensorShape([2, 8, 8, 1])
    """
    amounts = augmentations if isinstance(augmentations, Mapping) else dict.fromkeys(augmentations)
    layers = []
    for name, amount in amounts.items():
        default, make = get(name, AUGMENTATIONS, part="augmentation")
        try:
            layers.append(make(default if amount is None else amount))
        except InvalidInputError:
            raise
        except (ValueError, TypeError, NotImplementedError) as error:
            raise InvalidInputError(f"augmentation: {name}: {one_line(error)}; got {amount!r}.") from error
    if layers and len(event_shape) != 3:
        raise InvalidInputError(
            f"augmentation: expected images of shape (height, width, channels), got examples of shape "
            f"{tuple(event_shape)}; leave it out, or give a Keras layer of your own."
        )
    return keras.Sequential([keras.layers.Input(tuple(event_shape)), *layers], name="augmentation") if layers else None
