"""The distribution of a transformed normal variable."""

from collections.abc import Callable

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.custom_distribution import CustomDistribution
from keras_vae.random import as_seed

tfd = tfp.distributions

DRAWS = 64
"""The number of points in the estimate of the variance."""

Map = Callable[[tf.Tensor, tf.Tensor | None], tuple[tf.Tensor, tf.Tensor]]


class FlowDistribution(CustomDistribution):
    """The distribution of z = f(u; c) for u ~ N(loc, scale^2) and an invertible map f.

    The density is log q(z) = log N(u) - log |det df/du|. For the tensor that `sample` returned last, `log_prob` reuses
    the cached u at almost no cost. For any other tensor, even a copy, it inverts f. Value and gradient are the same if
    `sample` and `log_prob` are called under the same gradient tape.

    The moments have no closed form: `mean()` is f(loc), the image of the mean of u; `variance()` and `stddev()` are
    estimates from 64 fixed points, which are exact for an affine f.

    Args:
        loc: mean of u, `(..., *event_shape)`.
        scale: standard deviation of u, of the same shape.
        forward: maps u, c to z and log |det dz/du|, as `Bijection.forward`.
        inverse: maps z, c to u and log |det du/dz|.
        context: c, `(..., C)`; it is sliced together with `loc` and `scale`.
        event_ndims: rank of an event.
        name: name in TFP.

    Example:

    >>> double, halve = (lambda u, c: (2 * u, np.log(2.0)), lambda z, c: (z / 2, -np.log(2.0)))
    >>> q = FlowDistribution(tf.ones((3, 1)), tf.ones((3, 1)), double, halve)
    >>> np.allclose(q.log_prob([[3.0]]), tfd.Normal(2.0, 2.0).log_prob(3.0))
    True

    Reference: Rezende & Mohamed, 2015, https://arxiv.org/abs/1505.05770
    """

    sample_runs_network = True

    def __init__(
        self,
        loc: tf.Tensor,
        scale: tf.Tensor,
        forward: Map,
        inverse: Map,
        context: tf.Tensor | None = None,
        event_ndims: int = 1,
        name: str = "FlowDistribution",
    ):
        parameters = dict(locals())
        self._loc, self._scale, self._context = loc, scale, context
        self._forward, self._inverse = forward, inverse
        self._event_ndims = event_ndims
        self._drawn = self._noise = self._log_det = None
        super().__init__(parameters, reparameterized=True, dtype=loc.dtype, name=name)

    @classmethod
    def _parameter_properties(cls, dtype, num_classes=None):
        of_event = tfp.util.ParameterProperties(event_ndims=lambda self: self._event_ndims)
        return {"loc": of_event, "scale": of_event, "context": tfp.util.ParameterProperties(event_ndims=1)}

    @property
    def base(self) -> tfd.Distribution:
        """The distribution of u."""
        return tfd.Independent(tfd.Normal(self._loc, self._scale), self._event_ndims)

    def _event_shape(self):
        return self._loc.shape[-self._event_ndims :]

    def _event_shape_tensor(self):
        return tf.shape(self._loc)[-self._event_ndims :]

    def _call_sample_n(self, sample_shape, seed, **kwargs):
        self._noise = self.base.sample(sample_shape, seed=seed)
        self._drawn, self._log_det = self._forward(self._noise, self._context)
        return self._drawn

    def _log_prob(self, z):
        if z is self._drawn:
            return self.base.log_prob(self._noise) - self._log_det
        u, log_det = self._inverse(z, self._context)
        return self.base.log_prob(u) + log_det

    def _mean(self):
        return self._forward(self._loc, self._context)[0]

    def _variance(self):
        event = self.event_shape
        noise = tf.random.stateless_normal((DRAWS, *event), as_seed(0), dtype=self.dtype)
        mean, variance = tf.nn.moments(noise, axes=0)
        noise = (noise - mean) * tf.math.rsqrt(variance)
        noise = tf.reshape(noise, (DRAWS, *[1] * self.batch_shape.rank, *event))  # the same for each batch member
        return tf.math.reduce_variance(self._forward(self._loc + self._scale * noise, self._context)[0], axis=0)
