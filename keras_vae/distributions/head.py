"""From the features of a network to the distribution they describe."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from keras import ops

from keras_vae.checks import check_event_shape
from keras_vae.errors import InvalidInputError
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.sublayers import changed_sublayers, restore_sublayers
from keras_vae.trace import Latent, Trace

tfd = tfp.distributions


class Head(Float32Layer):
    """Turns features into the parameters of a distribution over events of a fixed shape.

    The same class serves as posterior q(z | x) behind an encoder and as likelihood p(x | z) behind a decoder.
    `call` gives tensors, so a head may stand in a functional model; `distribution` gives the `tfd.Distribution`
    and must be called afresh in every step. A head computes in float32 whatever the dtype policy.

    Features of shape `(B, *event_shape[:-1], F)` are projected position by position (a 1x1 convolution on
    images); features of any other shape are flattened and projected densely.

    A new family names its `parameters` and builds its distribution:

        class Laplace(Head):
            parameters = ("loc", "raw_scale")

            def distribution(self, parameters):
                return self.independent(tfd.Laplace(parameters["loc"], tf.nn.softplus(parameters["raw_scale"])))

    A family whose parameters are not all shaped like the event also overrides `parameter_shapes`; one that lives
    elsewhere than on all real vectors names its `support`.

    Args:
        event_shape: shape of one event: `(D,)` for latent vectors, `(H, W, C)` for images.
        project: set it to False when the network already ends in the parameters, side by side in the last axis.
        sublayers: which layers inside are frozen or quantized, as `get_config` notes it.
    """

    parameters: tuple[str, ...] = ()
    """The names of the tensors that `call` gives, each of shape `(B, *parameter_shapes[name])`."""

    support = "real"
    """Where events lie: a posterior and a prior must agree on it. `"real"`, `"sphere"`, `"simplex"`, `"codes"`, ..."""

    allows_missing = False
    """As a likelihood: whether NaN may stand for a value that is not known."""

    expects = "finite numbers"
    """As a likelihood: what `in_support` asks of a value, for messages."""

    default_draw = "mean"
    """As a likelihood: what `sample` gives, `"mean"` for E[x | z] or `"sample"` for x ~ p(x | z)."""

    has_gradient_of_mean = True
    """As a likelihood: whether `mean()` can be differentiated."""

    has_density = True
    """Whether `log_prob` is a density, so that a KL divergence means something."""

    def __init__(self, event_shape, *, project: bool = True, sublayers: dict[str, Any] | None = None, **kwargs):
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
        """How many numbers of each parameter stand at one position of the event."""
        leading = len(self.event_shape) - 1
        return {name: math.prod(shape[leading:]) for name, shape in self.parameter_shapes.items()}

    def build(self, features_shape):
        event, channels = self.event_shape[:-1], sum(self._channels.values())
        self._pointwise = tuple(features_shape[1:-1]) == event
        if self.project:
            self._projection = keras.layers.Dense(
                channels if self._pointwise else math.prod(event) * channels, dtype="float32", name="projection"
            )
            self._projection.build(features_shape if self._pointwise else (None, math.prod(features_shape[1:])))
        elif tuple(features_shape[1:]) != (*event, channels):
            raise InvalidInputError(
                f"{type(self).__name__}(project=False): expected features of shape {(*event, channels)} "
                f"({', '.join(self.parameters)} side by side), got {tuple(features_shape[1:])}; "
                "change the network or leave project=True."
            )

    def build_from_config(self, config):
        super().build_from_config(config)
        restore_sublayers(self, self._sublayers)

    def call(self, features) -> dict[str, tf.Tensor]:
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

    def compute_output_shape(self, features_shape):
        return {name: (features_shape[0], *shape) for name, shape in self.parameter_shapes.items()}

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        """The distribution with these parameters, tensors of shape `(..., *parameter_shapes[name])`; batch `(...)`."""
        raise NotImplementedError

    def independent(self, distribution: tfd.Distribution) -> tfd.Distribution:
        """`distribution` with its elements taken together as one event, so `log_prob` sums over the event."""
        return tfd.Independent(distribution, reinterpreted_batch_ndims=len(self.event_shape))

    def adapt(self, x: np.ndarray) -> None:
        """Starts the distribution at the mean of the examples, which saves the network from learning that first.

        Sets the bias of the projection so that features of zero give that mean: element by element, or channel by
        channel where the projection is pointwise. Families without `parameters_of_mean`, and heads that do not
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

    @property
    def encoder_input_shape(self) -> tuple[int, ...]:
        """The shape in which an encoder sees an event; see `encoder_input`."""
        return self.event_shape

    def encoder_input(self, x: tf.Tensor) -> tf.Tensor:
        """What an encoder sees of events `(B, *event_shape)`, `(B, *encoder_input_shape)`; the events by default."""
        return x

    @property
    def prior_shape(self) -> tuple[int, ...]:
        """As a posterior: the event shape that the prior must have."""
        return self.event_shape

    def codes_of(self, prior: tfd.Distribution) -> tfd.Distribution:
        """As a posterior: the distribution of codes z that `prior`, over events of `prior_shape`, stands for."""
        return prior

    def check_prior(self, prior: keras.layers.Layer) -> None:
        """As a posterior: raises `InvalidInputError` if `prior`, a `Prior`, has other codes than its own."""

    @property
    def decoder_input_shape(self) -> tuple[int, ...]:
        """As a posterior: the shape in which a decoder sees a code; see `decoder_input`."""
        return self.event_shape

    def decoder_input(self, z: tf.Tensor) -> tf.Tensor:
        """As a posterior: what a decoder sees of codes `(N, *event_shape)`; the codes by default."""
        return z

    def latents(self, posterior: tfd.Distribution, prior: tfd.Distribution | None, z: tf.Tensor) -> tuple[Latent, ...]:
        """As a posterior: the levels of latent variables, top first; one by default."""
        return (Latent(posterior, prior, z),)

    def statistics(self, trace: Trace) -> dict[str, tf.Tensor]:
        """What `update` wants to know of a training batch: sums, which are added over replicas."""
        return {}

    def update(self, statistics: Mapping[str, tf.Tensor], seed: tf.Tensor) -> None:
        """Changes weights that no gradient trains, after each training batch; not called where the head is frozen."""

    def check_events(self, x: np.ndarray) -> None:
        """Raises `InvalidInputError` if `x`, `(N, *event_shape)`, cannot be explained for more than its range."""

    def check_support(self, low: float, high: float) -> None:
        """Raises `InvalidInputError` if values from `low` to `high` are not all in the distribution's support."""

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        """As a likelihood: which values of `x`, `(..., *event_shape)`, it can explain; every finite one by default.

        What `check_support` and `check_events` say of arrays, for tensors: it runs in every training step. A family
        over vectors answers for all values of a vector alike.

        Returns:
            bool, of the shape of `x` or, for a family over vectors, of length 1 in the last axis.
        """
        return tf.math.is_finite(x)

    def size_of(self, x: np.ndarray) -> float:
        """As a likelihood: the root mean square of examples in the units that it starts from, of the largest column.

        0 where the family does not start from units of about 1.
        """
        return 0.0

    @property
    def stand_in(self) -> float | np.ndarray:
        """As a likelihood: a value, or an event, of finite density, to take the place of one that cannot be used."""
        return 0.5

    def get_config(self):
        changed = changed_sublayers(self) if self.built else {}
        return {**super().get_config(), **changed, "event_shape": self.event_shape, "project": self.project}
