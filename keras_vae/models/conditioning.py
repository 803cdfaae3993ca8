"""The condition of a conditional model, an additional input of its networks."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.layers import Condition
from keras_vae.models.autoencoder_base import AutoencoderBase


class Conditioning(AutoencoderBase):
    """The methods of `Autoencoder` for conditions; `self.condition` is None for a model without conditions."""

    infers_condition = False
    """Whether a condition that is not given is inferred from the example."""

    def condition_of(self, y: Any) -> tf.Tensor | None:
        """The condition as a vector `(B, size)`; None for a model without conditions."""
        if self.condition is None:
            return None
        if y is None:
            self.condition.check(None, 0)
        return self.condition(y)

    def condition_for(self, x: tf.Tensor, y: Any = None) -> tf.Tensor | None:
        """The condition of a batch of examples as a vector `(B, size)`: of `y`, or inferred from `x` if it is None.

        None for a model without conditions. Unlike `inferred_conditions`, it works in a graph.
        """
        return self.condition_of(y)

    def with_condition(self, x: tf.Tensor, condition: tf.Tensor | None) -> tf.Tensor:
        """The input of a network: `x`, in a conditional model with the condition concatenated to its last axis."""
        if self.condition is None:
            return x
        return self.condition.append(x, self.condition_of(None) if condition is None else condition)

    @property
    def required_condition(self) -> Condition:
        """The condition; raises `InvalidInputError` for a model without conditions."""
        if self.condition is None:
            raise InvalidInputError(f"condition: {self.name} takes none; use a conditional model.")
        return self.condition

    def is_known(self, y: tf.Tensor) -> tf.Tensor:
        """Returns which conditions of a training batch are valid, bool `(B,)`."""
        return self.required_condition.is_known(y)

    def condition_of_batch(self, y: tf.Tensor) -> tf.Tensor:
        """The conditions of a training batch, which are `y` in `fit`, one per example."""
        return self.required_condition.batch(y)

    def check_y(self, y: Any, n: int) -> None:
        """Raises `InvalidInputError` if `y` does not contain `n` conditions, for a conditional model."""
        if self.condition is not None:
            self.condition.check(y, n)

    def check_conditions(self, condition: Any, n: int, *, may_be_inferred: bool = False) -> np.ndarray | None:
        """Checks and returns the conditions of `n` examples; None for a model without conditions.

        Args:
            condition: one condition per example, or one for all.
            n: number of examples.
            may_be_inferred: whether the condition may be missing for a model that infers conditions.

        Raises:
            InvalidInputError: for invalid conditions, or for any condition if the model has none.
        """
        if self.condition is not None:
            return self.condition.check(self.condition.for_all(condition, n), n)
        if condition is not None:
            raise InvalidInputError(f"condition: {self.name} takes none; leave it out, or use a conditional model.")
        return None

    def inferred_conditions(self, x: Any, y: Any = None, *, batch_size: int | None = None) -> Any:
        """The condition of each example: `y`, or the most probable one if `y` is unknown and the model infers it.

        None for a model without conditions.

        Args:
            x: examples `(N, *event_shape)`.
            y: a condition per example; None if there are none.
            batch_size: number of examples in a batch.
        """
        return None if self.condition is None else y

    def split_condition(self, x: Any, condition: Any = None) -> tuple[Any, Any]:
        """Returns examples and conditions from `x` or, for a conditional model, from a pair."""
        is_pair = isinstance(x, (list, tuple)) and len(x) == 2 and self.condition is not None and condition is None
        if not is_pair or np.ndim(x[0]) != len(self.event_shape) + 1:
            return x, condition
        return x[0], x[1]
