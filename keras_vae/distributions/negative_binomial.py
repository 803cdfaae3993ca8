"""The negative binomial distribution with independent elements."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.distributions.poisson import CountLikelihood
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import register

tfd = tfp.distributions


class MixedPoisson(tfd.NegativeBinomial):
    """`tfd.NegativeBinomial` that samples Poisson variables with gamma-distributed rates, which XLA compiles."""

    def _sample_n(self, n, seed=None):
        rate_seed, count_seed = tfp.random.split_seed(seed, n=2)
        log_rate = tfd.ExpGamma(self.total_count, log_rate=-self.logits).sample(n, seed=rate_seed)
        return tfd.Poisson(log_rate=log_rate).sample(seed=count_seed)


@register
class NegativeBinomial(CountLikelihood):
    """Overdispersed counts with mean m and total count r per element; the variance is m + m^2 / r.

    log p(x) = sum log Gamma(x + r) / (Gamma(r) x!) + r log(r / (r + m)) + x log(m / (r + m)). It converges to `Poisson`
    as r grows. For values that are not integers, log Gamma(x + 1) replaces log x!; the value is then not a
    log-probability.

    Args:
        event_shape: shape of one event.
        dispersion: `"elementwise"` for an r per element from the network; `"shared"` for one learned r per element, the
            same for all examples (the dispersion per gene in scVI).
        min_total_count: lower bound of r, which keeps densities finite.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if `dispersion` or `min_total_count` is invalid.

    Example:

    >>> likelihood = NegativeBinomial((3,), dispersion="shared")
    >>> likelihood.distribution(likelihood(tf.ones((2, 8)))).batch_shape
    TensorShape([2])

    Reference: Lopez et al., 2018 (scVI), https://doi.org/10.1038/s41592-018-0229-2
    """

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        dispersion: str = "elementwise",
        min_total_count: float = 1e-4,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        if dispersion not in ("elementwise", "shared"):
            raise InvalidInputError(
                f"NegativeBinomial: dispersion must be 'elementwise' or 'shared'; got {dispersion!r}."
            )
        self.dispersion = dispersion
        self.min_total_count = check_number("NegativeBinomial: min_total_count", min_total_count, above=0)

    @property
    def parameters(self) -> tuple[str, ...]:
        return ("log_mean", "raw_total_count") if self.dispersion == "elementwise" else ("log_mean",)

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        super().build(features_shape)
        if self.dispersion == "shared":
            self.raw_total_count = self.add_weight(
                shape=self.event_shape, initializer=keras.initializers.Constant(1.0), name="raw_total_count"
            )

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        log_mean = parameters["log_mean"]
        raw = (
            parameters["raw_total_count"]
            if self.dispersion == "elementwise"
            else tf.broadcast_to(tf.convert_to_tensor(self.raw_total_count), tf.shape(log_mean))
        )
        total_count = tf.nn.softplus(raw) + self.min_total_count
        logits = log_mean - tf.math.log(total_count)
        return self.independent(MixedPoisson(total_count, logits=logits))

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {"log_mean": np.log(np.maximum(mean, 1e-3))}
