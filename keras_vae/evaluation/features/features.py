"""The base class of feature spaces."""

from typing import Any

import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import as_examples, check_known, pieces, scaled


class Features:
    """The base class of feature spaces: `features(x)` maps examples `(N, *event_shape)` to float32 `(N, D)`.

    uint8 is divided by 255; other dtypes are used unchanged. A subclass sets the attributes and implements `of_batch`.

    Attributes:
        name: description of the features.
        event_shape: shape of an example; None for any shape.
        batch_size: number of examples in a batch. None derives it from the size of an example.

    Example:

    >>> class Brightness(Features):
    ...     '''The mean of the values of an example.'''
    ...
    ...     name = "brightness"
    ...
    ...     def of_batch(self, x):
    ...         return x.reshape(len(x), -1).mean(axis=1, keepdims=True)
    >>> Brightness()(np.full((2, 8, 8, 1), 255, np.uint8)).tolist()
    [[1.0], [1.0]]
    """

    name: str
    event_shape: tuple[int, ...] | None = None
    batch_size: int | None = None

    def __call__(self, x: Any, *, condition: Any = None) -> np.ndarray:
        """The features of `x`, float32 `(N, D)`.

        Args:
            x: examples `(N, *event_shape)`.
            condition: conditions of the examples, for the encoder of a conditional model.

        Raises:
            InvalidInputError: if the shape differs, if there are no examples, or if values are not finite numbers.
        """
        x = as_examples(self.name, x)
        if self.event_shape is not None and x.shape[1:] != self.event_shape:
            raise InvalidInputError(
                f"{self.name}: expected examples of shape {self.event_shape}, got {x.shape[1:]}; use examples of this "
                "shape."
            )
        batches = (check_known(self.name, scaled(x[rows])) for rows in pieces(x, self.batch_size))
        return np.concatenate([np.asarray(self.of_batch(batch), "float32") for batch in batches])

    def of_batch(self, x: np.ndarray) -> Any:
        """The features of float32 examples `(B, *event_shape)`, `(B, D)`."""
        raise NotImplementedError
