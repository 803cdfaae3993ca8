"""Stops training at an invalid batch, from any source of data."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.models.batch import check_batches_spec, checked_batch, trace_of_batch
from keras_vae.replicas import as_several, number_and_count

if TYPE_CHECKING:
    from keras_vae.models.conditioning import Conditioning

FLAG = "first_bad_batch"
"""The key of the number of the first invalid batch in the logs of a step; removed before Keras reads the logs."""

AHEAD = 16
"""The number of steps by which the check on a GPU or TPU lags, so that the host does not wait for the device."""


class BadBatches(keras.metrics.Metric):
    """Remembers the first batch with invalid examples since the last reset, and raises an error for it.

    A step only counts invalid examples (see `Batch`), which is cheap and works under XLA and on replicas. The host
    reads the count after each step (`AHEAD` steps later on a GPU or TPU) and at the end of an epoch, before it reports
    metrics.
    """

    def __init__(self):
        super().__init__(name=FLAG)
        self.steps = self._counter(())
        self.first = self._counter((7,))  # its number from 1, or 0; the sums of `Batch.bad`; least, greatest
        self.pending = deque()
        self.part = "fit"
        self.seen = None
        self.is_in_step = False  # which calls `get_metrics_result` too where it runs eagerly

    def _counter(self, shape):
        return self.add_variable(shape=shape, initializer="zeros", name="counter")

    def add_variable(self, *args: Any, **kwargs: Any) -> keras.Variable:
        return super().add_variable(*args, **{**kwargs, "aggregation": "only_first_replica"})

    def counts_of(self, bad: tf.Tensor, interval: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns what a replica adds to the sums over replicas, for `update_state`.

        Args:
            bad: numbers of invalid examples, `(4,)`, see `Batch.bad`.
            interval: `Batch.range`, `(2,)`.
        """
        number, replicas = number_and_count()
        own = tf.one_hot(number, replicas, dtype=tf.float32)[:, tf.newaxis] if replicas > 1 else 1.0
        return {"bad": bad, "ranges": interval[tf.newaxis] * own}

    def update_state(self, counts: dict[str, tf.Tensor]) -> tf.Tensor:
        """Counts a step; returns the number of the first invalid batch, from 1, or 0 if there is none."""
        steps, first = self.steps + 1.0, tf.convert_to_tensor(self.first)
        low, high = tf.unstack(counts["ranges"], axis=1)
        this = tf.concat([[steps], counts["bad"], [tf.reduce_min(low), tf.reduce_max(high)]], axis=0)
        is_first = (first[0] == 0.0) & (tf.reduce_sum(counts["bad"]) > 0.0)
        first = tf.where(is_first, this, first)
        with tf.control_dependencies([first]):  # else a stream that ends would count for one more
            self.steps.assign(steps)
        self.first.assign(first)
        return first[0]

    def result(self) -> dict[str, Any]:
        return {}

    def reset_state(self) -> None:
        super().reset_state()
        self.pending.clear()

    def watch(self, function: Callable[[Any], dict], model: "Conditioning", part: str) -> Callable[[Any], dict]:
        """Returns Keras's train or test function with a check for invalid batches."""
        ahead = AHEAD if any(device.device_type != "CPU" for device in tf.config.list_logical_devices()) else 0

        def watched(data):
            self.part = part
            if isinstance(data, tf.data.Iterator) and data.element_spec is not self.seen:
                check_batches_spec(data.element_spec, model)
                self.seen = data.element_spec
            try:
                self.is_in_step = True
                logs = as_several(function(data))
            except tf.errors.OpError:
                _check_terms(model)
                raise
            finally:
                self.is_in_step = False
            self.pending.append(logs.pop(FLAG, 0.0))
            if len(self.pending) > ahead and np.any(np.asarray(self.pending.popleft())):
                self.refuse(model)
            return logs

        return watched

    def check_not_empty(self, examples: float) -> None:
        """Raises `InvalidInputError` if there were batches since the last reset, but no `examples` in any of them."""
        steps = float(keras.ops.convert_to_numpy(self.steps))
        if steps and not examples:
            raise InvalidInputError(
                f"{self.part}: expected at least one example, got none in {steps:g} batch{'' if steps == 1 else 'es'}."
            )

    def refuse(self, model: "Conditioning") -> None:
        """Raises `InvalidInputError` if any batch since the last reset was invalid."""
        number, values, conditions, weights, not_finite, low, high = keras.ops.convert_to_numpy(self.first)
        if not number:
            return
        self.reset_state()
        if conditions:
            bad, reason = conditions, f"condition: expected {model.required_condition.described}"
        elif weights:
            bad, reason = weights, "sample_weight: expected finite numbers >= 0, or with class_weight labels as y"
        else:
            bad = values
            likelihood = model.likelihood
            reason = likelihood.refusal("NaN or infinity") if not_finite else likelihood.refusal_of_range(low, high)
        examples = f"{bad:g} example{'' if bad == 1 else 's'}"
        raise InvalidInputError(
            f"{self.part}: batch {number - 1:g} (the first is 0) has {examples} that cannot be used. "
            f"{reason.rstrip('.')}. They were left out; fix the data or drop them."
        )


def _check_terms(model) -> None:
    """Raises `InvalidInputError` if a term has not a value for each example, which only TensorFlow has noticed."""
    y = None if model.condition is None else model.condition.example(2)
    examples = tf.broadcast_to(tf.cast(model.likelihood.fill_value, tf.float32), (2, *model.event_shape))
    try:
        trace = trace_of_batch(model, checked_batch(model, (examples, y)), tf.zeros(2, tf.int32), training=False)
        model.objective.values(trace)
    except InvalidInputError:
        raise
    except Exception:  # of a term that needs more than examples: the step's own error is the one to see
        return
