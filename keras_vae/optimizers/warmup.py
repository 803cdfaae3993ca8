"""A learning rate that rises from near 0 before it follows another schedule."""

from collections.abc import Callable

import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from keras_vae.checks import check_integer, check_number
from keras_vae.serialization import Serializable, register


@register
class Warmup(Serializable, LearningRateSchedule):
    """Multiplies a learning rate by a factor that rises linearly to 1 over the first steps.

    The factor of step t, from 0, is `min((t + 1) / steps, 1)`, so that the first step moves the weights too.

    Args:
        schedule: the learning rate, a number or a schedule of Keras.
        steps: number of steps of the rise, at least 1.

    Raises:
        InvalidInputError: if an argument cannot be used.

    Example:

    >>> [round(float(Warmup(0.1, steps=4)(step)), 3) for step in (0, 1, 3, 9)]
    [0.025, 0.05, 0.1, 0.1]

    Reference: Goyal et al., 2017, https://arxiv.org/abs/1706.02677
    """

    def __init__(self, schedule: float | Callable[[tf.Tensor], tf.Tensor], steps: int):
        if not isinstance(schedule, LearningRateSchedule):
            schedule = check_number("Warmup: schedule", schedule, least=0)
        self.schedule = schedule
        self.steps = check_integer("Warmup: steps", steps)

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        rate = self.schedule(step) if callable(self.schedule) else self.schedule
        return rate * tf.minimum((tf.cast(step, tf.float32) + 1.0) / self.steps, 1.0)
