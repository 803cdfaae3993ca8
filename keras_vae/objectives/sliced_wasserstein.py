"""The sliced Wasserstein distance between latents and prior."""

import tensorflow as tf

from keras_vae.checks import check_integer, check_number
from keras_vae.objectives.aggregate import codes_and_prior_draws
from keras_vae.objectives.objective import Term
from keras_vae.random import fold
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class SlicedWasserstein(Term):
    """Sliced p-Wasserstein distance between aggregate posterior and prior, to the power p; a batch statistic.

        E_theta 1/B sum_i |sort(theta . z)_i - sort(theta . p)_i|^p

    theta are random unit vectors, new in each step; z_i is the first latent sample of example i; p_i are prior samples.
    The unit is that of the latent space to the power p. For p = 2 and two sets of points that differ by a shift m, the
    value is |m|^2 / D.

    Args:
        projections: number of unit vectors.
        p: order of the distance, >= 1.
        name: see `Term`.

    Raises:
        InvalidInputError: if an argument is out of range; when called, for several levels of latent variables, or if
            there is no prior.

    Example:

    >>> print(NLL() + 10.0 * SlicedWasserstein(projections=100))
    nll + 10 sliced_wasserstein

    Reference: Kolouri, Pope, Martin & Rohde, 2019, https://arxiv.org/abs/1804.01947
    """

    needs_prior = True
    across_batch = True

    def __init__(self, projections: int = 50, *, p: float = 2.0, name: str | None = None):
        super().__init__(name)
        self.projections = check_integer("SlicedWasserstein: projections", projections)
        self.p = check_number("SlicedWasserstein: p", p, least=1)

    def __call__(self, trace: Trace) -> tf.Tensor:
        seed = self.seed(trace)
        codes, draws = codes_and_prior_draws(trace, fold(seed, 0))
        return tf.fill(tf.shape(trace.x)[:1], self.between(codes, draws, fold(seed, 1)))

    def between(self, codes: tf.Tensor, draws: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Returns the distance, to the power p, between two sets of points, `(B, D)` each; a scalar."""
        directions = tf.random.stateless_normal((self.projections, codes.shape[1]), seed)
        directions = tf.math.l2_normalize(directions, axis=1)
        quantiles, target = (
            tf.sort(tf.matmul(directions, points, transpose_b=True), axis=1)  # (projections, B)
            for points in (codes, draws)
        )
        return tf.reduce_mean(tf.abs(quantiles - target) ** self.p)
