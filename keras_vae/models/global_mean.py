"""The mean of sums that are equal on all replicas."""

from typing import Any, Literal

import keras
import tensorflow as tf
from keras.src.trainers.compile_utils import MetricsList

Direction = Literal["up", "down"]


class GlobalMean(keras.metrics.Mean):
    """The mean over examples of sums over all replicas, so that all replicas have the same value.

    Unlike a Keras metric, it needs no communication to read, so the chief can read it alone.

    Args:
        name: name of the metric.
        direction: `"up"` if higher is better, otherwise `"down"`; read by callbacks with `mode="auto"`.
    """

    def __init__(self, name: str, direction: Direction = "down"):
        super().__init__(name=name)
        self._direction = direction  # the attribute that Keras's own metrics declare it by

    def add_variable(self, *args: Any, **kwargs: Any) -> keras.Variable:
        return super().add_variable(*args, **{**kwargs, "aggregation": "only_first_replica"})

    def update_state(self, total: tf.Tensor, weight: tf.Tensor) -> None:
        """Adds a weighted sum over examples, and their total weight."""
        self.total.assign_add(total)
        self.count.assign_add(weight)

    @property
    def state(self) -> tuple[float, ...]:
        """The sum and the weight so far."""
        return float(keras.ops.convert_to_numpy(self.total)), float(keras.ops.convert_to_numpy(self.count))

    @state.setter
    def state(self, state: tuple[float, ...]) -> None:
        self.total.assign(state[0])
        self.count.assign(state[1])


class Directions(MetricsList):
    """Shows metrics to Keras callbacks, which search a `MetricsList` for the direction of a metric.

    It has no value, and the model resets the metrics.
    """

    def result(self) -> dict[str, Any]:
        return {}

    def reset_state(self) -> None:
        """Does nothing: the model resets each metric."""
