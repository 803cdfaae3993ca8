"""The mean squared error of the reconstruction."""

import tensorflow as tf

from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class SquaredError(Term):
    """The squared error of the reconstruction E[x | z], averaged over the values of an example and the samples of z.

    It is in squared units of the values, not in nats: for images, pixels are from 0 to 1. NaN elements are ignored.

    Example:

    >>> print(NLL() + LagrangeMultiplier(0.01, of="squared_error") * KL() + 0.0 * SquaredError())
    nll + LagrangeMultiplier kl + 0 squared_error

    Reference: Rezende & Viola, 2018, section 2, https://arxiv.org/abs/1810.00597
    """

    def __call__(self, trace: Trace) -> tf.Tensor:
        errors = trace.x - trace.likelihood.mean()  # (S, B, *event_shape)
        observed = tf.math.is_finite(errors)
        axes = range(2, errors.shape.rank)
        total = tf.reduce_sum(tf.square(tf.where(observed, errors, 0.0)), axis=axes)
        count = tf.reduce_sum(tf.cast(observed, tf.float32), axis=axes)
        return tf.reduce_mean(tf.math.divide_no_nan(total, count), axis=0)
