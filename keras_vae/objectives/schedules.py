"""Schedules of weights over the steps of a model, where one step is one training batch.

With gradient accumulation, each batch is a step. `compile` does not reset the steps.
"""

import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from keras_vae.checks import check_integer, check_number
from keras_vae.serialization import Serializable, register


class _Ramp(Serializable, LearningRateSchedule):
    """A linear rise to `final` over `steps` steps."""

    def __init__(self, steps: int, final: float = 1.0):
        self.steps = check_integer(f"{type(self).__name__}: steps", steps)
        self.final = check_number(f"{type(self).__name__}: final", final)


@register
class LinearWarmup(_Ramp):
    """Rises linearly from 0 to `final` over the first `steps` steps, then remains constant.

    Args:
        steps: number of steps of the rise.
        final: weight after the rise.

    Raises:
        InvalidInputError: if `steps` is not an integer >= 1, or if `final` is not a finite number.

    Example:

    >>> [float(LinearWarmup(10)(step)) for step in (0, 5, 10, 99)]
    [0.0, 0.5, 1.0, 1.0]

    Reference: Bowman et al., 2016, https://arxiv.org/abs/1511.06349
    """

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        return self.final * tf.minimum(tf.cast(step, tf.float32) / self.steps, 1.0)


@register
class CyclicalWarmup(_Ramp):
    """Rises linearly from 0 to `final` in the first part of every cycle, then remains constant until the next cycle.

    Args:
        steps: length of a cycle in steps.
        final: weight after each rise.
        rise: fraction of a cycle for the rise, in (0, 1].

    Raises:
        InvalidInputError: if an argument is out of range.

    Example:

    >>> [float(CyclicalWarmup(10)(step)) for step in (0, 5, 9, 10)]
    [0.0, 1.0, 1.0, 0.0]

    Reference: Fu et al., 2019, https://arxiv.org/abs/1903.10145
    """

    def __init__(self, steps: int, final: float = 1.0, *, rise: float = 0.5):
        super().__init__(steps, final)
        self.rise = check_number("CyclicalWarmup: rise", rise, above=0, most=1)

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        position = tf.cast(step, tf.float32) % self.steps / self.steps
        return self.final * tf.minimum(position / self.rise, 1.0)
