"""The KL divergence in three parts: mutual information, total correlation, dimension-wise KL."""

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
    """The information of a code about its example: log q(z | x) - log q(z); nats per example.

    The first part of MI + TC + dimension-wise KL = KL(q(z | x) || p(z)), whose Monte Carlo estimate by the same
    draws is the sum of the three terms whatever the estimator. Of a batch taken as the data set, it is at most
    log B on average.

    Args:
        dataset_size: N, the number of training examples; None takes each batch as the data set.
        estimator: `"weighted"` or `"stratified"` sampling, see `log_densities`.
        name: see `Term`.

    Raises:
        InvalidInputError: if `dataset_size` or `estimator` is none of these; when called, for a posterior whose
            dimensions are not independent.

    Example:

    >>> print(NLL() + MutualInformation(60_000) + 6.0 * TotalCorrelation(60_000) + DimensionwiseKL(60_000))
    nll + mutual_information + 6 total_correlation + dimensionwise_kl

    Reference: Chen, Li, Grosse & Duvenaud, 2018, https://arxiv.org/abs/1802.04942
    """

    def difference(self, log: LogDensities) -> tf.Tensor:
        return log.conditional - log.aggregate


@register
class TotalCorrelation(_PartOfKL):
    """How far the aggregate posterior's dimensions are from independent: log q(z) - sum_d log q(z_d); nats per example.

    Its mean estimates KL(q(z) || prod_d q(z_d)), which is zero if and only if the dimensions are independent.

    Args:
        dataset_size: N, the number of training examples; None takes each batch as the data set.
        estimator: `"weighted"` or `"stratified"` sampling, see `log_densities`.
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
    """How far each dimension of q(z) is from the prior's: sum_d log q(z_d) - log p(z); nats per example.

    Its mean estimates sum_d KL(q(z_d) || p(z_d)) for a prior with independent dimensions; for any other,
    KL(q(z) || p(z)) less the total correlation.

    Args:
        dataset_size: N, the number of training examples; None takes each batch as the data set.
        estimator: `"weighted"` or `"stratified"` sampling, see `log_densities`.
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
