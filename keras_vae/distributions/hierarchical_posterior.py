"""The base class of posteriors with several levels of latent variables."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.levels import Levels
from keras_vae.distributions.posterior import Posterior
from keras_vae.trace import Latent

tfd = tfp.distributions


class HierarchicalPosterior(Posterior):
    """A posterior with several levels of latent variables, and their prior.

        q(z_1 | x) q(z_2 | z_1, x) ... and p(z_1) p(z_2 | z_1) ..., z_1 the top

    Both go from the top to the bottom. The prior of the model is the prior of the top level. The latent vector
    concatenates all levels, top first. `mean` and `stddev` of the posterior are those along the path of means.

    A subclass sets `levels`, the length of each level, top first, and defines `start`, `advance`, `prior_of_level` and
    `posterior_of_level`. Its parameters are the bottom-up features of the examples. A state may have any leading axes,
    those of the samples.

    Example:

    >>> isinstance(Ladder((6,), levels=(2, 4)), kv.distributions.HierarchicalPosterior)
    True

    Reference: see `Ladder` and `SpatialLadder`.
    """

    levels: tuple[int, ...]

    draws_run_network = False
    """Whether a draw takes long enough that many of them should be one call, see `CustomDistribution`."""

    def start(self) -> Any:
        """Returns the state at the top: what a level needs to know of the levels above it."""
        raise NotImplementedError

    def advance(self, level: int, state: Any, z: tf.Tensor) -> Any:
        """Returns the state after a level with the sample `z` of shape `(..., levels[level])`."""
        raise NotImplementedError

    def prior_of_level(self, level: int, state: Any) -> tfd.Distribution:
        """Returns p(z_l | z_<l) of a level below the top, for the state before it."""
        raise NotImplementedError

    def posterior_of_level(self, level: int, state: Any, up: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        """Returns q(z_l | z_<l, x), for the state before the level and the parameters, the features of x."""
        raise NotImplementedError

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> Levels:
        return Levels(self, up=dict(parameters))

    @property
    def prior_shape(self) -> tuple[int, ...]:
        return (self.levels[0],)

    def latent_prior(self, prior: tfd.Distribution) -> Levels:
        return Levels(self, top=prior)

    def latents(self, posterior: Levels, prior: Levels | None, z: tf.Tensor) -> tuple[Latent, ...]:
        return tuple(
            Latent(step.distribution, None if prior is None else prior.conditional(level, step.state), step.sample)
            for level, step in enumerate(posterior.walk_of(z).steps)
        )


def normal(loc: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
    """Returns a diagonal normal distribution of vectors."""
    return tfd.Independent(tfd.Normal(loc, scale), 1)


def positive(raw_scale: tf.Tensor) -> tf.Tensor:
    """Returns scales of at least 1e-4; 0 becomes 1."""
    return tf.nn.softplus(raw_scale + 0.5413) + 1e-4
