"""The role of a distribution behind a decoder."""

import math
from typing import Literal

import numpy as np
import tensorflow as tf

from keras_vae.distributions.distribution_layer import DistributionLayer
from keras_vae.errors import InvalidInputError, shortest

NUMBERS_AT_ONCE = 2**20


class Likelihood(DistributionLayer):
    """p(x | z): from the features of a decoder to a distribution over examples.

    A family over all real numbers overrides nothing of this class. Another one says which values have a density
    (`interval` or `in_support`, and `expects`), and one of counts may set `default_draw` to `"sample"`. See
    `DistributionLayer` for the parameters and the distribution.

    Example:

    >>> likelihood = Bernoulli((3,))
    >>> isinstance(likelihood, Likelihood), likelihood.in_support(tf.constant([0.0, 1.5, np.nan])).numpy().tolist()
    (True, [True, False, False])

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    interval = (-math.inf, math.inf)
    """The least and the greatest value with a density, for a family of single values."""

    expects = "finite numbers"
    """What `in_support` requires of a value, for messages."""

    advice = "rescale the data or use another likelihood"
    """What to do about other values, for messages."""

    takes_bytes = True
    """Whether uint8 data, which are divided by 255, are examples."""

    allows_missing = False
    """Whether an example may hold NaN for a value that is not known."""

    default_draw: Literal["mean", "sample"] = "mean"
    """What `sample` returns, `"mean"` for E[x | z] or `"sample"` for x ~ p(x | z)."""

    has_gradient_of_mean = True
    """Whether `mean()` can be differentiated."""

    @property
    def encoder_input_shape(self) -> tuple[int, ...]:
        """The shape of one input of the encoder, see `encoder_input`."""
        return self.event_shape

    def encoder_input(self, x: tf.Tensor) -> tf.Tensor:
        """The input `(B, *encoder_input_shape)` of an encoder for events `(B, *event_shape)`; the events by default."""
        return x

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        """Which values of `x`, `(..., *event_shape)`, have a density; the finite ones in `interval` by default.

        The ends of the interval are rounded to float32, as the values are. It runs in every training step. A family
        over vectors answers for all values of a vector alike.

        Returns:
            bool, of the shape of `x` or, for a family over vectors, of length 1 in the last axis.
        """
        least, most = self.interval
        if math.isfinite(least) and math.isfinite(most):  # neither NaN nor infinity is between them
            return (x >= least) & (x <= most)
        inside = tf.math.is_finite(x)
        inside = inside & (x >= least) if math.isfinite(least) else inside
        return inside & (x <= most) if math.isfinite(most) else inside

    @property
    def _has_interval(self):
        return type(self).in_support is Likelihood.in_support

    def refusal(self, value: str) -> str:
        """The message about a `value` that is not `in_support`."""
        return f"{type(self).__name__} likelihood: expected {self.expects}, got {value}; {self.advice}."

    def check_dtype(self, dtype: np.dtype) -> None:
        """Raises `InvalidInputError` for uint8 if that would not be divided by 255, see `takes_bytes`."""
        if dtype == np.uint8 and not self.takes_bytes:
            raise InvalidInputError(
                f"{type(self).__name__} likelihood: expected numbers as they are, got uint8, which means 0..255 and is "
                "divided by 255; convert them with x.astype('float32')."
            )

    def refusal_of_range(self, low: float, high: float) -> str:
        """The message about values from `low` to `high`, some of which are not `in_support`."""
        return self.refusal(f"values in [{shortest(low)}, {shortest(high)}]")

    def check_range(self, low: float, high: float) -> None:
        """Raises `InvalidInputError` if `low` or `high` is not in `interval`.

        A family that overrides `in_support` has a rule of its own; `check_events` applies it.
        """
        least, most = (np.float32(end) for end in self.interval)
        if self._has_interval and not least <= np.float32(low) <= np.float32(high) <= most:
            raise InvalidInputError(self.refusal_of_range(low, high))

    def check_events(self, x: np.ndarray) -> None:
        """Raises `InvalidInputError` if examples `x`, `(N, *event_shape)`, are not `in_support`; NaN is not checked.

        A family that does not override `in_support` only has its dtype checked; `check_range` does the rest.
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
        """The root mean square of examples in the units that it starts from, of the largest column.

        0 where the family does not start from units of about 1.
        """
        return 0.0

    @property
    def fill_value(self) -> float | np.ndarray:
        """A value, or an event, of finite density, to take the place of one that cannot be used."""
        return 0.5

    def adapt(self, x: np.ndarray) -> None:
        """Starts the distribution at the mean of the examples, which saves the network from learning that first.

        Sets the bias of the projection so that features of zero give that mean: element by element, or channel by
        channel where the projection is pointwise. Families without `parameters_of_mean`, and layers that do not
        project, stay as they are.

        Args:
            x: examples `(N, *event_shape)`, in the units of the distribution.

        Reference: Burda, Grosse & Salakhutdinov, 2016, whose code does this, https://arxiv.org/abs/1509.00519
        """
        if not self.project:
            return
        axes = tuple(range(x.ndim - 1)) if self._pointwise else 0
        parameters = self.parameters_of_mean(x.mean(axis=axes))
        bias = self._projection.bias.numpy().reshape(*(() if self._pointwise else self.event_shape[:-1]), -1)
        first = 0
        for name, channels in self._channels.items():
            if name in parameters:
                bias[..., first : first + channels] = parameters[name].reshape(*bias.shape[:-1], channels)
            first += channels
        self._projection.bias.assign(bias.reshape(-1))

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        """The parameters, by name, that give the distribution this mean; those left out stay as they are.

        `mean` has the event's shape, or `(C,)` for one position of it; so have the parameters, with their own
        further axes.
        """
        return {}


def _example(event, inside):
    """What is wrong with an event, for messages: its first value or its first vector outside, or all of it."""
    by_value = inside.shape == event.shape and (event.shape[-1] == 1 or (inside != inside[..., :1]).any())
    if by_value:
        return f"{shortest(event[~inside][0])} in the example"
    if inside.ndim == event.ndim and inside.shape[:-1] == event.shape[:-1]:
        event = event[~inside[..., 0]][0]
    return np.array2string(event.reshape(-1), precision=9, threshold=6, separator=", ")
