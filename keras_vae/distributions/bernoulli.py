"""The Bernoulli distribution with independent elements."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.likelihood import Likelihood
from keras_vae.serialization import register

tfd = tfp.distributions


class LogitsBernoulli(tfd.Bernoulli):
    """`tfd.Bernoulli` whose log-probability needs one softplus per element instead of two."""

    def _log_prob(self, x):
        return x * self.logits - tf.nn.softplus(self.logits)


@register
class Bernoulli(Likelihood):
    """Independent Bernoulli elements with logits; log p(x) = sum x * logits - softplus(logits).

    Use it for binary images. It is also common for grey images in [0, 1], but then the value is the cross-entropy in
    nats and not a log-density. Binarise such images (see `keras_vae.data`) to get comparable values.

    Example:

    >>> likelihood = Bernoulli((8, 8, 1))
    >>> likelihood.distribution(likelihood(tf.ones((3, 16)))).mean().shape
    TensorShape([3, 8, 8, 1])

    Reference: Kingma & Welling, 2014, appendix C.1, https://arxiv.org/abs/1312.6114
    """

    parameters = ("logits",)
    expects = "values in [0, 1]"
    interval = (0.0, 1.0)
    advice = "rescale the data or use the 'normal' likelihood"

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        return self.independent(LogitsBernoulli(logits=parameters["logits"], dtype=tf.float32))

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        mean = mean.clip(1e-3, 1 - 1e-3)
        return {"logits": np.log(mean / (1 - mean))}
