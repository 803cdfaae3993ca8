"""The prior over discrete codes as a distribution over vectors."""

from typing import TYPE_CHECKING

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.custom_distribution import CustomDistribution
from keras_vae.distributions.quantized import Quantized

if TYPE_CHECKING:
    from keras_vae.distributions.discrete_posterior import DiscretePosterior

tfd = tfp.distributions


class EmbeddedPrior(CustomDistribution):
    """The distribution of the vectors of codes with indices from `prior`; events are `(*positions, D)`.

    `log_prob` quantizes a vector to find its indices. With several levels, this greedy search may find other indices
    than the posterior; pass these as `indices`.

    Args:
        prior: a distribution over integers `(*positions, L)`, or `(*positions)` for a single level.
        posterior: the posterior, which maps indices to vectors and vectors to indices.
        indices: integers `(..., *positions, L)` that `log_prob` uses wherever their vectors are as near as those of the
            search. None uses only the search.

    Example:

    >>> quantizer = VectorQuantizer((3, 4), codebook_size=8)
    >>> quantizer.build((None, 16))
    >>> uniform = CategoricalPrior((3,), categories=8, learned=False).distribution()
    >>> EmbeddedPrior(uniform, quantizer).sample(5, seed=(0, 1)).shape
    TensorShape([5, 3, 4])
    """

    def __init__(
        self,
        prior: tfd.Distribution,
        posterior: "DiscretePosterior",
        indices: tf.Tensor | None = None,
        name: str = "EmbeddedPrior",
    ):
        parameters = dict(locals())
        self.prior, self.posterior, self.indices = prior, posterior, indices
        super().__init__(parameters, name=name)

    @property
    def sample_runs_network(self) -> bool:
        return getattr(self.prior, "sample_runs_network", False)

    def with_indices(self, indices: tf.Tensor) -> "EmbeddedPrior":
        """Returns the same prior, where `log_prob` prefers these `indices`."""
        return EmbeddedPrior(self.prior, self.posterior, indices)

    def log_prob_of_indices(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns the log-probability of integers `(..., *positions, L)`, in nats."""
        return self.prior.log_prob(indices[..., 0] if self.posterior.levels == 1 else indices)

    def _sample_n(self, n, seed=None):
        indices = self.prior.sample(n, seed=seed)
        return self.posterior.embed(indices[..., None] if self.posterior.levels == 1 else indices)

    def _log_prob(self, z):
        indices, entries = self.posterior.quantize_vectors(z)
        if self.indices is None:
            return self.log_prob_of_indices(indices)
        preferred = tf.broadcast_to(self.indices, tf.shape(indices))
        errors = [
            tf.reduce_sum((z - vectors) ** 2, axis=-1)
            for vectors in (self.posterior.embed(preferred), tf.add_n(list(entries)))
        ]
        return self.log_prob_of_indices(tf.where((errors[0] <= errors[1])[..., None], preferred, indices))

    def _batch_shape(self):
        return self.prior.batch_shape

    def _event_shape(self):
        return tf.TensorShape(self.posterior.event_shape)


@tfd.RegisterKL(Quantized, EmbeddedPrior)
def _kl_of_one_code(posterior, prior, name=None):
    """Returns the KL of a single code from the prior, -log p(code)."""
    return -prior.log_prob_of_indices(posterior.indices)
