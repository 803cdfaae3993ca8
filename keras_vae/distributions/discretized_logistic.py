"""Mixtures of discretized logistic distributions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer
from keras_vae.distributions.grid import GridDistribution, GridLikelihood
from keras_vae.serialization import register

tfd = tfp.distributions

MIN_BINS = 0.1
START_SCALE = 0.05


class LogisticOnGrid(GridDistribution):
    """A logistic variable, rounded to the nearest value of a grid.

    P(k) = F(k + 1/2) - F(k - 1/2) = F(a) F(-b) (1 - exp(b - a)), where F is the logistic function, and a and b are the
    scaled edges of the bin. The product has no cancellation, so it is accurate for any location and scale. The
    outermost bins include the tails.

    Args:
        loc: location, in the units of the grid from 0 to 1.
        scale: positive scale, in the same units.
        levels: number of values of the grid.
    """

    def __init__(self, loc: tf.Tensor, scale: tf.Tensor, *, levels: int):
        parameters = dict(locals())
        self._loc = tf.convert_to_tensor(loc)
        self._scale = tf.convert_to_tensor(scale)
        super().__init__(levels, parameters=parameters)

    @classmethod
    def _parameter_properties(cls, dtype, num_classes=None):
        return {"loc": tfp.util.ParameterProperties(), "scale": tfp.util.ParameterProperties()}

    @property
    def loc(self) -> tf.Tensor:
        return self._loc

    @property
    def scale(self) -> tf.Tensor:
        return self._scale

    @property
    def _in_bins(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns location and scale in units of the bin width."""
        return self.loc * (self.levels - 1), self.scale * (self.levels - 1)

    def _log_prob_of(self, index):
        loc, scale = self._in_bins
        not_first, not_last = index > 0.5, index < self.levels - 1.5
        below_upper = tf.where(not_last, tf.math.log_sigmoid((index + 0.5 - loc) / scale), 0.0)
        above_lower = tf.where(not_first, tf.math.log_sigmoid((loc - index + 0.5) / scale), 0.0)
        between = tf.where(not_first & not_last, tf.math.log(-tf.math.expm1(-1.0 / scale)), 0.0)
        return below_upper + above_lower + between

    def _sample_index(self, n, seed):
        index = tf.round(tfd.Logistic(*self._in_bins).sample(n, seed=seed))
        return tf.clip_by_value(index, 0.0, float(self.levels - 1))

    def _mean(self):
        """Returns the sum of P(x > edge) over the edges between values, one edge at a time to save memory."""
        loc, scale = self._in_bins
        edges = self.levels - 1

        def add(edge, total):
            return edge + 1.0, total + tf.sigmoid((loc - edge - 0.5) / scale)

        zeros = tf.zeros(tf.broadcast_dynamic_shape(tf.shape(loc), tf.shape(scale)))
        zeros.set_shape(tf.broadcast_static_shape(loc.shape, scale.shape))
        _, total = tf.while_loop(
            lambda edge, _: edge < edges - 0.5, add, (tf.constant(0.0), zeros), maximum_iterations=edges
        )
        return total / edges


@register
class DiscretizedLogistic(GridLikelihood):
    """A logistic distribution, or a mixture of logistics, rounded to the values 0, 1/(levels-1), ..., 1.

    log p(x) = sum log sum_k w_k [F((x + h - loc_k) / s_k) - F((x - h - loc_k) / s_k)], where F is the logistic function
    and h is half the bin width. The outermost bins include the tails. Use it for images of bytes; it has far fewer
    parameters than `Categorical`. The value is a log-probability in nats. Values between grid points are rounded. The
    mixture is that of PixelCNN++ without the coupling of colour channels: elements are independent, with separate
    mixture weights. Scales are at least a tenth of the bin width.

    Args:
        event_shape: shape of one event.
        levels: number of equally spaced values of an element, from 0 to 1.
        components: number of mixture components, K.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if `levels` is not an integer >= 2, or if `components` is not an integer >= 1.

    Example:

    >>> likelihood = DiscretizedLogistic((8, 8, 3), components=5)
    >>> {name: tuple(shape) for name, shape in likelihood.parameter_shapes.items()}
    {'loc': (8, 8, 3, 5), 'raw_scale': (8, 8, 3, 5), 'logits': (8, 8, 3, 5)}

    References: Kingma et al., 2016, https://arxiv.org/abs/1606.04934; mixtures: Salimans et al., 2017,
    https://arxiv.org/abs/1701.05517
    """

    def __init__(self, event_shape: tuple[int, ...], *, levels: int = 256, components: int = 1, **kwargs: Any):
        super().__init__(event_shape, levels=levels, **kwargs)
        self.components = check_integer("DiscretizedLogistic: components", components)

    @property
    def parameters(self) -> tuple[str, ...]:
        return ("loc", "raw_scale") if self.components == 1 else ("loc", "raw_scale", "logits")

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        shape = self.event_shape if self.components == 1 else (*self.event_shape, self.components)
        return {name: shape for name in self.parameters}

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        scale = tf.nn.softplus(parameters["raw_scale"]) + MIN_BINS / (self.levels - 1)
        logistic = LogisticOnGrid(parameters["loc"], scale, levels=self.levels)
        if self.components > 1:
            logistic = tfd.MixtureSameFamily(tfd.Categorical(logits=parameters["logits"]), logistic)
        return self.independent(logistic)

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        """Returns logistics at the mean, with scales so small that the ends of the grid hardly change the mean."""
        loc = mean if self.components == 1 else np.repeat(mean[..., None], self.components, axis=-1)
        return {"loc": loc, "raw_scale": np.full(loc.shape, np.log(np.expm1(START_SCALE)))}
