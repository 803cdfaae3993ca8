"""Mixtures of many normals."""

import math

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


def mixture(logits: tf.Tensor, components: tfd.Distribution) -> tfd.Distribution:
    """Returns sum_k softmax(logits)_k p_k, a `NormalMixture` if the components are normals with independent elements.

    Args:
        logits: unnormalised log-weights, `(K,)`.
        components: distributions of batch shape `(K,)`.

    Example:

    >>> normals = tfd.Independent(tfd.Normal(tf.zeros((5, 2)), tf.ones((5, 2))), 1)
    >>> type(mixture(tf.zeros(5), normals)).__name__
    'NormalMixture'
    """
    normals = isinstance(components, tfd.Independent) and type(components.distribution) is tfd.Normal
    family = NormalMixture if normals and components.batch_shape.rank == 1 else tfd.MixtureSameFamily
    return family(tfd.Categorical(logits=logits), components)


class NormalMixture(tfd.MixtureSameFamily):
    """`tfd.MixtureSameFamily` of K normals with independent elements, where K may be large.

    All log-densities of N events of D elements are one matrix product, in float64 against cancellation; the base class
    makes N x K x D differences. A sample draws one normal, where the base class draws from all K of them.

    The components are `tfd.Independent(tfd.Normal(loc, scale))` of batch shape `(K,)`; the event has all other axes.
    """

    def _per_mixture_component_log_prob(self, x):
        # -(x - m)^2 / 2 s^2 = x^2 (-1 / 2 s^2) + x (m / s^2) - m^2 / 2 s^2
        loc, scale, logits, x = (
            tf.cast(value, tf.float64) for value in (*self._flat_parameters(), self.mixture_distribution.logits, x)
        )
        precision = 1.0 / tf.square(scale)
        constants = -tf.reduce_sum(0.5 * precision * tf.square(loc) + tf.math.log(scale), axis=-1)
        constants += tf.nn.log_softmax(logits) - loc.shape[-1] / 2 * math.log(2 * math.pi)
        batch = tf.shape(x)[: x.shape.rank - self.event_shape.rank]
        x = tf.reshape(x, (-1, loc.shape[-1]))
        of_x = tf.concat([tf.square(x), x], axis=-1)  # (N, 2 D)
        of_components = tf.concat([-0.5 * precision, precision * loc], axis=-1)  # (K, 2 D)
        log_probs = tf.matmul(of_x, of_components, transpose_b=True) + constants
        return tf.reshape(log_probs, tf.concat([batch, tf.shape(constants)], axis=0))

    def _log_prob(self, x):
        return tf.cast(tf.reduce_logsumexp(self._per_mixture_component_log_prob(x), axis=-1), self.dtype)

    def _sample_n(self, n, seed):
        seed, of_mixture = tfp.random.split_seed(seed, n=2, salt="NormalMixture")
        chosen = self.mixture_distribution.sample(n, seed=of_mixture)
        loc, scale = (tf.gather(parameter, chosen) for parameter in self._flat_parameters())
        draws = loc + scale * tf.random.stateless_normal(tf.shape(loc), seed, dtype=self.dtype)
        return tf.reshape(draws, tf.concat([[n], self.event_shape], axis=0))

    def _flat_parameters(self):
        """The locations and scales, `(K, D)` each."""
        normals = self.components_distribution.distribution
        shape = (-1, math.prod(self.event_shape))
        loc, scale = tf.broadcast_to(normals.loc, normals.batch_shape_tensor()), normals.scale
        return tf.reshape(loc, shape), tf.reshape(tf.broadcast_to(scale, tf.shape(loc)), shape)
