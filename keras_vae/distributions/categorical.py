"""The categorical distribution over a grid of values, with independent elements."""

from collections.abc import Mapping

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.grid import GridDistribution, GridLikelihood
from keras_vae.serialization import register

tfd = tfp.distributions


class GridCategorical(GridDistribution):
    """A categorical distribution over the values of a grid.

    Args:
        logits: unnormalised log-probabilities, shape `(..., levels)`; batch shape `(...)`.
    """

    def __init__(self, logits: tf.Tensor):
        parameters = dict(locals())
        self._logits = tf.convert_to_tensor(logits)
        super().__init__(self._logits.shape[-1], parameters=parameters)

    @classmethod
    def _parameter_properties(cls, dtype, num_classes=None):
        return {"logits": tfp.util.ParameterProperties(event_ndims=1)}

    @property
    def logits(self) -> tf.Tensor:
        return self._logits

    def _log_prob_of(self, index):
        return categorical_log_prob(self.logits, index)

    def _sample_index(self, n, seed):
        return tfd.Categorical(logits=self.logits, dtype=tf.float32).sample(n, seed=seed)

    def _mean(self):
        return tf.linalg.matvec(tf.nn.softmax(self.logits), tf.linspace(0.0, 1.0, self.levels))


def categorical_log_prob(logits: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """Returns log softmax(logits)[index] for logits `(..., K)` and an index from 0 to K - 1, broadcast to `(...)`."""
    shape = tf.broadcast_dynamic_shape(tf.shape(index), tf.shape(logits)[:-1])
    index = tf.broadcast_to(tf.cast(index, tf.int32), shape)
    logits = tf.broadcast_to(logits, tf.concat([shape, tf.shape(logits)[-1:]], axis=0))
    return -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=index, logits=logits)


@register
class Categorical(GridLikelihood):
    """A categorical distribution over the values 0, 1/(levels-1), ..., 1 per element; log p(x) = sum log softmax(l)[x].

    Use it for images with few grey levels, and for bytes if the memory is sufficient: uint8 data, divided by 255, are
    on the grid of 256 levels. The value is a log-probability in nats. Values between grid points are rounded. Bits per
    dimension are -log p / (D log 2).

    Args:
        event_shape: shape of one event.
        levels: number of equally spaced values of an element, from 0 to 1.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if `levels` is not an integer >= 2.

    Example:

    >>> likelihood = Categorical((8, 8, 1), levels=4)
    >>> likelihood(tf.ones((3, 16)))["logits"].shape
    TensorShape([3, 8, 8, 1, 4])

    Reference: van den Oord, Kalchbrenner & Kavukcuoglu, 2016, section 3, https://arxiv.org/abs/1601.06759
    """

    parameters = ("logits",)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"logits": (*self.event_shape, self.levels)}

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        return self.independent(GridCategorical(parameters["logits"]))
