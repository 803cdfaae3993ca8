"""The names of the examples of a lazy array, and which of them could be read."""

import numpy as np

from keras_vae.data.encoded_images import EncodedImages
from keras_vae.data.lazy_array import Joined, LazyArray, Rows


def names_of(x: np.ndarray | LazyArray) -> np.ndarray | None:
    """Returns the name of each row, such as the path of its file in the folder, text `(N,)`; None if it has none.

    Example:

    >>> names_of(np.zeros((2, 3))) is None
    True
    """
    if isinstance(x, EncodedImages):
        return np.array([x.name_of(int(index)) for index in x.indices], str)
    if isinstance(x, Joined):
        parts = [names for names in map(names_of, x.parts) if names is not None]
        return np.concatenate(parts) if len(parts) == len(x.parts) else None
    if isinstance(x, np.ndarray) or x.base is None:
        return None
    names = names_of(x.base)
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
