"""Corruptions of the input of the encoder of a denoising autoencoder, in training only."""

from typing import Any

import tensorflow as tf

from keras_vae.checks import check_number
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.serialization import register


class Corruption(Float32Layer):
    """The base class of corruptions: `call(x, seed)` changes examples `(B, *event_shape)` as a function of the seed.

    Args:
        amount: strength of the corruption.

    Raises:
        InvalidInputError: if `amount` is outside `amount_range`.

    Example:

    >>> kv.GaussianCorruption(0.1)(tf.zeros((2, 8)), seed=(0, 1)).shape
    TensorShape([2, 8])
    """

    amount_range = (0.0, 1.0)
    """The interval of `amount`; the lower end is excluded."""

    def __init__(self, amount: float, **kwargs: Any):
        super().__init__(**kwargs)
        low, high = self.amount_range
        self.amount = check_number(f"{type(self).__name__}: amount", amount, above=low, most=high)
        self.built = True


@register
class GaussianCorruption(Corruption):
    """x + amount * eps, eps ~ N(0, I).

    Args:
        amount: standard deviation of the noise.

    Example:

    >>> GaussianCorruption(0.1)(np.zeros((2, 3)), seed=(0, 0)).shape
    TensorShape([2, 3])

    Reference: Vincent et al., 2010, https://www.jmlr.org/papers/v11/vincent10a.html
    """

    amount_range = (0.0, float("inf"))

    def call(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return x + self.amount * tf.random.stateless_normal(tf.shape(x), seed)


@register
class MaskingCorruption(Corruption):
    """Sets each element to 0 with probability `amount`.

    Args:
        amount: the probability.

    Example:

    >>> float(tf.reduce_max(MaskingCorruption(1.0)(np.ones((2, 3)), seed=(0, 0))))
    0.0

    Reference: Vincent et al., 2008, https://doi.org/10.1145/1390156.1390294
    """

    def call(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        kept = tf.random.stateless_uniform(tf.shape(x), seed) >= self.amount
        return tf.where(kept, x, 0.0)


@register
class SaltAndPepperCorruption(Corruption):
    """Sets each element, with probability `amount`, to the minimum or the maximum of the batch at random.

    Args:
        amount: the probability.

    Example:

    >>> np.unique(SaltAndPepperCorruption(1.0)(np.array([[0.0, 0.5, 1.0] * 9]), seed=(0, 0)))
    array([0., 1.], dtype=float32)

    Reference: Vincent et al., 2010, https://www.jmlr.org/papers/v11/vincent10a.html
    """

    def call(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        uniform = tf.random.stateless_uniform(tf.shape(x), seed)
        salted = tf.where(uniform < self.amount / 2, tf.reduce_min(x), tf.reduce_max(x))
        return tf.where(uniform < self.amount, salted, x)


CORRUPTIONS = {"gaussian": GaussianCorruption, "masking": MaskingCorruption, "salt_and_pepper": SaltAndPepperCorruption}
"""Name -> corruption of the inputs of a denoising model."""
