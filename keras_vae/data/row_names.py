"""The names of examples, and which of them could be read."""

import numpy as np

from keras_vae.data.encoded_images import EncodedImages
from keras_vae.data.lazy_array import Joined, LazyArray, Rows
from keras_vae.data.split_dataset import Split


def names_of(split: Split) -> np.ndarray | None:
    """Returns the name of each example, such as the path of its file in the folder, text `(N,)`; None without names.

    Example:

    >>> names_of(Split(np.zeros((2, 3)), names=np.array(["a.png", "b.png"])))[1:].tolist()
    ['b.png']
    """
    return _names_in(split.x) if split.names is None else split.names.astype(str)


def _names_in(x: np.ndarray | LazyArray) -> np.ndarray | None:
    if isinstance(x, EncodedImages):
        return np.array(x.names(), str)
    if isinstance(x, Joined):
        parts = [names for names in map(_names_in, x.parts) if names is not None]
        return np.concatenate(parts) if len(parts) == len(x.parts) else None
    if isinstance(x, np.ndarray) or x.base is None:
        return None
    names = _names_in(x.base)
    return names if names is None or not isinstance(x, Rows) else names[np.asarray(x.indices)]


def readable(x: np.ndarray | LazyArray) -> np.ndarray:
    """Returns which rows are examples, bool `(N,)`; the others are images that cannot be decoded, and were replaced.

    These are known once the rows have been read.

    Example:

    >>> readable(np.zeros((2, 3))).tolist()
    [True, True]
    """
    if isinstance(x, EncodedImages):
        return x.readable()
    if isinstance(x, Joined):
        return np.concatenate([readable(part) for part in x.parts])
    if isinstance(x, np.ndarray) or x.base is None:
        return np.ones(len(x), bool)
    rows = readable(x.base)
    return rows[np.asarray(x.indices)] if isinstance(x, Rows) else rows
