"""From the features of a network to a distribution."""

import itertools
import math
from collections.abc import Collection, Mapping
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp
from keras import ops

from keras_vae.checks import check_event_shape
from keras_vae.errors import InvalidInputError
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.sublayers import restore_sublayers
from keras_vae.trace import Trace

tfd = tfp.distributions


class DistributionLayer(Float32Layer):
    """Turns features into the parameters of a distribution over events of a fixed shape.

    `call` returns tensors, so the layer works in a functional model. `distribution` builds the `tfd.Distribution` of
    these tensors; call it afresh in every step. The layer computes in float32 whatever the dtype policy.

    A family derives from one of the two roles, or from both: `Posterior`, q(z | x) behind an encoder, and
    `Likelihood`, p(x | z) behind a decoder. It names its `parameters` and builds its distribution:

        @kv.register
        class Gumbel(Posterior, Likelihood):
            parameters = ("loc", "raw_scale")

            def distribution(self, parameters):
                return self.independent(tfd.Gumbel(parameters["loc"], tf.nn.softplus(parameters["raw_scale"])))

    Override `parameter_shapes` where parameters do not have the shape of the event.

    Features of shape `(B, *event_shape[:-1], F)` are projected position by position (a 1x1 convolution on
    images). Features of any other shape are flattened and projected densely.

    Args:
        event_shape: shape of one event: `(D,)` for latent vectors, `(H, W, C)` for images.
        project: False if the network already ends in the parameters, side by side in the last axis.
        sublayers: which layers inside are frozen or quantized, as `get_config` writes it.
    """

    parameters: Collection[str] = ()
    """The names of the tensors that `call` returns, each of shape `(B, *parameter_shapes[name])`."""

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
        self.project = project

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter without the batch axis; each begins with `event_shape[:-1]`."""
        return {name: self.event_shape for name in self.parameters}

    @property
    def _channels(self) -> dict[str, int]:
        """The number of values of each parameter at one position of the event."""
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

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        """The distribution with these parameters, tensors of shape `(..., *parameter_shapes[name])`; batch `(...)`."""
        raise NotImplementedError

    def independent(self, distribution: tfd.Distribution) -> tfd.Distribution:
        """`distribution` with its elements taken together as one event, so `log_prob` sums over the event."""
        return tfd.Independent(distribution, reinterpreted_batch_ndims=len(self.event_shape))

    def statistics(self, trace: Trace) -> dict[str, tf.Tensor]:
        """What `update` needs of a training batch: sums, which are added over replicas."""
        return {}

    def update(self, statistics: Mapping[str, tf.Tensor], seed: tf.Tensor) -> None:
        """Changes weights that no gradient trains, after each training batch; not called for a frozen layer."""
