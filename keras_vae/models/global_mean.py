"""A mean that every replica already knows."""

from typing import Any, Literal

import keras
import tensorflow as tf
from keras.src.trainers.compile_utils import MetricsList

Direction = Literal["up", "down"]


class GlobalMean(keras.metrics.Mean):
    """The mean over examples of sums that have been added up over replicas, so that each holds the same.

    Reading it asks no other replica, unlike Keras's, and so the chief may do it alone.

    Args:
        name: the name under which it is reported.
        direction: `"up"` if more is better, else `"down"`; callbacks with `mode="auto"` look for it.
    """

    def __init__(self, name: str, direction: Direction = "down"):
        super().__init__(name=name)
        self._direction = direction  # the attribute that Keras's own metrics declare it by

    def add_variable(self, *args: Any, **kwargs: Any) -> keras.Variable:
        return super().add_variable(*args, **{**kwargs, "aggregation": "only_first_replica"})

    def update_state(self, total: tf.Tensor, weight: tf.Tensor) -> None:
        """Adds a weighted sum over examples, and their weight."""
        self.total.assign_add(total)
        self.count.assign_add(weight)

    @property
    def state(self) -> tuple[float, float]:
        """Sum and weight so far."""
        return float(keras.ops.convert_to_numpy(self.total)), float(keras.ops.convert_to_numpy(self.count))

    @state.setter
    def state(self, state: tuple[float, float]) -> None:
        self.total.assign(state[0])
        self.count.assign(state[1])


class Directions(MetricsList):
    """Shows metrics to Keras's callbacks, which look in a `MetricsList` for whether more of one is better.

    It has no value of its own, and leaves it to the model to reset the metrics.
    """

    def result(self) -> dict[str, Any]:
        return {}

    def reset_state(self) -> None:
        """Nothing: the model resets each metric itself."""
