"""The base class of likelihoods."""

import math
from typing import Literal

import numpy as np
import tensorflow as tf

from keras_vae.distributions.distribution_layer import DistributionLayer
from keras_vae.errors import InvalidInputError, shortest

NUMBERS_AT_ONCE = 2**20
LEAST_SHARE = 0.01
"""The least variance of an element, as a share of the mean variance of its channel."""

LARGEST_SUMMED = 1e30
"""Sums of values up to this do not overflow float32."""


class Likelihood(DistributionLayer):
    """The base class of likelihoods p(x | z): maps the features of a decoder to a distribution over examples.

    A family over all real numbers overrides no member of this class. Other families define their support by `interval`
    or `in_support`, and `expects`. Families of counts may set `default_draw` to `"sample"`. See `DistributionLayer` for
    the parameters and the distribution.

    Example:

    >>> likelihood = Bernoulli((3,))
    >>> isinstance(likelihood, Likelihood), likelihood.in_support(tf.constant([0.0, 1.5, np.nan])).numpy().tolist()
    (True, [True, False, False])

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    interval = (-math.inf, math.inf)
    """The minimum and maximum of the values in the support, for a family of scalars."""

    expects = "finite numbers"
    """The values in the support, for messages."""

    advice = "rescale the data or use another likelihood"
    """What the user can do about other values, for messages."""

    takes_bytes = True
    """Whether the family supports uint8 data, which are divided by 255."""

    allows_missing = False
    """Whether examples may contain NaN for missing values."""

    default_draw: Literal["mean", "sample"] = "mean"
    """The output of `sample`: `"mean"` for E[x | z] or `"sample"` for x ~ p(x | z)."""

    has_gradient_of_mean = True
    """Whether `mean()` is differentiable."""

    @property
    def encoder_input_shape(self) -> tuple[int, ...]:
        """The input shape of the encoder, see `encoder_input`."""
        return self.event_shape

    def encoder_input(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the encoder input `(B, *encoder_input_shape)` of `(B, *event_shape)` events, by default the same."""
        return x

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        """Returns which values of `x`, `(..., *event_shape)`, are in the support; by default finite ones in `interval`.

        The ends of the interval are rounded to float32, as the values are. The method runs in every training step. For
        a family over vectors, the result is the same for all values of a vector.

        Returns:
            bool, with the shape of `x`; for a family over vectors, the length of the last axis is 1.
        """
        least, most = self.interval
        if math.isfinite(least) and math.isfinite(most):  # neither NaN nor infinity is between them
            return (x >= least) & (x <= most)
        inside = tf.math.is_finite(x)
        inside = inside & (x >= least) if math.isfinite(least) else inside
        return inside & (x <= most) if math.isfinite(most) else inside

    def examples_in_support(self, x: tf.Tensor) -> tf.Tensor:
        """Returns which examples of `x`, `(B, *event_shape)`, are in the support with all values, as bool `(B,)`."""
        least, most = self.interval
        if self._has_interval and max(-least, most) < LARGEST_SUMMED:
            # Three reductions take a third of the time of comparing each value. NaN is found by the sum, because some
            # devices ignore it in a minimum.
            values = tf.reshape(x, (-1, math.prod(self.event_shape)))
            low, high, total = (reduce(values, axis=1) for reduce in (tf.reduce_min, tf.reduce_max, tf.reduce_sum))
            return (low >= least) & (high <= most) & ~tf.math.is_nan(total)
        inside = self.in_support(x)
        return tf.reduce_all(inside, axis=list(range(1, inside.shape.rank)))

    @property
    def _has_interval(self):
        return type(self).in_support is Likelihood.in_support

    def refusal(self, value: str) -> str:
        """Returns the error message for a `value` that is not `in_support`."""
        return f"{type(self).__name__} likelihood: expected {self.expects}, got {value}; {self.advice}."

    def check_dtype(self, dtype: np.dtype) -> None:
        """Raises `InvalidInputError` for uint8 if the family does not support it, see `takes_bytes`."""
        if dtype == np.uint8 and not self.takes_bytes:
            raise InvalidInputError(
                f"{type(self).__name__} likelihood: expected numbers as they are, got uint8, which means 0..255 and is "
                "divided by 255; convert them with x.astype('float32')."
            )

    def refusal_of_range(self, low: float, high: float) -> str:
        """Returns the error message for values from `low` to `high`, some of which are not `in_support`."""
        return self.refusal(f"values in [{shortest(low)}, {shortest(high)}]")

    def has_range(self, low: float, high: float) -> bool:
        """Returns whether all numbers from `low` to `high` are in the support. False may mean that it is unknown."""
        least, most = (np.float32(end) for end in self.interval)
        return self._has_interval and bool(least <= np.float32(low) <= np.float32(high) <= most)

    def check_range(self, low: float, high: float) -> None:
        """Raises `InvalidInputError` if `low` or `high` is not in `interval`.

        For a family that overrides `in_support`, `check_events` checks the values instead.
        """
        if self._has_interval and not self.has_range(low, high):
            raise InvalidInputError(self.refusal_of_range(low, high))

    def check_events(self, x: np.ndarray) -> None:
        """Raises `InvalidInputError` if examples `x`, `(N, *event_shape)`, are not `in_support`; ignores NaN.

        For a family that does not override `in_support`, it checks only the dtype; `check_range` checks the values.
        """
        self.check_dtype(x.dtype)
        if self._has_interval:
            return
        size = max(1, NUMBERS_AT_ONCE // math.prod(x.shape[1:]))
        for first in range(0, len(x), size):
            rows = x[first : first + size].astype("float32") / np.float32(255 if x.dtype == np.uint8 else 1)
            inside = np.asarray(self.in_support(tf.constant(rows)))
            if inside.shape == rows.shape:
                inside = inside | np.isnan(rows)
            bad = ~inside.reshape(len(rows), -1).all(axis=1)
            if bad.any():
                row = int(np.argmax(bad))
                raise InvalidInputError(self.refusal(f"{_example(rows[row], inside[row])} at index {first + row}"))

    def scale_of(self, x: np.ndarray) -> float:
        """Returns the root mean square of examples `(N, *event_shape)` relative to the initial scale.

        Of a table, it is the maximum over the columns.

        The result is 0 for families whose initial scale is not about 1.
        """
        return 0.0

    @property
    def fill_value(self) -> float | np.ndarray:
        """Returns a value or an event of finite density, which replaces invalid ones."""
        return 0.5

    def adapt(self, x: np.ndarray) -> None:
        """Initialises the distribution with the mean of the examples, so that the network need not learn it.

        The method sets the bias of the projection so that zero features give this mean: per element, or per channel for
        a pointwise projection. For families with a location, it also scales the kernel: features of variance 1 then
        give locations with the standard deviation of the examples. A learned scale becomes half of this deviation.
        Families without `parameters_of_mean` and layers that do not project do not change.

        Args:
            x: examples `(N, *event_shape)`, in the units of the distribution.

        Reference: Burda, Grosse & Salakhutdinov, 2016, whose code does this, https://arxiv.org/abs/1509.00519
        """
        if not self.project:
            return
        axes = tuple(range(x.ndim - 1)) if self._pointwise else 0
        mean = x.mean(axis=axes, dtype="float64")  # a sum in float32 stops to grow at 2^24
        parameters = self.parameters_of_mean(mean.astype("float32"))
        bias = self._projection.bias.numpy().reshape(*(() if self._pointwise else self.event_shape[:-1]), -1)
        first = 0
        for name, channels in self._channels.items():
            if name in parameters:
                bias[..., first : first + channels] = parameters[name].reshape(*bias.shape[:-1], channels)
            first += channels
        self._projection.bias.assign(bias.reshape(-1))
        if "loc" in parameters and len(x) > 1:  # one example has no spread
            self._adapt_spread(x, mean.astype("float32"))

    def _adapt_spread(self, x, mean):
        axes = tuple(range(x.ndim - mean.ndim))
        rows = max(1, NUMBERS_AT_ONCE // math.prod(x.shape[1:]))
        squares = [((x[i : i + rows] - mean) ** 2).sum(axis=axes, dtype="float64") for i in range(0, len(x), rows)]
        variance = np.ma.filled(np.ma.asarray(sum(squares)), 0.0) / np.maximum(np.ma.count(x, axis=axes), 1)
        if not variance.any():
            return
        of_channel = variance.mean(axis=tuple(range(variance.ndim - 1)))
        variance = np.maximum(variance, LEAST_SHARE * of_channel)
        spread = np.sqrt(np.where(variance > 0, variance, variance.mean()))
        channels, kernel = self._channels, self._projection.kernel.numpy()
        names = list(channels)
        first = sum(channels[name] for name in names[: names.index("loc")])
        columns = kernel.reshape(len(kernel), *mean.shape[:-1], -1)
        own = columns[..., first : first + channels["loc"]]
        copies = channels["loc"] // mean.shape[-1]  # of a mixture, with a location for each component
        sizes = np.sqrt(np.sum(own**2, axis=0))  # the standard deviations of the outputs
        own *= np.repeat(spread, copies, axis=-1) / np.where(sizes > 0, sizes, 1.0)
        self._projection.kernel.assign(columns.reshape(kernel.shape))
        self.set_scale(spread / 2)

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the parameters, by name, for a distribution of this mean; missing parameters are not changed.

        `mean` has the shape of the event, or `(C,)` for one position. The parameters have the same shape, followed by
        their additional axes.
        """
        return {}


def _example(event, inside):
    """Returns the invalid part of an event for messages: the first value or vector outside the support, or all."""
    by_value = inside.shape == event.shape and (event.shape[-1] == 1 or (inside != inside[..., :1]).any())
    if by_value:
        return f"{shortest(event[~inside][0])} in the example"
    if inside.ndim == event.ndim and inside.shape[:-1] == event.shape[:-1]:
        event = event[~inside[..., 0]][0]
    return np.array2string(event.reshape(-1), precision=9, threshold=6, separator=", ")
