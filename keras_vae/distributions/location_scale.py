"""Location-scale families with independent elements."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number, is_number
from keras_vae.distributions.arguments import root_mean_square
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.posterior import Posterior
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import register

tfd = tfp.distributions


class LocationScale(Posterior, Likelihood):
    """The base class of location-scale families: x = loc + scale * e per element, with independent noise e.

    A subclass defines the distribution of the noise in `elements`.

    Args:
        event_shape: shape of one event.
        scale: `"elementwise"` for one scale per element from the network; `"shared"` for a single learned
            scale; or a positive number, the fixed scale.
        min_scale: lower bound of learned scales, which keeps densities finite.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if `scale` or `min_scale` is invalid.

    Example:

    >>> @kv.register
    ... class Gumbel(LocationScale):
    ...     'The Gumbel distribution per element.'
    ...
    ...     def elements(self, loc, scale):
    ...         return tfd.Gumbel(loc, scale)
    >>> Gumbel((2,), scale=1.0).distribution({"loc": tf.zeros((3, 2))}).log_prob([[0.0, 0.0]]).numpy().tolist()
    [-2.0, -2.0, -2.0]
    """

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        scale: float | str = "elementwise",
        min_scale: float = 1e-4,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        family = type(self).__name__
        if not (scale in ("elementwise", "shared") or (is_number(scale) and 0 < float(scale) < math.inf)):
            raise InvalidInputError(
                f"{family}: scale must be 'elementwise', 'shared' or a positive number; got {scale!r}."
            )
        self.scale = scale
        self.min_scale = check_number(f"{family}: min_scale", min_scale, above=0)

    @property
    def parameters(self) -> tuple[str, ...]:
        return ("loc", "raw_scale") if self.scale == "elementwise" else ("loc",)

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        super().build(features_shape)
        if self.scale == "shared":
            self.raw_scale = self.add_weight(shape=(), initializer=keras.initializers.Constant(-2.0), name="raw_scale")

    def elements(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of elements, for `loc` `(..., *event_shape)` and a `scale` that broadcasts to it."""
        raise NotImplementedError

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        if self.scale == "elementwise":
            scale = self._positive(parameters["raw_scale"])
        elif self.scale == "shared":
            scale = self._positive(tf.convert_to_tensor(self.raw_scale))
        else:
            scale = tf.constant(self.scale, tf.float32)
        return self.independent(self.elements(parameters["loc"], scale))

    def set_scale(self, scale: np.ndarray | float) -> None:
        scale = np.sqrt(np.mean(np.square(scale))) if self.scale == "shared" else np.asarray(scale, "float32")
        scale = np.maximum(scale - self.min_scale, 1e-6)
        raw = scale + np.log(-np.expm1(-scale))  # the inverse of softplus, without an overflow
        if self.scale == "shared":
            self.raw_scale.assign(raw)
        elif self.scale == "elementwise":
            bias = self._projection.bias.numpy()
            channels = self.event_shape[-1]
            bias.reshape(-1, 2 * channels)[:, channels:] = raw if raw.ndim < 2 else raw.reshape(-1, channels)
            self._projection.bias.assign(bias)

    def scale_of(self, x: np.ndarray) -> float:
        return root_mean_square(x)

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {"loc": mean}

    def _positive(self, raw):
        return tf.nn.softplus(raw) + self.min_scale


@register
class Laplace(LocationScale):
    """The Laplace distribution per element: log p(x) = sum -|x - loc| / scale - log(2 scale), in nats.

    As a likelihood of fixed scale s, it gives the absolute error |x - loc| / s, which is robust to outliers. As a
    posterior, it has no closed-form KL with a normal prior; use `KL(estimator="monte_carlo")`.

    Args:
        event_shape: shape of one event.
        scale: see `LocationScale`.
        min_scale: see `LocationScale`.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if an argument is out of range.

    Example:

    >>> posterior = Laplace((2,), scale=1.0)
    >>> posterior.distribution({"loc": tf.zeros((3, 2))}).log_prob([1.0, -1.0]).shape
    TensorShape([3])

    Reference: Kotz, Kozubowski & Podgorski, 2001, https://doi.org/10.1007/978-1-4612-0173-1
    """

    def elements(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
        return tfd.Laplace(loc, scale)


@register
class Logistic(LocationScale):
    """The logistic distribution per element: log p(x) = sum -e - 2 softplus(-e) - log scale, in nats.

    Here, e = (x - loc) / scale. Its tails resemble those of the Laplace distribution, and its centre resembles a normal
    distribution. As a posterior, it has no closed-form KL with a normal prior; use `KL(estimator="monte_carlo")`.

    Args:
        event_shape: shape of one event.
        scale: see `LocationScale`; the standard deviation is pi / sqrt(3) times the scale.
        min_scale: see `LocationScale`.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if an argument is out of range.

    Example:

    >>> posterior = Logistic((2,))
    >>> posterior.distribution(posterior(tf.ones((3, 8)))).event_shape
    TensorShape([2])

    Reference: Kingma et al., 2016, who use it as the likelihood, https://arxiv.org/abs/1606.04934
    """

    def elements(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
        return tfd.Logistic(loc, scale)


@register
class StudentT(LocationScale):
    """Student's t distribution per element, with tails like |x|^-(df + 1).

    log p(x) = sum log G((df + 1) / 2) - log G(df / 2) - log(df pi) / 2 - log scale
    - (df + 1) / 2 * log(1 + ((x - loc) / scale)^2 / df), in nats, where G is the gamma function.

    As a posterior, it has no closed-form KL with a normal prior; use `KL(estimator="monte_carlo")`.

    Args:
        event_shape: shape of one event.
        df: fixed degrees of freedom. The mean exists for df > 1, the variance for df > 2.
        scale: see `LocationScale`; the standard deviation is sqrt(df / (df - 2)) times the scale.
        min_scale: see `LocationScale`.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if an argument is out of range.

    Example:

    >>> posterior = StudentT((2,), df=3.0)
    >>> posterior.distribution(posterior(tf.ones((3, 8)))).sample(5, seed=(1, 2)).shape
    TensorShape([5, 3, 2])

    Reference: Takahashi et al., 2018, https://www.ijcai.org/proceedings/2018/374
    """

    def __init__(self, event_shape: tuple[int, ...], *, df: float = 5.0, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        self.df = check_number("StudentT: df", df, above=0)

    def elements(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
        return tfd.StudentT(tf.constant(self.df, tf.float32), loc, scale)
