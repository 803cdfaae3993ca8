"""The planar flow."""

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_number
from keras_vae.distributions.arguments import check_vector
from keras_vae.distributions.flow_distribution import FlowDistribution
from keras_vae.distributions.posterior import Posterior
from keras_vae.serialization import register

tfd = tfp.distributions

MARGIN = 1e-3
"""The minimum slope of a step along w."""

BISECTIONS = 26


@register
class Planar(Posterior):
    """The planar flow: a normal u, followed by planar steps with directions from the features.

        u ~ N(loc, scale^2),   z <- z + v tanh(w.z + b),   v = u' + (m(w.u') - w.u') w / |w|^2

    m(a) = 0.999 (softplus(a + log(e - 1)) - 1) > -1 makes each step invertible, and does not change u' if w.u' = 0. The
    inverse has no closed form: each step solves an increasing equation in w.z by bisection, with the gradient of the
    implicit function. The KL divergence has no closed form either: use `KL(estimator="monte_carlo")` or `IWAE`.
    `mean()` is the image of loc, and `stddev()` an estimate; see `FlowDistribution`.

    Args:
        event_shape: `(D,)`.
        flows: number of steps, K. Each changes the density perpendicular to one hyperplane.
        min_scale: lower bound of the scale of u.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if the event is not a vector, or if a number is out of range.

    Example:

    >>> posterior = Planar((4,))
    >>> q = posterior.distribution(posterior(tf.ones((3, 8))))
    >>> q.log_prob(q.sample(5, seed=0)).shape
    TensorShape([5, 3])

    Reference: Rezende & Mohamed, 2015, https://arxiv.org/abs/1505.05770
    """

    parameters = ("loc", "raw_scale", "u", "w", "b")

    def __init__(self, event_shape: tuple[int, ...], *, flows: int = 4, min_scale: float = 1e-4, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        check_vector("Planar", self.event_shape)
        self.flows = check_integer("Planar: flows", flows)
        self.min_scale = check_number("Planar: min_scale", min_scale, above=0)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        event = self.event_shape
        return {
            "loc": event,
            "raw_scale": event,
            "u": (self.flows, *event),
            "w": (self.flows, *event),
            "b": (self.flows, 1),
        }

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        scale = tf.nn.softplus(parameters["raw_scale"]) + self.min_scale
        steps = tf.concat([parameters[name] for name in ("u", "w", "b")], axis=-1)  # (..., K, 2 D + 1)
        context = tf.concat(tf.unstack(steps, axis=-2), axis=-1)  # (..., K (2 D + 1))
        return FlowDistribution(parameters["loc"], scale, self._forward, self._inverse, context=context)

    def _steps(self, context):
        """Returns v, w and b of each step, `(..., D)`, `(..., D)` and `(..., 1)`."""
        (dim,) = self.event_shape
        for step in tf.split(context, self.flows, axis=-1):
            u, w, b = tf.split(step, [dim, dim, 1], axis=-1)
            along = _dot(w, u)
            wanted = (1 - MARGIN) * (tf.nn.softplus(along + math.log(math.e - 1)) - 1)
            yield u + (wanted - along) * w / (_dot(w, w) + 1e-12), w, b

    def _forward(self, z: tf.Tensor, context: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        log_dets = []
        for v, w, b in self._steps(context):
            z, log_det = _planar(z, v, w, b)
            log_dets.append(log_det)
        return z, sum(log_dets[1:], log_dets[0])

    def _inverse(self, z: tf.Tensor, context: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        log_dets = []
        for v, w, b in reversed(list(self._steps(context))):
            z = z - v * tf.tanh(_solve(_dot(w, z), _dot(w, v), b) + b)
            log_dets.append(-_planar(z, v, w, b)[1])
        return z, sum(log_dets[1:], log_dets[0])


def _dot(x, y):
    return tf.reduce_sum(x * y, axis=-1, keepdims=True)


def _planar(z, v, w, b):
    """Returns one step, z + v tanh(w.z + b), and the log-determinant of its Jacobian."""
    bent = tf.tanh(_dot(w, z) + b)
    return z + v * bent, tf.math.log1p(_dot(w, v) * (1 - bent**2))[..., 0]


def _solve(target, slope, offset):
    """Solves a + slope * tanh(a + offset) = target for a, for slope > -1; differentiable in all arguments."""

    def error(a, target, slope, offset):
        return a + slope * tf.tanh(a + offset) - target

    fixed = [tf.stop_gradient(each) for each in (target, slope, offset)]
    low, high = fixed[0] - tf.abs(fixed[1]), fixed[0] + tf.abs(fixed[1])

    def halve(number, low, high):
        middle = (low + high) / 2
        too_low = error(middle, *fixed) < 0
        return number + 1, tf.where(too_low, middle, low), tf.where(too_low, high, middle)

    start = (tf.constant(0), low, high)
    _, low, high = tf.while_loop(lambda number, *_: number < BISECTIONS, halve, start, maximum_iterations=BISECTIONS)
    root = tf.stop_gradient((low + high) / 2)
    steepness = tf.stop_gradient(1 + slope * (1 - tf.tanh(root + offset) ** 2))
    return root - error(root, target, slope, offset) / steepness  # a Newton step, which gives the implicit gradient
