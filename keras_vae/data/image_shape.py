"""Brings images to the shape that a model takes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split


class InChannels(LazyArray):
    """Images of another lazy array with another number of channels, see `in_channels`.

    Args:
        base: uint8 images `(N, H, W, 1)` or `(N, H, W, 3)`.
        channels: 1, 3 or 4.
    """

    def __init__(self, base: LazyArray, channels: int):
        super().__init__((*base.shape[:-1], channels), base.dtype)
        self.base: LazyArray = base
        self.channels = channels

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        return in_channels(self.base.take(indices), self.channels)

    def digest(self) -> str:
        return self.base.digest()


def in_channels(x: np.ndarray, channels: int) -> np.ndarray:
    """Converts pixels to a number of channels, as the graph of an export does.

    Colours become grey with the weights 0.299, 0.587 and 0.114 (ITU-R BT.601). Grey is repeated for colours. The fourth
    channel, alpha, is opaque.

    Args:
        x: uint8 images `(N, H, W, 1)` or `(N, H, W, 3)`.
        channels: 1, 3 or 4.

    Returns:
        uint8 `(N, H, W, channels)`.

    Example:

    >>> in_channels(np.full((1, 2, 2, 1), 7, np.uint8), 3)[0, 0, 0].tolist()
    [7, 7, 7]
    >>> in_channels(np.array([[[[255, 0, 0]]]], np.uint8), 1).item()
    76
    """
    if x.shape[-1] == channels:
        return x
    if channels == 1:
        from PIL import Image

        rows = [np.asarray(Image.fromarray(image).convert("L")) for image in x]
        return np.stack(rows)[..., np.newaxis] if rows else np.empty((*x.shape[:-1], 1), np.uint8)
    colours = np.broadcast_to(x, (*x.shape[:-1], 3))
    return colours if channels == 3 else np.concatenate([colours, np.full_like(x[..., :1], 255)], axis=-1)


def parts_in_channels(parts: Parts, channels: int) -> Parts:
    """Returns the parts of a source of images, with another number of channels."""

    def converted(split: Split | None) -> Split | None:
        if split is None or split.x.ndim != 4 or split.x.shape[-1] not in (1, 3) or split.x.shape[-1] == channels:
            return split
        x = split.x
        return replace(split, x=InChannels(x, channels) if isinstance(x, LazyArray) else in_channels(x, channels))

    return replace(
        parts,
        train=converted(parts.train) or parts.train,
        validation=converted(parts.validation),
        test=converted(parts.test),
    )
