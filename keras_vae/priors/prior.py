"""The prior p(z) over latent variables."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_event_shape
from keras_vae.layers.float32_layer import Float32Layer

tfd = tfp.distributions


class Prior(Float32Layer):
    """The base class of priors p(z), with or without weights.

    A prior with weights creates them in its constructor.

    Args:
        event_shape: shape of one latent, such as `(D,)`.

    Raises:
        InvalidInputError: if `event_shape` is not a shape of positive sizes.

    Example:

    >>> @kv.register
    ... class WideNormal(Prior):
    ...     'A normal with a standard deviation of 2.'
    ...
    ...     def distribution(self, encode=None):
    ...         return tfd.Independent(tfd.Normal(tf.zeros(self.event_shape), 2.0), 1)
    >>> model = kv.zoo.vae((8,), 2, units=(4,), prior=WideNormal((2,)))
    >>> model.prior_distribution().stddev().numpy().tolist()
    [2.0, 2.0]
    """

    support = "real"
    """The support of the distribution, see `Posterior.support`."""

    has_density = True
    """Whether `log_prob` is a log-density, or a lower bound of one."""

    input_shape: tuple[int, ...] | None = None
    """The shape of the examples, for a prior that consists of posteriors; None for other priors."""

    def __init__(self, event_shape: tuple[int, ...], **kwargs: Any):
        super().__init__(**kwargs)
        self.event_shape = check_event_shape(type(self).__name__, event_shape)
        self.built = True

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        """Returns the distribution, built in every step; batch shape `()`.

        Args:
            encode: x, `(K, *input_shape)`, -> q(z | x), for priors that consist of posteriors, such as `VampPrior`.

        Raises:
            InvalidInputError: if the prior consists of posteriors, and `encode` is None.
        """
        raise NotImplementedError

    def adapt(self, x: np.ndarray) -> None:
        """Initialises the weights from examples `(N, *example_shape)`, for priors that consist of posteriors."""
