"""The base classes of families over a grid in [0, 1], such as bytes divided by 255."""

from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer
from keras_vae.distributions.custom_distribution import CustomDistribution
from keras_vae.distributions.likelihood import Likelihood

tfd = tfp.distributions


class GridDistribution(CustomDistribution):
    """A distribution over the values 0, 1/(levels-1), ..., 1; `log_prob` rounds to the nearest value, in nats.

    A subclass defines `_log_prob_of(index)` and `_sample_index(n, seed)`, with indices in float32.

    Args:
        levels: number of values of the grid.
        parameters: arguments of the constructor of the subclass.
    """

    def __init__(self, levels: int, *, parameters: dict):
        self._levels = levels
        super().__init__(parameters)

    @property
    def levels(self) -> int:
        return self._levels

    def _event_shape(self):
        return tf.TensorShape([])

    def _event_shape_tensor(self):
        return tf.zeros((0,), tf.int32)

    def _log_prob(self, x):
        last = float(self.levels - 1)
        index = tf.round(x * last)
        log_prob = self._log_prob_of(tf.clip_by_value(index, 0.0, last))
        return tf.where((index >= 0) & (index <= last), log_prob, -float("inf"))

    def _sample_n(self, n, seed=None):
        return self._sample_index(n, seed) / (self.levels - 1)


class GridLikelihood(Likelihood):
    """A likelihood of events with elements on the grid.

    Args:
        event_shape: shape of one event.
        levels: number of equally spaced values of an element, from 0 to 1.
        project: see `DistributionLayer`.
    """

    interval = (0.0, 1.0)
    advice = "rescale the data or use the 'normal' likelihood"

    def __init__(self, event_shape: tuple[int, ...], *, levels: int = 256, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        self.levels = check_integer(f"{type(self).__name__}: levels", levels, least=2)

    @property
    def expects(self) -> str:
        return f"values in [0, 1], multiples of 1/{self.levels - 1}"
