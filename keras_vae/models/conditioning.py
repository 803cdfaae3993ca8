"""The condition of a conditional model, as a further input of its networks."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.layers import Condition
from keras_vae.models.autoencoder_base import AutoencoderBase


class Conditioning(AutoencoderBase):
    """The part of `Autoencoder` that reads conditions; `self.condition` is None for a model without."""

    infers_condition = False
    """Whether a condition that is not given is inferred from the example."""

    def condition_of(self, y: Any) -> tf.Tensor | None:
        """The condition as a vector `(B, size)`; None for a model without one."""
        if self.condition is None:
            return None
        if y is None:
            self.condition.check(None, 0)
        return self.condition(y)

    def with_condition(self, x: tf.Tensor, condition: tf.Tensor | None) -> tf.Tensor:
        """What a network sees: `x` and, in a conditional model, the condition beside it in the last axis."""
        if self.condition is None:
            return x
        return self.condition.append(x, self.condition_of(None) if condition is None else condition)

    @property
    def required_condition(self) -> Condition:
        """The condition; raises `InvalidInputError` for a model without one."""
        if self.condition is None:
            raise InvalidInputError(f"condition: {self.name} takes none; use a conditional model.")
        return self.condition

    def is_known(self, y: tf.Tensor) -> tf.Tensor:
        """Which conditions of a training batch can be used, bool `(B,)`."""
        return self.required_condition.is_known(y)

    def condition_of_batch(self, y: tf.Tensor) -> tf.Tensor:
        """The conditions of a training batch, `y` of `fit`, one for each example."""
        return self.required_condition.batch(y)

    def check_y(self, y: Any, n: int) -> None:
        """Raises `InvalidInputError` if `y` are not `n` conditions of a conditional model."""
        if self.condition is not None:
            self.condition.check(y, n)

    def check_conditions(self, condition: Any, n: int, *, may_be_inferred: bool = False) -> np.ndarray | None:
        """The conditions of `n` examples, checked; None for a model without.

        Args:
            condition: one for each example, or one for all.
            n: how many examples there are.
            may_be_inferred: whether a model that infers conditions may be given none.

        Raises:
            InvalidInputError: for conditions that the model does not know, or any of a model without.
        """
        if self.condition is not None:
            return self.condition.check(self.condition.for_all(condition, n), n)
        if condition is not None:
            raise InvalidInputError(f"condition: {self.name} takes none; leave it out, or use a conditional model.")
        return None

    def inferred_conditions(self, x: Any, y: Any = None, *, batch_size: int | None = None) -> Any:
        """The condition of each example: `y`, or where it is unknown the most probable one, if the model infers it.

        None for a model that takes no condition.

        Args:
            x: examples `(N, *event_shape)`.
            y: a label or another condition for each example; None if there are none.
            batch_size: number of examples in a batch.
        """
        return None if self.condition is None else y

    def split_condition(self, x: Any, condition: Any = None) -> tuple[Any, Any]:
        """Examples and conditions, of `x` alone or, for a conditional model, of a pair."""
        is_pair = isinstance(x, (list, tuple)) and len(x) == 2 and self.condition is not None and condition is None
        if not is_pair or np.ndim(x[0]) != len(self.event_shape) + 1:
            return x, condition
        return x[0], x[1]
