"""The maximum mean discrepancy between latents and prior."""

from collections.abc import Sequence

import tensorflow as tf

from keras_vae.checks import check_flag, check_number
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.aggregate import codes_and_prior_draws, squared_distances
from keras_vae.objectives.objective import Term
from keras_vae.serialization import get, register
from keras_vae.trace import Trace

KERNELS = {
    "imq": lambda squared, width: width / (width + squared),
    "rbf": lambda squared, width: tf.exp(-squared / width),
}


@register
class MMD(Term):
    """Squared maximum mean discrepancy between the aggregate posterior and the prior; a batch statistic.

        MMD^2 = E k(z, z') + E k(p, p') - 2 E k(z, p)      k(u, v) = sum_b kernel_b(|u - v|^2)

    z and z' are the first latent samples of different examples; p and p' are prior samples. The value has no unit and
    is at most 2 per bandwidth. The kernels have the widths w_b = b 2 D scale^2, where 2 D scale^2 is the mean squared
    distance between two samples of N(0, scale^2 I).

        imq:  w_b / (w_b + |u - v|^2)        rbf:  exp(-|u - v|^2 / w_b)

    Args:
        kernel: `"imq"`, inverse multiquadratic, which has a gradient for latents far from the prior, or `"rbf"`.
        bandwidths: b, the bandwidths of the kernels in the sum.
        scale: standard deviation of a dimension of the prior.
        unbiased: whether to exclude the pairs of a sample with itself. The estimate is then unbiased, 0 in expectation
            for equal distributions, and may be negative; a batch of one gives only the third term. Otherwise, the
            estimate is never negative.
        name: see `Term`.

    Raises:
        InvalidInputError: if an argument is out of range; when called, for several levels of latent variables, or if
            there is no prior.

    Example:

    >>> print(NLL() + 10.0 * MMD())
    nll + 10 mmd

    References: Gretton et al., 2012, https://jmlr.org/papers/v13/gretton12a.html; in WAE: Tolstikhin et al., 2018,
    https://arxiv.org/abs/1711.01558; in InfoVAE: Zhao, Song & Ermon, 2019, https://arxiv.org/abs/1706.02262
    """

    needs_prior = True
    across_batch = True

    def __init__(
        self,
        kernel: str = "imq",
        *,
        bandwidths: Sequence[float] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
        scale: float = 1.0,
        unbiased: bool = True,
        name: str | None = None,
    ):
        super().__init__(name)
        get(kernel, KERNELS, part="kernel of MMD")
        if not isinstance(bandwidths, (tuple, list)) or not bandwidths:
            raise InvalidInputError(f"MMD: bandwidths must be one or more positive numbers; got {bandwidths!r}.")
        for width in bandwidths:
            check_number("MMD: bandwidths: each", width, above=0)
        check_number("MMD: scale", scale, above=0)
        self.kernel = kernel
        self.bandwidths = tuple(bandwidths)
        self.scale = scale
        self.unbiased = check_flag("MMD: unbiased", unbiased)

    def __call__(self, trace: Trace) -> tf.Tensor:
        codes, draws = codes_and_prior_draws(trace, self.seed(trace))
        return tf.fill(tf.shape(trace.x)[:1], self.between(codes, draws))

    def between(self, codes: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        """Returns the MMD^2 of two sets of points, `(B, D)` and `(C, D)`, a scalar."""
        within = self._mean_within(codes) + self._mean_within(draws)
        between = tf.reduce_mean(self._similarity(codes, draws))
        return within - 2.0 * between

    def _similarity(self, u, v):
        base = 2.0 * u.shape[1] * self.scale**2
        squared = squared_distances(u, v)
        return tf.add_n([KERNELS[self.kernel](squared, bandwidth * base) for bandwidth in self.bandwidths])

    def _mean_within(self, u):
        similarity, size = self._similarity(u, u), tf.cast(tf.shape(u)[0], tf.float32)
        if not self.unbiased:
            return tf.reduce_mean(similarity)
        pairs = tf.reduce_sum(similarity) - tf.linalg.trace(similarity)
        return tf.math.divide_no_nan(pairs, size * (size - 1.0))
