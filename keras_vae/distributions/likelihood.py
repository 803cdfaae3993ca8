"""The role of a distribution behind a decoder."""

import numpy as np
import tensorflow as tf

from keras_vae.distributions.distribution_layer import DistributionLayer


class Likelihood(DistributionLayer):
    """p(x | z): from the features of a decoder to a distribution over examples.

    A family over all real numbers overrides nothing of this class. Another one says which values it can explain
    (`in_support`, `expects`, `check_support`), and one of discrete values may set `default_draw` to `"sample"`. See
    `DistributionLayer` for the parameters and the distribution.

    Example:

    >>> likelihood = Bernoulli((3,))
    >>> isinstance(likelihood, Likelihood), likelihood.in_support(tf.constant([0.0, 1.5, np.nan])).numpy().tolist()
    (True, [True, False, False])

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    expects = "finite numbers"
    """What `in_support` requires of a value, for messages."""

    allows_missing = False
    """Whether an example may hold NaN for a value that is not known."""

    default_draw = "mean"
    """What `sample` returns, `"mean"` for E[x | z] or `"sample"` for x ~ p(x | z)."""

    has_gradient_of_mean = True
    """Whether `mean()` can be differentiated."""

    @property
    def encoder_input_shape(self) -> tuple[int, ...]:
        """The shape in which an encoder sees an event; see `encoder_input`."""
        return self.event_shape

    def encoder_input(self, x: tf.Tensor) -> tf.Tensor:
        """What an encoder sees of events `(B, *event_shape)`, `(B, *encoder_input_shape)`; the events by default."""
        return x

    def check_events(self, x: np.ndarray) -> None:
        """Raises `InvalidInputError` if `x`, `(N, *event_shape)`, cannot be explained for more than its range."""

    def check_support(self, low: float, high: float) -> None:
        """Raises `InvalidInputError` if values from `low` to `high` are not all in the distribution's support."""

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        """Which values of `x`, `(..., *event_shape)`, it can explain; every finite one by default.

        What `check_support` and `check_events` say of arrays, for tensors: it runs in every training step. A family
        over vectors answers for all values of a vector alike.

        Returns:
            bool, of the shape of `x` or, for a family over vectors, of length 1 in the last axis.
        """
        return tf.math.is_finite(x)

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
