"""A distribution over several levels of latent variables, each given the levels above it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.custom_distribution import CustomDistribution

if TYPE_CHECKING:
    from keras_vae.distributions.hierarchical_posterior import HierarchicalPosterior

tfd = tfp.distributions


class Step(NamedTuple):
    """One level of a walk from the top to the bottom."""

    state: Any  # before the level
    distribution: tfd.Distribution
    sample: tf.Tensor


class Walk(NamedTuple):
    """All levels of a sample, and the state after the last of them."""

    steps: list[Step]
    state: Any


class Levels(CustomDistribution):
    """A chain p(z_1) p(z_2 | z_1) p(z_3 | z_1, z_2) ..., with all levels concatenated in one vector.

    Args:
        path: the posterior, which has the layers between the levels.
        up: bottom-up features of examples by name, for the posterior.
        top: the distribution of the top level, for the prior. Exactly one of `up` and `top` is given.
    """

    def __init__(
        self,
        path: "HierarchicalPosterior",
        up: Mapping[str, tf.Tensor] | None = None,
        top: tfd.Distribution | None = None,
        name: str = "Levels",
    ):
        parameters = dict(locals())
        self.path, self.up, self.sizes = path, up, path.levels
        self.top = path.posterior_of_level(0, path.start(), up or {}) if top is None else top
        self._drawn: tuple[tf.Tensor | None, Walk | None] = (None, None)
        super().__init__(parameters, reparameterized=True, name=name)

    @property
    def sample_runs_network(self) -> bool:
        return self.path.draws_run_network

    def conditional(self, level: int, state: Any) -> tfd.Distribution:
        """Returns the distribution of a level, for the state before it."""
        if level == 0:
            return self.top
        if self.up is None:
            return self.path.prior_of_level(level, state)
        return self.path.posterior_of_level(level, state, self.up)

    def walk(self, choose: Callable[[tfd.Distribution, int], tf.Tensor]) -> Walk:
        """Goes from the top to the bottom.

        Args:
            choose: (distribution of the level, level) -> value of the level.
        """
        state, steps = self.path.start(), []
        for level in range(len(self.sizes)):
            conditional = self.conditional(level, state)
            z = choose(conditional, level)
            steps.append(Step(state, conditional, z))
            state = self.path.advance(level, state, z)
        return Walk(steps, state)

    def split(self, z: tf.Tensor) -> list[tf.Tensor]:
        """Splits a vector into its levels."""
        return tf.split(z, self.sizes, axis=-1)

    def walk_of(self, z: tf.Tensor) -> Walk:
        """Returns the levels of a sample: if it is the last one that this object has drawn, those of the draw.

        A tape that watches `z` afterwards does not see the levels of a draw as functions of it; use `along` there.
        """
        drawn, walk = self._drawn
        if walk is not None and drawn is z and walk.steps[0].sample.shape.rank == z.shape.rank:
            return walk
        levels = self.split(z)
        return self.walk(lambda _, level: levels[level])

    def along(self, z: tf.Tensor) -> list[tfd.Distribution]:
        """Returns the distribution of each level, given the levels of `z` above it."""
        levels = self.split(z)
        return [step.distribution for step in self.walk(lambda _, level: levels[level]).steps]

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample", **kwargs: Any) -> tf.Tensor:
        z = super().sample(sample_shape, seed=seed, name=name, **kwargs)
        self._drawn = (z, self._drawn[1])
        return z

    def _sample_n(self, n, seed=None):
        seeds = tfp.random.split_seed(seed, n=len(self.sizes))
        walk = self.walk(lambda conditional, level: conditional.sample(*([] if level else [n]), seed=seeds[level]))
        self._drawn = (None, walk)
        return tf.concat([step.sample for step in walk.steps], axis=-1)

    def _log_prob(self, z):
        pairs = zip(self.along(z), self.split(z), strict=True)
        return tf.add_n([conditional.log_prob(level) for conditional, level in pairs])

    def _of_means(self):
        return self.walk(lambda conditional, _: conditional.mean()).steps

    def _mean(self):
        return tf.concat([step.sample for step in self._of_means()], axis=-1)

    def _stddev(self):
        return tf.concat([step.distribution.stddev() for step in self._of_means()], axis=-1)

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
