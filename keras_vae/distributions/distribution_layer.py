"""Layers from the features of a network to a distribution."""

import itertools
import math
from collections.abc import Collection, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from keras import ops

from keras_vae.checks import check_event_shape, check_flag
from keras_vae.errors import InvalidInputError
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.sublayers import restore_sublayers
from keras_vae.trace import Trace

tfd = tfp.distributions


class DistributionLayer(Float32Layer):
    """The base class of posteriors and likelihoods: maps features to the parameters of a distribution.

    `call` returns tensors, so the layer works in a functional model. `distribution` builds the `tfd.Distribution` from
    these tensors; call it in every step. The layer computes in float32 for any dtype policy.

    A family is a subclass of `Posterior`, q(z | x) for an encoder, of `Likelihood`, p(x | z) for a decoder, or of both.
    It names its `parameters` and builds its distribution. Override `parameter_shapes` if parameters do not have the
    shape of the event.

    Features of shape `(B, *event_shape[:-1], F)` are projected at each position (a 1x1 convolution for images).
    Features of any other shape are flattened and projected by a dense layer.

    Args:
        event_shape: shape of one event: `(D,)` for latent vectors, `(H, W, C)` for images.
        project: whether to project the features. False if the output of the network is already the parameters,
            concatenated along the last axis.
        sublayers: which sublayers are frozen or quantized, as in `get_config`.
        **kwargs: as for `keras.layers.Layer`.

    Raises:
        InvalidInputError: if `event_shape` is not a tuple of positive integers. `build` raises it if `project` is False
            and the features are not the parameters.

    Example:

    >>> @kv.register
    ... class Gumbel(kv.Posterior, kv.Likelihood):
    ...     '''A Gumbel distribution of each element.'''
    ...
    ...     parameters = ("loc", "raw_scale")
    ...
    ...     def distribution(self, parameters):
    ...         return self.independent(tfd.Gumbel(parameters["loc"], tf.nn.softplus(parameters["raw_scale"])))
    >>> layer = Gumbel((3,))
    >>> parameters = layer(tf.zeros((2, 5)))
    >>> {name: tuple(value.shape) for name, value in parameters.items()}
    {'loc': (2, 3), 'raw_scale': (2, 3)}
    >>> layer.distribution(parameters).log_prob(tf.zeros((2, 3))).shape
    TensorShape([2])
    """

    parameters: Collection[str] = ()
    """The names of the parameters that `call` returns, tensors of shape `(B, *parameter_shapes[name])`."""

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        project: bool = True,
        sublayers: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self._sublayers = sublayers
        self.event_shape = check_event_shape(type(self).__name__, event_shape)
        self.project = check_flag(f"{type(self).__name__}: project", project)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the parameters without the batch axis; each begins with `event_shape[:-1]`."""
        return {name: self.event_shape for name in self.parameters}

    @property
    def _channels(self) -> dict[str, int]:
        """Returns the number of values of each parameter at one position of the event."""
        leading = len(self.event_shape) - 1
        return {name: math.prod(shape[leading:]) for name, shape in self.parameter_shapes.items()}

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        event, channels = self.event_shape[:-1], sum(self._channels.values())
        self._pointwise = tuple(features_shape[1:-1]) == event
        if self.project:
            self._projection = keras.layers.Dense(
                channels if self._pointwise else math.prod(event) * channels, dtype="float32", name="projection"
            )
            self._projection.build(
                features_shape if self._pointwise else (None, math.prod(filter(None, features_shape[1:])))
            )
        elif tuple(features_shape[1:]) != (*event, channels):
            raise InvalidInputError(
                f"{type(self).__name__}(project=False): expected features of shape {(*event, channels)} "
                f"({', '.join(self.parameters)} side by side), got {tuple(features_shape[1:])}; "
                "change the network or leave project=True."
            )

    def build_from_config(self, config: dict[str, Any]) -> None:
        super().build_from_config(config)
        restore_sublayers(self, self._sublayers)

    def call(self, features: tf.Tensor) -> dict[str, tf.Tensor]:
        features = ops.cast(features, "float32")
        if self.project:
            if not self._pointwise:
                features = ops.reshape(features, (-1, self._projection.kernel.shape[0]))
            features = self._projection(features)
        sizes = list(self._channels.values())
        features = ops.reshape(features, (-1, *self.event_shape[:-1], sum(sizes)))
        ends = list(itertools.accumulate(sizes))[:-1]
        parts = ops.split(features, ends, axis=-1) if ends else [features]
        return {
            name: ops.reshape(part, (-1, *shape))
            for (name, shape), part in zip(self.parameter_shapes.items(), parts, strict=True)
        }

    def compute_output_shape(self, features_shape: tuple[int | None, ...]) -> dict[str, tuple[int | None, ...]]:
        return {name: (features_shape[0], *shape) for name, shape in self.parameter_shapes.items()}

    def pass_loc(self) -> None:
        """Sets the projection such that the leading features are the parameter `loc`, and other features do not matter.

        The biases stay. Use it only for a layer that projects and whose first parameter is `loc`.
        """
        size = next(iter(self._channels.values()))
        kernel = np.zeros(self._projection.kernel.shape, "float32")
        kernel[:size, :size] = np.eye(size)
        self._projection.kernel.assign(kernel)

    def set_scale(self, scale: np.ndarray | float) -> None:
        """Sets the learned scale, for features that have no effect on it; a layer without one does not change.

        Args:
            scale: one number, or one per channel of the event, `(C,)`.
        """

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        """Returns the distribution, batch shape `(...)`, for parameters of shape `(..., *parameter_shapes[name])`."""
        raise NotImplementedError

    def independent(self, distribution: tfd.Distribution) -> tfd.Distribution:
        """Returns `distribution` with the elements as one event, so that `log_prob` sums over the event."""
        return tfd.Independent(distribution, reinterpreted_batch_ndims=len(self.event_shape))

    def statistics(self, trace: Trace) -> dict[str, tf.Tensor]:
        """Returns the statistics of a training batch for `update`, as sums, which are added over replicas."""
        return {}

    def update(self, statistics: Mapping[str, tf.Tensor], seed: tf.Tensor) -> tf.Tensor | None:
        """Updates weights that are not trained by gradients, after each training batch, unless the layer is frozen.

        Returns:
            The number of codebook entries that it replaced, for the metric `restarts`; None without a codebook.
        """
