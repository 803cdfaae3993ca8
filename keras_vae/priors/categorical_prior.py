"""Independent indices of discrete latents."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer
from keras_vae.priors.prior import Prior
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class CategoricalPrior(Prior):
    """p(k) = prod_i softmax(l_i)[k_i], over grids of indices k_i from 0 to `categories` - 1.

    Initially uniform: -log p(k) is log `categories` nats per index.

    Args:
        event_shape: shape of one grid of indices, such as `(7, 7)`.
        categories: number of values of an index, such as the size of the codebook.
        learned: whether to train the probabilities of each position; otherwise they are uniform.

    Raises:
        InvalidInputError: if `categories` is not an integer >= 2.

    Example:

    >>> prior = CategoricalPrior((2, 2), categories=8)
    >>> prior.distribution().sample(3, seed=(0, 1)).shape
    TensorShape([3, 2, 2])

    Reference: van den Oord, Vinyals & Kavukcuoglu, 2017, section 3.1, https://arxiv.org/abs/1711.00937
    """

    support = "codes"

    def __init__(self, event_shape: tuple[int, ...], *, categories: int, learned: bool = True, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        self.categories = check_integer("CategoricalPrior: categories", categories, least=2)
        self.learned = bool(learned)
        if self.learned:
            shape = (*self.event_shape, self.categories)
            self.logits = self.add_weight(shape=shape, initializer="zeros", name="logits")

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        uniform = tf.zeros((*self.event_shape, self.categories))
        logits = tf.convert_to_tensor(self.logits) if self.learned else uniform
        codes = tfd.Categorical(logits=logits, dtype=tf.int32)
        return tfd.Independent(codes, reinterpreted_batch_ndims=len(self.event_shape))
