"""The relaxed categorical (Concrete, Gumbel-softmax) distribution."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from keras.optimizers.schedules import LearningRateSchedule

from keras_vae.checks import check_number
from keras_vae.distributions.arguments import is_one
from keras_vae.distributions.dirichlet import SMALLEST
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.posterior import Posterior
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import register

tfd = tfp.distributions


class Concrete(tfd.ExpRelaxedOneHotCategorical):
    """The relaxed one-hot categorical distribution on the simplex, with samples bounded away from 0.

    Points closer to 0 than the bound are clipped to it, so that every density is finite. `mean()` is the vector of
    probabilities, softmax(logits), which does not depend on the temperature.
    """

    def _sample_n(self, n, seed=None):
        return tf.maximum(tf.exp(super()._sample_n(n, seed)), SMALLEST)  # the sum stays 1 in float32

    def _log_prob(self, x):
        log_x = tf.math.log(tf.maximum(x, SMALLEST))
        return super()._log_prob(log_x) - tf.reduce_sum(log_x, axis=-1)

    def _mean(self):
        return tf.nn.softmax(self.logits)

    def _default_event_space_bijector(self):
        return tfp.bijectors.SoftmaxCentered()


@register
class RelaxedCategorical(Posterior, Likelihood):
    """Relaxed categorical variables: z = softmax((logits + g) / temperature) with standard Gumbel noise g.

    log q(z) = log G(K) + (K - 1) log t + sum_k (logits_k - (t + 1) log z_k) - K log sum_k exp(logits_k) z_k^-t, in
    nats, where t is the temperature and G the gamma function; it is summed over the leading axes of the event. A low
    temperature gives nearly one-hot samples with gradients of high variance. The KL has no closed form; use
    `KL(estimator="monte_carlo")` with `RelaxedCategoricalPrior`.

    `mean()` of the distribution is softmax(logits), the probabilities of the categories. Elements below 1e-30 are
    clipped to this value: for log z below about -69, the Monte Carlo KL is an underestimate.

    Args:
        event_shape: `(K,)`, or `(N, K)` for N variables, where K >= 2 is the number of categories.
        temperature: a positive number, or a positive `keras.optimizers.schedules.LearningRateSchedule` of the number of
            training steps, such as `ExponentialDecay(1.0, 1000, 0.5)`.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if there is only one category, or if the (initial) temperature is not positive.

    Example:

    >>> posterior = RelaxedCategorical((4, 10), temperature=0.5)
    >>> posterior.distribution(posterior(tf.ones((3, 8)))).sample(seed=(1, 2)).shape
    TensorShape([3, 4, 10])

    References: Jang, Gu & Poole, 2017, https://arxiv.org/abs/1611.01144; Maddison, Mnih & Teh, 2017,
    https://arxiv.org/abs/1611.00712
    """

    parameters = ("logits",)
    support = "simplex"
    expects = "proportions that sum to 1 over the last axis"
    advice = "rescale the data or use another likelihood"

    def __init__(self, event_shape: tuple[int, ...], *, temperature: float | LearningRateSchedule = 0.5, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        check_classes("RelaxedCategorical", self.event_shape)
        annealed = isinstance(temperature, LearningRateSchedule)
        first = float(temperature(0)) if annealed else temperature
        check_number("RelaxedCategorical: temperature", first, above=0)
        self.temperature = temperature

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        super().build(features_shape)
        if callable(self.temperature):
            self.step = self.add_weight(
                shape=(),
                initializer="zeros",
                dtype="int64",
                trainable=False,
                aggregation="only_first_replica",
                name="step",
            )

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        if callable(self.temperature):
            temperature = tf.cast(self.temperature(tf.convert_to_tensor(self.step)), tf.float32)
        else:
            temperature = tf.constant(self.temperature, tf.float32)
        return choices(Concrete(temperature, parameters["logits"]), self.event_shape)

    def update(self, statistics: Mapping[str, tf.Tensor], seed: tf.Tensor) -> None:
        if callable(self.temperature):
            self.step.assign_add(1)

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {"logits": np.log(np.maximum(mean, 1e-3))}

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        inside = tf.reduce_all((x >= 0.0) & (x <= 1.0), axis=-1, keepdims=True)
        return inside & is_one(tf.reduce_sum(x, axis=-1, keepdims=True))

    @property
    def fill_value(self) -> float:
        return 1.0 / self.event_shape[-1]


def check_classes(part: str, event_shape: tuple[int, ...]) -> None:
    """Raises `InvalidInputError` if the last axis has fewer than two categories."""
    if event_shape[-1] < 2:
        raise InvalidInputError(f"{part}: expected K >= 2 classes in the last axis of event_shape, got {event_shape}.")


def choices(distribution: tfd.Distribution, event_shape: tuple[int, ...]) -> tfd.Distribution:
    """Returns `distribution`, over the last axis, with the leading axes of the event as part of the event."""
    leading = len(event_shape) - 1
    return tfd.Independent(distribution, reinterpreted_batch_ndims=leading) if leading else distribution
