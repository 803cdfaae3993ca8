"""The likelihood of examples with missing values."""

from collections.abc import Collection, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_event_shape
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.wrapped_likelihood import WrappedLikelihood
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import get_over, register

tfd = tfp.distributions


class PartlyObserved(tfd.Independent):
    """`tfd.Independent` with a `log_prob` that sums over the elements that are not NaN.

    NaN is replaced before the computation, so that gradients are finite.

    Args:
        distribution: distribution of the elements.
        reinterpreted_batch_ndims: as for `tfd.Independent`.
        fill_value: a value or an event of finite density, which replaces missing values.
    """

    def __init__(
        self,
        distribution: tfd.Distribution,
        reinterpreted_batch_ndims: int,
        fill_value: float | np.ndarray = 0.5,
        name: str = "PartlyObserved",
    ):
        super().__init__(distribution, reinterpreted_batch_ndims, name=name)
        self._fill_value = fill_value

    def __getitem__(self, slices: Any) -> "PartlyObserved":
        complete = tfd.Independent(self.distribution, self.reinterpreted_batch_ndims)[slices]
        return PartlyObserved(complete.distribution, complete.reinterpreted_batch_ndims, self._fill_value, self.name)

    def _log_prob(self, x, **kwargs):
        x = tf.convert_to_tensor(x)
        missing = tf.math.is_nan(x)
        elements = self.distribution.log_prob(tf.where(missing, tf.cast(self._fill_value, x.dtype), x), **kwargs)
        axes = range(-int(tf.get_static_value(self.reinterpreted_batch_ndims)), 0)
        return tf.reduce_sum(tf.where(missing, tf.zeros_like(elements), elements), axis=list(axes))


@register
class Masked(WrappedLikelihood):
    """The likelihood of the observed elements of an example; NaN marks missing elements.

    log p(x_observed | z) = sum over observed d of log p(x_d | z) is the exact marginal likelihood, because the elements
    of `base` are independent given z. In the input of the encoder, 0 replaces missing values. The distribution covers
    all elements, so its mean and its samples impute the missing values.

    Args:
        event_shape: shape of one event.
        base: likelihood of complete events: a `Likelihood` with independent elements, or a name, see `LIKELIHOODS`.

    Raises:
        InvalidInputError: if `base` is unknown, if its event shape differs, or if its elements are not independent.

    Example:

    >>> likelihood = Masked((4,), {"name": "normal_fixed"})
    >>> distribution = likelihood.distribution({"loc": tf.zeros((1, 4))})
    >>> round(float(distribution.log_prob([[0.0, np.nan, np.nan, 0.0]])[0]), 4)  # - log(2 pi)
    -1.8379

    References: Nazabal et al., 2020, https://arxiv.org/abs/1807.03653; Mattei & Frellsen, 2019,
    https://arxiv.org/abs/1812.02633
    """

    allows_missing = True

    def __init__(self, event_shape: tuple[int, ...], base: str | Mapping | Likelihood = "bernoulli", **kwargs: Any):
        from keras_vae.distributions import LIKELIHOODS

        event_shape = check_event_shape(type(self).__name__, event_shape)
        complete = get_over(base, LIKELIHOODS, Likelihood, event_shape, part="Masked: base")
        if isinstance(complete, Masked):
            raise InvalidInputError("Masked: expected a base that is not itself Masked; give the base of that one.")
        super().__init__(event_shape, project=complete.project, **kwargs)
        self.base = complete

    @property
    def parameters(self) -> Collection[str]:
        return self.base.parameters

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        return self.base.parameter_shapes

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        if not self.base.built:
            self.base.build(features_shape)
        zeros = {name: tf.zeros((1, *shape)) for name, shape in self.parameter_shapes.items()}
        distribution = self.base.distribution(zeros)
        if not hasattr(distribution, "reinterpreted_batch_ndims") or distribution.distribution.event_shape.rank:
            raise InvalidInputError(
                f"Masked: expected a base with independent elements, such as 'bernoulli'; got "
                f"{type(self.base).__name__}, whose distribution is {distribution.name}."
            )

    def call(self, features: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.base(features)

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        complete = self.base.distribution(parameters)
        return PartlyObserved(complete.distribution, complete.reinterpreted_batch_ndims, self.base.fill_value)

    def adapt(self, x: np.ndarray) -> None:
        """As `Likelihood.adapt`, with the mean of the observed values of each element, or 0 if there are none."""
        never_known = np.isnan(x).all(axis=0)
        self.base.adapt(np.ma.masked_invalid(np.where(never_known, np.float32(0), x)))

    @property
    def encoder_input_shape(self) -> tuple[int, ...]:
        return self.base.encoder_input_shape

    def encoder_input(self, x: tf.Tensor) -> tf.Tensor:
        x = self.base.encoder_input(x)
        return tf.where(tf.math.is_nan(x), tf.zeros_like(x), x)

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        return tf.math.is_nan(x) | super().in_support(x)

    def get_config(self):
        config = {**super().get_config(), "base": keras.saving.serialize_keras_object(self.base)}
        del config["project"]  # it belongs to the base
        return config
