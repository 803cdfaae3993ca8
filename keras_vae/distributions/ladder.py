"""A hierarchical posterior with dense layers between its levels."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer
from keras_vae.distributions.hierarchical_posterior import HierarchicalPosterior, normal, positive
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import register

tfd = tfp.distributions

MERGES = ("concatenate", "precision", "residual")


@register
class Ladder(HierarchicalPosterior):
    """A hierarchical posterior with its hierarchical prior, and dense layers between the levels.

        q(z_1 | x) q(z_2 | z_1, x) ... and p(z_1) p(z_2 | z_1) ..., z_1 the top

    Both are top-down and share a deterministic path: h_l is a function of the levels above l, see
    `HierarchicalPosterior`. For maps of latents, see `SpatialLadder`.

    Args:
        event_shape: `(sum of levels,)`.
        levels: number of dimensions of each level, top first.
        merge: how the posterior of a level combines the bottom-up features d_l and the top-down features h_l:
            `"concatenate"`, a layer on both; `"precision"`, the product of the bottom-up normal and the prior
            p(z_l | h_l) (ladder VAE); `"residual"`, a shift and scale relative to the prior (NVAE), with
            h_l = h_(l-1) + f(h_(l-1), z).
        units: width of the layers between the levels.
        decode: input of the decoder: `"bottom"` for the last level, `"all"` for all levels.
        project: must be True.

    Raises:
        InvalidInputError: if an argument is out of range.

    Example:

    >>> ladder = Ladder((6,), levels=(2, 4))
    >>> ladder.distribution(ladder(tf.ones((3, 8)))).sample(5, seed=(0, 1)).shape
    TensorShape([5, 3, 6])

    References: Sonderby et al., 2016, https://arxiv.org/abs/1602.02282; top-down q: Kingma et al., 2016,
    https://arxiv.org/abs/1606.04934; Tomczak & Welling, 2018, https://arxiv.org/abs/1705.07120; residual: Vahdat &
    Kautz, 2020, https://arxiv.org/abs/2007.03898
    """

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        levels: Sequence[int],
        merge: str = "precision",
        units: int = 64,
        decode: str = "bottom",
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        if not isinstance(levels, (tuple, list)):
            raise InvalidInputError(f"Ladder: levels must be a sequence of sizes, such as (8, 16); got {levels!r}.")
        self.levels = tuple(check_integer("Ladder: levels", level) for level in levels)
        if len(self.levels) < 2 or self.event_shape != (sum(self.levels),):
            raise InvalidInputError(
                f"Ladder: expected two or more levels that add up to event_shape, such as levels=(8, 16) for (24,); "
                f"got levels={self.levels} for {self.event_shape}."
            )
        for name, value, choices in (("merge", merge, MERGES), ("decode", decode, ("bottom", "all"))):
            if value not in choices:
                raise InvalidInputError(f"Ladder: {name} must be one of {choices}; got {value!r}.")
        if not self.project:
            raise InvalidInputError("Ladder: it needs layers of its own; leave project=True.")
        self.merge = merge
        self.units = check_integer("Ladder: units", units)
        self.decode = decode

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(f"up_{level}" for level in range(len(self.levels)))

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: (self.units,) for name in self.parameters}

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        flat = math.prod(filter(None, features_shape[1:]))
        last = len(self.levels) - 1

        def dense(name, inputs, outputs, **options):
            layer = keras.layers.Dense(outputs, dtype="float32", name=name, **options)
            layer.build((None, inputs))
            return layer

        swish = {"activation": "swish"}
        self._up = [dense(f"up_{i}", flat if i == last else self.units, self.units, **swish) for i in range(last + 1)]
        self._down = [
            dense(f"down_{i}", self.levels[i - 1] + (0 if i == 1 else self.units), self.units, **swish)
            for i in range(1, last + 1)
        ]
        self._priors = [dense(f"prior_{i}", self.units, 2 * self.levels[i]) for i in range(1, last + 1)]
        both = self.merge != "precision"
        self._posteriors = [
            dense(f"posterior_{i}", self.units * (2 if i and both else 1), 2 * self.levels[i]) for i in range(last + 1)
        ]

    def call(self, features: tf.Tensor) -> dict[str, tf.Tensor]:
        features = keras.ops.cast(features, "float32")
        up = keras.ops.reshape(features, (-1, self._up[-1].kernel.shape[0]))
        parameters = {}
        for level in reversed(range(len(self.levels))):
            up = self._up[level](up)
            parameters[f"up_{level}"] = up
        return {name: parameters[name] for name in self.parameters}

    @property
    def decoder_input_shape(self) -> tuple[int, ...]:
        return self.event_shape if self.decode == "all" else self.levels[-1:]

    def decoder_input(self, z: tf.Tensor) -> tf.Tensor:
        return z if self.decode == "all" else z[..., -self.levels[-1] :]

    def start(self) -> None:
        return None  # nothing above the top

    def advance(self, level: int, state: tf.Tensor | None, z: tf.Tensor) -> tf.Tensor | None:
        """Returns h_(l+1), a function of the levels down to l."""
        if state is None:
            return _on_vectors(self._down[0], z)
        if level == len(self.levels) - 1:
            return state
        step = _on_vectors(self._down[level], tf.concat([state, z], axis=-1))
        return state + step if self.merge == "residual" else step

    def prior_of_level(self, level: int, state: tf.Tensor) -> tfd.Distribution:
        return normal(*_halves(_on_vectors(self._priors[level - 1], state)))

    def posterior_of_level(self, level: int, state: tf.Tensor | None, up: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        features = up[f"up_{level}"]
        if state is None:
            return normal(*_halves(self._posteriors[0](features)))
        if self.merge != "precision":
            features = tf.broadcast_to(features, tf.concat([tf.shape(state)[:-1], [self.units]], axis=0))
            loc, scale = _halves(self._posteriors[level](tf.concat([features, state], axis=-1)))
            if self.merge == "concatenate":
                return normal(loc, scale)
            prior_loc, prior_scale = _halves(_on_vectors(self._priors[level - 1], state))
            return normal(prior_loc + prior_scale * loc, prior_scale * scale)
        up_loc, up_scale = _halves(self._posteriors[level](features))
        prior_loc, prior_scale = _halves(_on_vectors(self._priors[level - 1], state))
        up_precision, prior_precision = up_scale**-2, prior_scale**-2
        precision = up_precision + prior_precision
        return normal((up_loc * up_precision + prior_loc * prior_precision) / precision, precision**-0.5)


def _on_vectors(layer: keras.layers.Layer, x: tf.Tensor) -> tf.Tensor:
    """Applies `layer` to vectors `(..., F)` with any number of leading axes, including none."""
    out = layer(tf.reshape(x, (-1, x.shape[-1])))
    return tf.reshape(out, tf.concat([tf.shape(x)[:-1], [out.shape[-1]]], axis=0))


def _halves(parameters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    loc, raw_scale = tf.split(parameters, 2, axis=-1)
    return loc, positive(raw_scale)
