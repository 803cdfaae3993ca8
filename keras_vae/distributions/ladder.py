"""Hierarchical posteriors with several levels of latent variables."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer
from keras_vae.distributions.custom_distribution import CustomDistribution
from keras_vae.distributions.posterior import Posterior
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import register
from keras_vae.trace import Latent

tfd = tfp.distributions

MERGES = ("concatenate", "precision", "residual")


class Levels(CustomDistribution):
    """A chain p(z_1) p(z_2 | z_1) p(z_3 | z_1, z_2) ..., with all levels concatenated in one vector.

    Args:
        conditional: (level, samples of the levels above) -> distribution of the level.
        sizes: length of each level, top first.
    """

    def __init__(
        self,
        conditional: Callable[[int, list[tf.Tensor]], tfd.Distribution],
        sizes: Sequence[int],
        name: str = "Levels",
    ):
        parameters = dict(locals())
        self.conditional, self.sizes = conditional, tuple(sizes)
        self.top = conditional(0, [])
        super().__init__(parameters, reparameterized=True, name=name)

    def split(self, z: tf.Tensor) -> list[tf.Tensor]:
        """Splits a vector into its levels."""
        return tf.split(z, self.sizes, axis=-1)

    def along(self, z: tf.Tensor) -> list[tfd.Distribution]:
        """Returns the distribution of each level, given the levels of `z` above it."""
        levels = self.split(z)
        return [self.conditional(level, levels[:level]) for level in range(len(self.sizes))]

    def _walk(self, draw):
        levels = []
        for level in range(len(self.sizes)):
            levels.append(draw(self.conditional(level, levels), level))
        return tf.concat(levels, axis=-1)

    def _sample_n(self, n, seed=None):
        seeds = tfp.random.split_seed(seed, n=len(self.sizes))
        return self._walk(lambda conditional, level: conditional.sample(*([] if level else [n]), seed=seeds[level]))

    def _log_prob(self, z):
        pairs = zip(self.along(z), self.split(z), strict=True)
        return tf.add_n([conditional.log_prob(level) for conditional, level in pairs])

    def _mean(self):
        return self._walk(lambda conditional, _: conditional.mean())

    def _stddev(self):
        return tf.concat([conditional.stddev() for conditional in self.along(self._mean())], axis=-1)

    def _variance(self):
        return self._stddev() ** 2

    def _batch_shape(self):
        return self.top.batch_shape

    def _batch_shape_tensor(self, **_):
        return self.top.batch_shape_tensor()

    def _event_shape(self):
        return tf.TensorShape([sum(self.sizes)])

    def _event_shape_tensor(self, **_):
        return tf.constant([sum(self.sizes)])


class _LadderPosterior(Levels):
    def __init__(self, ladder, parameters):
        self.ladder, self.up = ladder, parameters
        super().__init__(lambda level, above: ladder.posterior_of_level(level, above, parameters), ladder.levels)

    def __getitem__(self, rows):
        return _LadderPosterior(self.ladder, {name: value[rows] for name, value in self.up.items()})


@register
class Ladder(Posterior):
    """A hierarchical posterior with its hierarchical prior.

        q(z_1 | x) q(z_2 | z_1, x) ... and p(z_1) p(z_2 | z_1) ..., z_1 the top

    Both are top-down and share a deterministic path: h_l is a function of the levels above l. The prior of the model is
    the prior of the top level. The latent vector concatenates all levels, top first. `mean` and `stddev` of the
    posterior are those along the path of means.

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

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> Levels:
        return _LadderPosterior(self, parameters)

    @property
    def prior_shape(self) -> tuple[int, ...]:
        return (self.levels[0],)

    def latent_prior(self, prior: tfd.Distribution) -> Levels:
        return Levels(lambda level, above: self._prior(above) if level else prior, self.levels)

    @property
    def decoder_input_shape(self) -> tuple[int, ...]:
        return self.event_shape if self.decode == "all" else self.levels[-1:]

    def decoder_input(self, z: tf.Tensor) -> tf.Tensor:
        return z if self.decode == "all" else z[..., -self.levels[-1] :]

    def latents(self, posterior: tfd.Distribution, prior: tfd.Distribution | None, z: tf.Tensor) -> tuple[Latent, ...]:
        priors = [None] * len(self.levels) if prior is None else prior.along(z)
        return tuple(map(Latent, posterior.along(z), priors, posterior.split(z)))

    def posterior_of_level(
        self, level: int, above: list[tf.Tensor], parameters: Mapping[str, tf.Tensor]
    ) -> tfd.Distribution:
        """Returns q(z_l | z_<l, x), from the samples of the levels above and the bottom-up features of x."""
        up = parameters[f"up_{level}"]
        if level == 0:
            return _normal(*_halves(self._posteriors[0](up)))
        down = self._from_above(above)
        if self.merge != "precision":
            up = tf.broadcast_to(up, tf.concat([tf.shape(down)[:-1], [self.units]], axis=0))
            loc, scale = _halves(self._posteriors[level](tf.concat([up, down], axis=-1)))
            if self.merge == "concatenate":
                return _normal(loc, scale)
            prior_loc, prior_scale = _halves(_on_vectors(self._priors[level - 1], down))
            return _normal(prior_loc + prior_scale * loc, prior_scale * scale)
        up_loc, up_scale = _halves(self._posteriors[level](up))
        prior_loc, prior_scale = _halves(_on_vectors(self._priors[level - 1], down))
        up_precision, prior_precision = up_scale**-2, prior_scale**-2
        precision = up_precision + prior_precision
        return _normal((up_loc * up_precision + prior_loc * prior_precision) / precision, precision**-0.5)

    def _prior(self, above: list[tf.Tensor]) -> tfd.Distribution:
        return _normal(*_halves(_on_vectors(self._priors[len(above) - 1], self._from_above(above))))

    def _from_above(self, above: list[tf.Tensor]) -> tf.Tensor:
        """Returns h_l, a function of the levels above l."""
        path = _on_vectors(self._down[0], above[0])
        for layer, z in zip(self._down[1:], above[1:], strict=False):
            step = _on_vectors(layer, tf.concat([path, z], axis=-1))
            path = path + step if self.merge == "residual" else step
        return path


def _on_vectors(layer: keras.layers.Layer, x: tf.Tensor) -> tf.Tensor:
    """Applies `layer` to vectors `(..., F)` with any number of leading axes, including none."""
    out = layer(tf.reshape(x, (-1, x.shape[-1])))
    return tf.reshape(out, tf.concat([tf.shape(x)[:-1], [out.shape[-1]]], axis=0))


def _halves(parameters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    loc, raw_scale = tf.split(parameters, 2, axis=-1)
    return loc, tf.nn.softplus(raw_scale + 0.5413) + 1e-4  # raw 0 is a scale of 1


def _normal(loc: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
    return tfd.Independent(tfd.Normal(loc, scale), 1)
