"""A hierarchical posterior over maps of latents, with convolutions between its levels."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf
import tensorflow_probability as tfp
from keras import ops

from keras_vae.checks import check_integer
from keras_vae.distributions.hierarchical_posterior import HierarchicalPosterior, normal, positive
from keras_vae.errors import InvalidInputError
from keras_vae.layers import Bottleneck
from keras_vae.serialization import register
from keras_vae.widths import check_widths, halved

tfd = tfp.distributions


class _State(NamedTuple):
    path: tf.Tensor  # h, (..., h, w, filters)
    loc: tf.Tensor | None = None  # of the prior of the next level, (..., h, w, channels); None at the top and the end
    scale: tf.Tensor | None = None
    features: tf.Tensor | None = None  # what the prior network adds to the path, (..., h, w, filters)


@register
class SpatialLadder(HierarchicalPosterior):
    """A deep hierarchy of latent maps, from the lowest resolution to the highest.

        p(z_l | z_<l) = N(mu_l, sigma_l^2),  q(z_l | z_<l, x) = N(mu_l + sigma_l dmu_l, (sigma_l dsigma_l)^2)
        h <- h + features_l(h) + W_l z_l;  h <- h + block_l(h);  h <- upsampled(h) where the resolution changes

    mu, sigma and the features are functions of the path h, the changes dmu and dsigma also of the bottom-up features of
    x at that resolution. They start at zero and one, so that the KL of all levels starts at zero. The top level has the
    prior of the model, and its posterior is not relative to it. The decoder gets the path after the last level, so that
    it needs no more than to draw the image at full resolution.

    Args:
        event_shape: `(n,)`, the number of latents of all levels, see `sizes_of`.
        grid: `(h, w)` of the maps at the highest resolution. The encoder returns maps of this size, and the decoder
            takes them, with `filters` channels.
        blocks: number of levels at each resolution, lowest first. Each resolution but the last has half the height and
            width of the following one, rounded up.
        channels: number of channels of each latent map.
        filters: number of channels of the path and of the bottom-up features.
        project: must be True.

    Raises:
        InvalidInputError: if an argument is out of range, or if the grid cannot be halved that often.

    Example:

    >>> SpatialLadder.sizes_of((7, 7), (1, 2), channels=2)
    (32, 98, 98)
    >>> ladder = SpatialLadder((228,), grid=(7, 7), blocks=(1, 2), channels=2, filters=8)
    >>> posterior = ladder.distribution(ladder(tf.ones((3, 7, 7, 16))))
    >>> posterior.sample(5, seed=(0, 1)).shape, ladder.decoder_input_shape
    (TensorShape([5, 3, 228]), (7, 7, 8))

    References: Child, 2021, https://arxiv.org/abs/2011.10650; the residual normal distribution: Vahdat & Kautz, 2020,
    https://arxiv.org/abs/2007.03898
    """

    draws_run_network = True

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        grid: Sequence[int],
        blocks: Sequence[int],
        channels: int = 8,
        filters: int = 64,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self.grid = check_widths("SpatialLadder: grid", grid)
        self.blocks = check_widths("SpatialLadder: blocks", blocks)
        self.channels = check_integer("SpatialLadder: channels", channels)
        self.filters = check_integer("SpatialLadder: filters", filters)
        self.levels = self.sizes_of(self.grid, self.blocks, channels=self.channels)
        if self.event_shape != (sum(self.levels),):
            raise InvalidInputError(
                f"SpatialLadder: expected event_shape {(sum(self.levels),)}, the number of latents of "
                f"grid={self.grid}, blocks={self.blocks} and channels={self.channels}; got {self.event_shape}."
            )
        if not self.project:
            raise InvalidInputError("SpatialLadder: it needs layers of its own; leave project=True.")
        self._grids = _grids(self.grid, self.blocks)
        self._resolutions = [r for r, count in enumerate(self.blocks) for _ in range(count)]  # of each level

    @staticmethod
    def sizes_of(grid: Sequence[int], blocks: Sequence[int], *, channels: int = 8) -> tuple[int, ...]:
        """Returns the number of latents of each level, top first.

        Args:
            grid: see `SpatialLadder`.
            blocks: see `SpatialLadder`.
            channels: see `SpatialLadder`.

        Raises:
            InvalidInputError: if a size is not an integer >= 1.
        """
        grids = _grids(check_widths("SpatialLadder: grid", grid), check_widths("SpatialLadder: blocks", blocks))
        return tuple(
            math.prod(size) * channels for size, count in zip(grids, blocks, strict=True) for _ in range(count)
        )

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(f"up_{resolution}" for resolution in range(len(self.blocks)))

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: (*grid, self.filters) for name, grid in zip(self.parameters, self._grids, strict=True)}

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        if tuple(features_shape[1:-1]) != self.grid:
            raise InvalidInputError(
                f"SpatialLadder: expected features of an encoder of shape {(*self.grid, 'c')}, got "
                f"{tuple(features_shape[1:])}; change the grid or the network."
            )
        f, c, count = self.filters, self.channels, len(self.levels)
        width, gain = max(f // 2, 1), count**-0.5  # the sum of `count` blocks starts as wide as one of them
        maps = [(None, *self._grids[resolution]) for resolution in self._resolutions]

        def block(name, grid, inputs, outputs, gain):
            layer = Bottleneck(outputs, width=width, gain=gain, dtype=self.dtype_policy, name=name)
            layer.build((*grid, inputs))
            return layer

        def pointwise(name, inputs, scale=1.0):
            initializer = keras.initializers.VarianceScaling(scale, "fan_avg")
            layer = keras.layers.Dense(f, kernel_initializer=initializer, dtype="float32", name=name)
            layer.build((None, inputs))
            return layer

        self._first = pointwise("first", features_shape[-1])
        self._up = [
            block(f"up_{r}_{i}", (None, *grid), f, f, gain)
            for r, grid in enumerate(self._grids)
            for i in range(self.blocks[r])
        ]
        self._start = self.add_weight(
            name="start", shape=(*self._grids[0], f), initializer="zeros", dtype="float32", autocast=False
        )
        self._priors = [block(f"prior_{i}", maps[i], f, 2 * c + f, 0.0) for i in range(1, count)]
        self._posteriors = [block(f"posterior_{i}", maps[i], 2 * f, 2 * c, 0.0) for i in range(count)]
        self._samples = [pointwise(f"sample_{i}", c, 1 / count) for i in range(count)]
        self._blocks = [block(f"block_{i}", maps[i], f, f, gain) for i in range(count)]

    def call(self, features: tf.Tensor) -> dict[str, tf.Tensor]:
        x = self._first(ops.cast(features, "float32"))
        parameters, layers = {}, list(self._up)
        for resolution in reversed(range(len(self.blocks))):
            if resolution < len(self.blocks) - 1:
                x = ops.average_pool(x, 2, strides=2, padding="same", data_format="channels_last")
            for _ in range(self.blocks[resolution]):
                x = x + ops.cast(layers.pop()(x), "float32")
            parameters[f"up_{resolution}"] = x
        return {name: parameters[name] for name in self.parameters}

    def start(self) -> _State:
        return _State(tf.convert_to_tensor(self._start))

    def advance(self, level: int, state: _State, z: tf.Tensor) -> _State:
        resolution = self._resolutions[level]
        grid, f = self._grids[resolution], self.filters
        z = tf.reshape(z, tf.concat([tf.shape(z)[:-1], [*grid, self.channels]], axis=0))
        path = state.path + _on_maps(self._samples[level], z, (*grid, self.channels))
        path = path if state.features is None else path + state.features
        path = path + _on_maps(self._blocks[level], path, (*grid, f))
        if level == len(self.levels) - 1:
            return _State(path)
        if self._resolutions[level + 1] > resolution:
            grid = self._grids[resolution + 1]
            path = _upsampled(path, grid)
        of_prior = _on_maps(self._priors[level], path, (*grid, f))
        loc, raw_scale, features = tf.split(of_prior, [self.channels, self.channels, f], axis=-1)
        return _State(path, loc, positive(raw_scale), features)

    def prior_of_level(self, level: int, state: _State) -> tfd.Distribution:
        return self._flat(level, state.loc, state.scale)

    def posterior_of_level(self, level: int, state: _State, up: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        resolution = self._resolutions[level]
        features = up[f"up_{resolution}"]
        shape = tf.broadcast_dynamic_shape(tf.shape(state.path), tf.shape(features))
        both = tf.concat([tf.broadcast_to(part, shape) for part in (features, state.path)], axis=-1)
        found = _on_maps(self._posteriors[level], both, (*self._grids[resolution], 2 * self.filters))
        loc, raw_scale = tf.split(found, 2, axis=-1)
        if state.loc is None:
            return self._flat(level, loc, positive(raw_scale))
        return self._flat(level, state.loc + state.scale * loc, state.scale * positive(raw_scale))

    def _flat(self, level, *maps):
        """Returns the normal distribution of the vectors of a level, for maps of its means and scales."""
        shapes = [tf.concat([tf.shape(each)[:-3], self.levels[level : level + 1]], axis=0) for each in maps]
        return normal(*(tf.reshape(each, shape) for each, shape in zip(maps, shapes, strict=True)))

    @property
    def decoder_input_shape(self) -> tuple[int, ...]:
        return (*self.grid, self.filters)

    def decoder_input(self, z: tf.Tensor) -> tf.Tensor:
        state = self.start()
        for level, each in enumerate(tf.split(z, self.levels, axis=-1)):
            state = self.advance(level, state, each)
        return state.path

    def decoder_input_of(self, posterior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
        return tf.reshape(posterior.walk_of(z).state.path, (-1, *self.decoder_input_shape))


def _grids(grid, blocks):
    """Returns the height and the width of each resolution, lowest first."""
    grids = halved(tuple(grid), len(blocks) - 1)[::-1]
    if len(grid) != 2 or len(set(grids)) < len(grids):
        raise InvalidInputError(
            "SpatialLadder: expected a grid (h, w) of which each resolution is smaller than the next; "
            f"got {tuple(grid)} with {len(blocks)} resolutions, {grids}; leave out some of the blocks {tuple(blocks)}."
        )
    return grids


def _on_maps(layer: keras.layers.Layer, x: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Applies `layer` to maps `(..., *shape)` with any number of leading axes, including none; returns float32."""
    out = tf.cast(layer(tf.reshape(x, (-1, *shape))), tf.float32)
    return tf.reshape(out, tf.concat([tf.shape(x)[:-3], out.shape[1:]], axis=0))


def _upsampled(x: tf.Tensor, size: tuple[int, ...]) -> tf.Tensor:
    """Doubles the height and the width of maps `(..., h, w, c)` by repetition, and crops them to `size`."""
    x = tf.repeat(tf.repeat(x, 2, axis=-3), 2, axis=-2)
    return x[..., : size[0], : size[1], :]
