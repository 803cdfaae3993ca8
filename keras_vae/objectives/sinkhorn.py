"""Entropic optimal transport between latents and prior."""

import tensorflow as tf

from keras_vae.checks import check_integer, check_number
from keras_vae.objectives.aggregate import codes_and_prior_draws, squared_distances
from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


def optimal_transport(cost: tf.Tensor, epsilon: float, iterations: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Computes the entropic optimal transport between two sets of n points of equal mass.

        min_P  sum P_ij C_ij + epsilon KL(P || 1/n^2)        over P with rows and columns that each sum to 1/n

    The Sinkhorn iterations update the dual potentials in the log domain, with an epsilon that is halved in each
    iteration from the largest cost to its final value. The result is the dual value, a lower bound for any number of
    iterations. Its gradient with respect to the cost is the plan, without differentiation through the iterations.

    Args:
        cost: shape `(..., n, n)`.
        epsilon: weight of the entropy, in units of the cost.
        iterations: number of updates of each potential.

    Returns:
        The value, shape `(...)`, and the plan, shape `(..., n, n)`. Its columns sum to 1/n, its rows approximately.

    References: Cuturi, 2013, https://arxiv.org/abs/1306.0895; Feydy et al., 2019, https://arxiv.org/abs/1810.08278
    """
    fixed = tf.stop_gradient(cost)
    log_n = tf.math.log(tf.cast(tf.shape(cost)[-1], cost.dtype))
    largest = tf.reduce_max(fixed)

    def smallest(values, blur, axis):
        return blur * (log_n - tf.reduce_logsumexp(-values / blur, axis=axis))

    def update(step, f, g):
        blur = tf.maximum(epsilon, largest * 0.5 ** tf.cast(step, cost.dtype))
        f = smallest(fixed - g[..., tf.newaxis, :], blur, -1)
        return step + 1, f, smallest(fixed - f[..., tf.newaxis], blur, -2)

    start = tf.zeros_like(fixed[..., 0])
    _, f, g = tf.while_loop(lambda step, *_: step < iterations, update, (0, start, start))
    f, g = tf.stop_gradient(f), tf.stop_gradient(g)
    plan = tf.exp((f[..., tf.newaxis] + g[..., tf.newaxis, :] - cost) / epsilon - 2.0 * log_n)
    surplus = epsilon * (tf.reduce_sum(plan, axis=(-2, -1)) - 1.0)
    return tf.reduce_mean(f + g, axis=-1) - surplus, plan


@register
class Sinkhorn(Term):
    """Sinkhorn divergence between the aggregate posterior and the prior; a batch statistic.

        S(Q, P) = OT(Q, P) - OT(Q, Q) / 2 - OT(P, P) / 2

    OT is the entropic transport cost between the first latent sample of each example and the same number of prior
    samples, with the cost |z - p|^2, in squared units of the latent space. It converges to the squared 2-Wasserstein
    distance as epsilon tends to 0, and to the squared distance between the means as epsilon grows.

    Args:
        epsilon: weight of the entropy, in squared units of the latent space; the square of the distance below which
            points are not distinguished.
        iterations: iterations of the Sinkhorn algorithm. A smaller epsilon needs more.
        debiased: whether to subtract OT(Q, Q) / 2 and OT(P, P) / 2. Otherwise, the minimum is a shrunken aggregate
            posterior.
        name: see `Term`.

    Raises:
        InvalidInputError: if an argument is out of range; when called, for several levels of latent variables, or if
            there is no prior.

    Example:

    >>> print(NLL() + 10.0 * Sinkhorn(epsilon=0.5))
    nll + 10 sinkhorn

    References: Genevay, Peyre & Cuturi, 2018, https://arxiv.org/abs/1706.00292; Feydy et al., 2019,
    https://arxiv.org/abs/1810.08278; in autoencoders: Patrini et al., 2019, https://arxiv.org/abs/1810.01118
    """

    needs_prior = True
    across_batch = True

    def __init__(self, epsilon: float = 0.5, *, iterations: int = 50, debiased: bool = True, name: str | None = None):
        super().__init__(name)
        self.epsilon = check_number("Sinkhorn: epsilon", epsilon, above=0)
        self.iterations = check_integer("Sinkhorn: iterations", iterations)
        self.debiased = debiased

    def __call__(self, trace: Trace) -> tf.Tensor:
        codes, draws = codes_and_prior_draws(trace, self.seed(trace))
        pairs = [(codes, draws), (codes, codes), (draws, draws)] if self.debiased else [(codes, draws)]
        costs = tf.stack([squared_distances(u, v) for u, v in pairs])  # (1 or 3, B, B)
        values, _ = optimal_transport(costs, self.epsilon, self.iterations)
        weights = tf.constant([1.0, -0.5, -0.5][: len(pairs)])
        return tf.fill(tf.shape(trace.x)[:1], tf.reduce_sum(weights * values))
