"""A mean that every replica already knows."""

import keras
import tensorflow as tf


class GlobalMean(keras.metrics.Mean):
    """The mean over examples of sums that have been added up over replicas, so that each holds the same.

    Reading it asks no other replica, unlike Keras's, and so the chief may do it alone.
    """

    def add_variable(self, *args, **kwargs):
        return super().add_variable(*args, **{**kwargs, "aggregation": "only_first_replica"})

    def update_state(self, total: tf.Tensor, weight: tf.Tensor) -> None:
        """Adds a weighted sum over examples, and their weight."""
        self.total.assign_add(total)
        self.count.assign_add(weight)

    @property
    def state(self) -> tuple[float, float]:
        """Sum and weight so far."""
        return tuple(float(keras.ops.convert_to_numpy(variable)) for variable in (self.total, self.count))

    @state.setter
    def state(self, state: tuple[float, float]) -> None:
        self.total.assign(state[0])
        self.count.assign(state[1])
