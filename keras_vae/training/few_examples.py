"""Warns of data that are too few to train on."""

import warnings

import numpy as np

from keras_vae.data import SplitDataset
from keras_vae.data.lazy_array import LazyArray, sample
from keras_vae.text import join_names

FEWEST = 10
"""The minimum number of examples for training without a warning."""


def warn_of_few_examples(data: SplitDataset) -> None:
    """Warns if the training part has fewer than `FEWEST` examples."""
    if len(data.train) < FEWEST:
        warnings.warn(
            f"{data.name}: expected {FEWEST} or more examples for training, got {len(data.train)}, beside "
            f"{len(data.validation)} for validation and {len(data.test)} for test; the model can only memorise them. "
            "Use more examples.",
            stacklevel=3,
        )


def warn_of_empty_columns(data: SplitDataset) -> None:
    """Warns of columns of a table without a value in the training part, for which no model can be learned."""
    empty = _empty_columns(data.train.x)
    if len(empty):
        names = join_names([str(data.column_names[i] if data.column_names else i) for i in empty])
        warnings.warn(
            f"{data.name}: expected a value in each column, got none for training in {names}; what the model says of "
            "it has no meaning. Leave it out with ignore_columns (--ignore-columns).",
            stacklevel=3,
        )


def _empty_columns(x: np.ndarray | LazyArray) -> np.ndarray:
    """Returns the indices of the columns with NaN only. Rows that are not in memory are read if a sample has none."""
    if x.ndim != 2 or not np.issubdtype(x.dtype, np.floating):
        return np.array([], int)
    empty = np.isnan(sample(x)).all(axis=0)
    if empty.any() and isinstance(x, LazyArray):
        for chunk in x.chunks():
            empty &= np.isnan(chunk).all(axis=0)
    return np.flatnonzero(empty)
