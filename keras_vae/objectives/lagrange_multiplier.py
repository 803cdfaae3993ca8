"""A weight that the training finds: a Lagrange multiplier."""

import math
from typing import Any

import tensorflow as tf

from keras_vae.checks import check_number
from keras_vae.errors import InvalidInputError
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.serialization import register

LEAST, MOST = 1e-6, 1e6
"""The range of the weight. At an end of it, the target is out of reach."""

FARTHEST = 0.2
"""The distance from the target, relative to it, above which the weight does not change faster.

A model that has just begun to learn is far from any target, whatever the weight.
"""


@register
class LagrangeMultiplier(Float32Layer):
    """A weight of a term that changes in training until the mean of a term over the batches reaches a target.

        minimize f  subject to  E[g] = target:    loss = f + w g,    log w <- log w + rate v,
        v = (mean_B g - target) / |target|, clipped to [-0.2, 0.2]

    The weight w rises after a batch in which the mean of its own term g is above the target, and falls otherwise. With
    `of`, the target is that of another term, which falls if w falls: for a weight of the KL, the distortion. The weight
    then falls while that term is above its target. It starts at 1 and stays within 1e-6 and 1e6.

    The state `log_value` is saved with the model, and equal on all replicas. `fit` reports the weight as
    `<name of its term>_weight`, such as `kl_weight`. If it follows the distortion, it is 1 / lambda of the GECO paper.

    Args:
        target: the mean of the term to be reached, in the unit of the term, such as nats per example.
        of: name of another term of the same objective whose mean is to reach the target; by default that of its own
            term. A term with the weight 0 is measured only, such as `0.0 * SquaredError()`.
        rate: the change of log w after a batch, relative to the distance of its mean from the target.

    Raises:
        InvalidInputError: if an argument is out of its range.

    Example:

    >>> print(NLL() + LagrangeMultiplier(14.0) * KL())
    nll + LagrangeMultiplier kl
    >>> weight = LagrangeMultiplier(0.5)
    >>> weight.update(tf.constant(1.0))
    >>> print(round(float(weight.value), 4))
    1.0101

    References: Rezende & Viola, 2018, https://arxiv.org/abs/1810.00597; with the KL as the constraint: Shao et al.,
    2020, https://arxiv.org/abs/2004.05988
    """

    def __init__(self, target: float, *, of: str | None = None, rate: float = 0.05, **kwargs: Any):
        super().__init__(**kwargs)
        self.target = check_number("LagrangeMultiplier: target", target)
        if of is not None and (not isinstance(of, str) or not of):
            raise InvalidInputError(f"LagrangeMultiplier: of must be the name of a term, such as 'nll'; got {of!r}.")
        self.of = of
        self.rate = check_number("LagrangeMultiplier: rate", rate, above=0)
        self.log_value = self.add_weight(
            shape=(), initializer="zeros", trainable=False, aggregation="only_first_replica", name="log_value"
        )
        self.built = True

    @property
    def value(self) -> tf.Tensor:
        """The weight, a scalar."""
        return tf.exp(tf.convert_to_tensor(self.log_value))

    def update(self, mean: tf.Tensor) -> None:
        """Changes the weight after a training batch.

        Args:
            mean: the mean of the term over the global batch, a scalar. One that is not finite changes nothing.
        """
        violation = tf.clip_by_value((mean - self.target) / (abs(self.target) or 1.0), -FARTHEST, FARTHEST)
        change = (-self.rate if self.of else self.rate) * violation
        change = tf.where(tf.math.is_finite(mean), change, 0.0)
        log_value = tf.convert_to_tensor(self.log_value) + change
        self.log_value.assign(tf.clip_by_value(log_value, math.log(LEAST), math.log(MOST)))
