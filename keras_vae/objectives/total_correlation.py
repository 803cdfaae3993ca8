"""The decomposition of the KL divergence: mutual information, total correlation and dimension-wise KL."""

import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.objectives.aggregate import ESTIMATORS, LogDensities, log_densities
from keras_vae.objectives.objective import Term
from keras_vae.serialization import get, register
from keras_vae.trace import Trace


class _PartOfKL(Term):
    """A difference of two estimated log-densities; see `log_densities`."""

    across_batch = True
    needs_density = True

    def __init__(self, dataset_size: int | None = None, *, estimator: str = "weighted", name: str | None = None):
        super().__init__(name)
        part = type(self).__name__
        if dataset_size is not None:
            dataset_size = check_integer(f"{part}: dataset_size", dataset_size)
        self.dataset_size = dataset_size
        self.estimator = get(estimator, dict.fromkeys(ESTIMATORS, estimator), part=f"estimator of {part}")

    def __call__(self, trace: Trace) -> tf.Tensor:
        return self.difference(log_densities(trace, self.dataset_size, self.estimator))

    def difference(self, log: LogDensities) -> tf.Tensor:
        raise NotImplementedError


@register
class MutualInformation(_PartOfKL):
    """The mutual information of latents and examples, log q(z | x) - log q(z); nats per example.

    It is the first part of KL(q(z | x) || p(z)) = MI + TC + dimension-wise KL. For any estimator, the sum of the three
    terms is the Monte Carlo estimate of the KL from the same samples. If each batch is the data set, the mean is at
    most log B.

    Args:
        dataset_size: N, the number of training examples. None uses each batch as the data set.
        estimator: of q(z) from the batch: `"weighted"`, 1 / (N B) sum_j q(z | x_j), which is too small by up to a
            factor of N, a constant without effect on the gradients; or `"stratified"`, whose weights depend on the
            example and whose expectation is q(z).
        name: see `Term`.

    Raises:
        InvalidInputError: if `dataset_size` or `estimator` is invalid; when called, for a posterior with dependent
            dimensions.

    Example:

    >>> print(NLL() + MutualInformation(60_000) + 6.0 * TotalCorrelation(60_000) + DimensionwiseKL(60_000))
    nll + mutual_information + 6 total_correlation + dimensionwise_kl

    Reference: Chen, Li, Grosse & Duvenaud, 2018, https://arxiv.org/abs/1802.04942
    """

    def difference(self, log: LogDensities) -> tf.Tensor:
        return log.conditional - log.aggregate


@register
class TotalCorrelation(_PartOfKL):
    """The total correlation of the aggregate posterior, log q(z) - sum_d log q(z_d); nats per example.

    The mean estimates KL(q(z) || prod_d q(z_d)), which is zero if and only if the dimensions are independent.

    Args:
        dataset_size: N, the number of training examples. None uses each batch as the data set.
        estimator: `"weighted"` or `"stratified"`, see `MutualInformation`.
        name: see `Term`.

    Raises:
        InvalidInputError: see `MutualInformation`.

    Example:

    >>> TotalCorrelation(60_000, estimator="stratified").name
    'total_correlation'

    Reference: Chen, Li, Grosse & Duvenaud, 2018, https://arxiv.org/abs/1802.04942
    """

    def difference(self, log: LogDensities) -> tf.Tensor:
        return log.aggregate - log.factorised


@register
class DimensionwiseKL(_PartOfKL):
    """The dimension-wise KL of the aggregate posterior from the prior, sum_d log q(z_d) - log p(z); nats per example.

    The mean estimates sum_d KL(q(z_d) || p(z_d)) for a prior with independent dimensions, and otherwise KL(q(z) ||
    p(z)) minus the total correlation.

    Args:
        dataset_size: N, the number of training examples. None uses each batch as the data set.
        estimator: `"weighted"` or `"stratified"`, see `MutualInformation`.
        name: see `Term`.

    Raises:
        InvalidInputError: see `MutualInformation`.

    Example:

    >>> DimensionwiseKL().get_config()
    {'dataset_size': None, 'estimator': 'weighted', 'name': 'dimensionwise_kl'}

    Reference: Chen, Li, Grosse & Duvenaud, 2018, https://arxiv.org/abs/1802.04942
    """

    def difference(self, log: LogDensities) -> tf.Tensor:
        return log.factorised - log.prior
