"""Conversion of test data."""

import dataclasses
import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.data import Split, SplitDataset
from keras_vae.data.validate import validate_conditions, validate_labels
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.models.batch import check_batches_spec
from keras_vae.models.data_range import check_new_examples
from keras_vae.models.inputs import as_numbers, is_array

FORMS = "an array (N, *event_shape), a pair (x, y), a Split, a SplitDataset or a tf.data.Dataset of batches"


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """Valid examples for a model, with their labels and factors if these are known.

    Args:
        x: `(N, *event_shape)`, uint8 or float32.
        y: labels `(N,)`, vectors `(N, D)`, or None.
        factors: `(N, K)` integers, or None.

    Example:

    >>> examples = Examples(np.zeros((3, 8), "float32"), np.array([0, 1, 1]))
    >>> len(examples), examples[1:].labels.tolist()
    (3, [1, 1])
    """

    x: np.ndarray
    y: np.ndarray | None = None
    factors: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def labels(self) -> np.ndarray | None:
        """The labels `(N,)`; None where there are none, or vectors in their place."""
        return None if self.y is None or self.y.ndim > 1 else self.y

    def __getitem__(self, rows: slice | np.ndarray) -> "Examples":
        y, factors = (None if part is None else part[rows] for part in (self.y, self.factors))
        return Examples(self.x[rows], y, factors)


def read_examples(model: Autoencoder, data: Any, *, part: str = "data") -> Examples:
    """Reads the examples of one part of the data and checks them for the model.

    Args:
        model: the model that is evaluated.
        data: an array `(N, *event_shape)`, a pair `(x, y)` with labels `(N,)` or, for a conditional model, the `y` of
            `fit`, a `Split`, or a finite `tf.data.Dataset` of batches `x` or `(x, y)`, which is read into memory.
            Images of one channel may lack the channel axis.
        part: name of the data in messages.

    Raises:
        InvalidInputError: if the data have another form or shape, are empty, contain values outside the support of the
            likelihood, or lack the labels that the model needs.

    Example:

    >>> model = kv.zoo.vae((8, 8, 1), 2, units=(4,), seed=0)
    >>> examples = read_examples(model, (np.zeros((3, 8, 8)), [0, 1, 1]))
    >>> examples.x.shape, examples.labels.tolist()
    ((3, 8, 8, 1), [0, 1, 1])
    """
    factors = None
    if isinstance(data, Split):
        whole, data = len(data), data.in_memory()
        if len(data) < whole:
            warnings.warn(
                f"{part}: {len(data):,} of {whole:,} examples are used, at equal distances, as the data are large.",
                stacklevel=2,
            )
        x, y, factors = data.x, data.y, data.factors
    elif isinstance(data, tf.data.Dataset):
        x, y = _read_batches(model, data, part)
    elif isinstance(data, tuple):
        if len(data) != 2:
            raise InvalidInputError(f"{part}: expected a pair (x, y), got a tuple of {len(data)}; leave the rest out.")
        x, y = data
    elif not is_array(data) or _is_list_of_arrays(data):
        raise InvalidInputError(f"{part}: expected {FORMS}; got {type(data).__name__}.")
    else:
        x, y = data, None
    x = as_numbers(part, x)
    if (*x.shape[1:], 1) == model.event_shape:
        x = x[..., np.newaxis]
    x = check_new_examples(model, x, part=part)
    if model.condition is None:
        y = None if y is None else validate_conditions(y, len(x), f"{part}, labels y")
        if y is not None and y.shape[1:] == (1,) and (y == np.floor(y)).all():
            y = validate_labels(y, len(x), f"{part}, labels y")
    elif y is not None:
        y = model.check_conditions(y, len(x), may_be_inferred=True)
    elif not model.infers_condition:
        raise InvalidInputError(
            f"{part}: {model.name} needs labels, and the data have none; give labelled data, in Python (x, y)."
        )
    return Examples(x, y, factors)


def _is_list_of_arrays(data: Any) -> bool:
    """Whether it is a list such as [x, y], whose parts differ in shape."""
    return isinstance(data, list) and len({np.shape(part) for part in data if hasattr(part, "shape")}) > 1


def _read_batches(model: Autoencoder, data: tf.data.Dataset, part: str) -> tuple[np.ndarray, np.ndarray | None]:
    if data.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise InvalidInputError(f"{part}: expected a tf.data.Dataset that ends, got an infinite one; use take(n).")
    spec = data.element_spec
    if isinstance(spec, tuple) and len(spec) > 2:
        raise InvalidInputError(
            f"{part}: expected batches x or (x, y), got tuples of {len(spec)}; map the data set to (x, y)."
        )
    check_batches_spec(spec, model, part=part)
    batches = list(data.as_numpy_iterator())
    if not batches:
        raise InvalidInputError(f"{part}: expected at least one batch, got none.")
    if not isinstance(spec, tuple):
        return np.concatenate(batches), None
    columns = [np.concatenate(column) for column in zip(*batches, strict=True)]
    return columns[0], columns[1] if len(columns) > 1 else None


def read_data(model: Autoencoder, data: Any) -> dict[str, Any]:
    """What `Subject` needs of the data: the test part of a `SplitDataset` with its training part, or one part alone.

    Raises:
        InvalidInputError: see `read_examples`.
    """
    if not isinstance(data, SplitDataset):
        return {"test": read_examples(model, data)}
    return {
        "test": read_examples(model, data.test, part=f"{data.name}, test part"),
        "train": read_examples(model, data.train, part=f"{data.name}, training part"),
        "data_name": data.name,
        "factor_names": data.factor_names,
        "label_names": data.label_names,
    }
