"""A space in which sets of examples are compared."""

from typing import Any

import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import as_examples, check_known, pieces, scaled


class Features:
    """A space of features: `features(x)` turns examples `(N, *event_shape)` into float32 `(N, D)`, batch by batch.

    uint8 means 0..255 and is divided by 255; other numbers are taken as they are. A subclass sets the attributes, and
    implements `of_batch`.

    Attributes:
        name: what the features are, in words.
        event_shape: the shape of an example; None for any.
        batch_size: examples at a time; None to choose it by the size of an example.
    """

    name: str
    event_shape: tuple[int, ...] | None = None
    batch_size: int | None = None

    def __call__(self, x: Any, *, condition: Any = None) -> np.ndarray:
        """The features of `x`, float32 `(N, D)`.

        Args:
            x: examples `(N, *event_shape)`.
            condition: of each; only the encoder of a conditional model looks at it.

        Raises:
            InvalidInputError: for the wrong shape, no examples, or values that are no finite numbers.
        """
        x = as_examples(self.name, x)
        if self.event_shape is not None and x.shape[1:] != self.event_shape:
            raise InvalidInputError(
                f"{self.name}: expected examples of shape {self.event_shape}, got {x.shape[1:]}; give such as it has "
                "been made for."
            )
        batches = (check_known(self.name, scaled(x[rows])) for rows in pieces(x, self.batch_size))
        return np.concatenate([np.asarray(self.of_batch(batch), "float32") for batch in batches])

    def of_batch(self, x: np.ndarray) -> Any:
        """The features of float32 examples `(B, *event_shape)`, `(B, D)`."""
        raise NotImplementedError
