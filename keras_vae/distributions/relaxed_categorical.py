"""The relaxed categorical distribution: codes that are nearly one-hot, with gradients."""

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
    """The relaxed one-hot categorical on the simplex itself, whose draws keep away from 0.

    A point nearer to 0 than a draw can be counts as such a draw, so that every density is finite. `mean()` is the
    vector of probabilities, softmax(logits), which does not depend on the temperature.
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
    """K-way choices, relaxed to the simplex: z = softmax((logits + g) / temperature), g standard Gumbel noise.

    log q(z) = log G(K) + (K - 1) log t + sum_k (logits_k - (t + 1) log z_k) - K log sum_k exp(logits_k) z_k^-t, in
    nats, with the temperature t and the gamma function G; summed over the leading axes of the event. A low
    temperature gives nearly one-hot codes whose gradients vary much. There is no closed-form KL; use
    `KL(estimator="monte_carlo")` with `RelaxedCategoricalPrior`.

    The distribution's `mean()` is softmax(logits), the probabilities of the choices. Elements under 1e-30 are raised
    to it: beyond about 69 nats of log z, the Monte Carlo KL is an underestimate.

    Args:
        event_shape: `(K,)`, or `(N, K)` for N choices; K >= 2 in the last axis.
        temperature: a positive number, or a `keras.optimizers.schedules.LearningRateSchedule` of the number of
            training steps, such as `ExponentialDecay(1.0, 1000, 0.5)`, that stays positive.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if there is only one class, or the temperature (of the first step) is not positive.

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
    """Raises `InvalidInputError` if there is no choice in the last axis."""
    if event_shape[-1] < 2:
        raise InvalidInputError(f"{part}: expected K >= 2 classes in the last axis of event_shape, got {event_shape}.")


def choices(distribution: tfd.Distribution, event_shape: tuple[int, ...]) -> tfd.Distribution:
    """`distribution` over the last axis, with the leading axes of the event taken together."""
    leading = len(event_shape) - 1
    return tfd.Independent(distribution, reinterpreted_batch_ndims=leading) if leading else distribution
