"""The KL divergence with a target capacity."""

import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from keras_vae.checks import check_number
from keras_vae.objectives.kl import KL
from keras_vae.replicas import global_mean
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class Capacity(KL):
    """The distance of the mean KL over the batch from a capacity, which may grow in training; nats.

        |mean_B KL(q(z | x) || p(z)) - C(step)|

    The weight of the term is gamma in the paper. Large weights, such as 1000, keep the KL close to C nats.

    Args:
        capacity: C in nats per example, >= 0, or a `keras.optimizers.schedules.LearningRateSchedule` of the `step` of
            the model, such as `LinearWarmup(100_000, 25.0)`.
        estimator: estimator of the KL, see `KL`.
        name: see `Term`.

    Raises:
        InvalidInputError: if an argument is out of its range.

    Example:

    >>> print(NLL() + 1000.0 * Capacity(LinearWarmup(100_000, 25.0)))
    nll + 1000 capacity

    Reference: Burgess et al., 2018, https://arxiv.org/abs/1804.03599
    """

    across_batch = True

    def __init__(self, capacity: float | LearningRateSchedule, *, estimator: str = "analytic", name: str | None = None):
        super().__init__(estimator=estimator, name=name)
        if not isinstance(capacity, LearningRateSchedule):
            check_number("Capacity: capacity, unless a LearningRateSchedule,", capacity, least=0)
        self.capacity = capacity

    def __call__(self, trace: Trace) -> tf.Tensor:
        capacity = self.capacity(trace.step) if callable(self.capacity) else self.capacity
        divergence = self.divergence(trace)
        distance = tf.abs(global_mean(divergence) - tf.cast(capacity, divergence.dtype))
        return tf.fill(tf.shape(trace.x)[:1], distance)
