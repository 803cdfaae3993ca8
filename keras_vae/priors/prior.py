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
    """p(z), with or without weights of its own.

    A prior with weights makes them in its constructor.

    Args:
        event_shape: shape of one code, `(D,)` for latent vectors.
    """

    support = "real"
    """The set that events are from, see `Posterior.support`."""

    has_density = True
    """Whether `log_prob` is a density, or a lower bound of one."""

    input_shape: tuple[int, ...] | None = None
    """The shape of the examples of which it makes posteriors; None for a prior that makes none."""

    def __init__(self, event_shape: tuple[int, ...], **kwargs: Any):
        super().__init__(**kwargs)
        self.event_shape = check_event_shape(type(self).__name__, event_shape)
        self.built = True

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        """The distribution, built afresh in every step; batch shape `()`.

        Args:
            encode: x -> q(z | x), for priors that are made of posteriors.
        """
        raise NotImplementedError

    def adapt(self, x: np.ndarray) -> None:
        """Starts the weights from examples `(N, *example_shape)`, for priors that are made of them."""
