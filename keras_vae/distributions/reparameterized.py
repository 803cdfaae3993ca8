"""Reparameterised families of TensorFlow Probability by name."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.posterior import Posterior
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import get, register

tfd = tfp.distributions

MARGIN = 1e-4

CONSTRAINTS = {
    "real": tf.identity,
    "positive": lambda raw: tf.nn.softplus(raw) + MARGIN,
    "unit": lambda raw: MARGIN + (1 - 2 * MARGIN) * tf.sigmoid(raw),
    "simplex": tf.nn.softmax,
}
"""The maps from the outputs of the network to constrained parameters."""

FAMILIES = {
    name: family
    for name, family in vars(tfd).items()
    if isinstance(family, type) and issubclass(family, tfd.Distribution) and "Deterministic" not in name
}

LOWER_DIMENSIONAL = {
    "Dirichlet": "simplex",
    "ExpRelaxedOneHotCategorical": "log_simplex",
    "PowerSpherical": "sphere",
    "RelaxedOneHotCategorical": "simplex",
    "VonMisesFisher": "sphere",
}
"""The support of families over a lower-dimensional set."""


@register
class Reparameterized(Posterior, Likelihood):
    """A reparameterised family of TensorFlow Probability, with independent elements.

    x ~ tfd.F(parameters) for every element of the event, or for every vector if F is a family over vectors. `log_prob`
    sums over the event, in nats. A constraint maps the output of the network to a parameter: `"real"` is the identity;
    `"positive"` is softplus(raw) + 1e-4; `"unit"` is a sigmoid with values in (1e-4, 1 - 1e-4); `"simplex"` is a
    softmax over the last axis.

    For a pair of families without a closed-form KL, use `KL(estimator="monte_carlo")`.

    Args:
        event_shape: shape of one event.
        family: name of a class in `tfp.distributions`.
        parameters: name -> constraint of each parameter from the network.
        fixed: name -> value of each constant parameter.
        support: support of the family, see `Posterior`, which the prior must share. None uses the sphere or simplex for
            families over it, and `"real"` otherwise.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: for an unknown family, parameter or constraint, for a support that the family does not have,
            for invalid parameters, or for a family that is not reparameterised.

    Example:

    >>> posterior = Reparameterized((2,), "Gumbel", {"loc": "real", "scale": "positive"})
    >>> posterior.distribution(posterior(tf.ones((3, 8)))).sample(seed=(1, 2)).shape
    TensorShape([3, 2])

    Reference: Figurnov, Mohamed & Mnih, 2018, https://arxiv.org/abs/1805.08498
    """

    parameters: dict[str, str]

    def __init__(
        self,
        event_shape: tuple[int, ...],
        family: str,
        parameters: Mapping[str, str],
        *,
        fixed: Mapping[str, Any] | None = None,
        support: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self._part = f"Reparameterized {family}"
        self._family = get(family, FAMILIES, part="family of tfp.distributions")
        all_parameters = self._known_parameters()
        if not isinstance(parameters, Mapping) or not parameters:
            raise InvalidInputError(
                f"{self._part}: expected parameters such as {{'loc': 'real'}}, one or more; got {parameters!r}."
            )
        if fixed is not None and not isinstance(fixed, Mapping):
            raise InvalidInputError(f"{self._part}: expected fixed such as {{'low': 0.0}}; got {fixed!r}.")
        for name in (*parameters, *(fixed or {})):
            get(name, all_parameters, part=f"parameter of {family}")
        for constraint in parameters.values():
            get(constraint, CONSTRAINTS, part="constraint")
        both = sorted(set(parameters) & set(fixed or {}))
        if both:
            raise InvalidInputError(f"{self._part}: {both} cannot be both given by the network and fixed; choose.")
        self.family = family
        self.parameters = {name: parameters[name] for name in all_parameters if name in parameters}
        self.fixed = dict(fixed or {})
        self.support = LOWER_DIMENSIONAL.get(family, "real") if support is None else support
        if self.support != LOWER_DIMENSIONAL.get(family, self.support):
            raise InvalidInputError(
                f"{self._part}: its events are on the {LOWER_DIMENSIONAL[family]}; got support={support!r}, "
                f"give support={LOWER_DIMENSIONAL[family]!r}."
            )
        self._shapes = {name: self._shape_of(all_parameters[name]) for name in self.parameters}
        self._check()

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        return dict(self._shapes)

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        constrained = {name: CONSTRAINTS[constraint](parameters[name]) for name, constraint in self.parameters.items()}
        constants = {name: tf.constant(value, tf.float32) for name, value in self.fixed.items()}
        distribution = self._family(**constrained, **constants)
        leading = len(self.event_shape) - distribution.event_shape.rank
        return tfd.Independent(distribution, reinterpreted_batch_ndims=leading) if leading else distribution

    @property
    def expects(self) -> str:
        return "values of finite density"

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        distribution = self._at_zero()
        if not isinstance(distribution, tfd.Independent) or distribution.distribution.event_shape.rank:
            axes = range(-distribution.event_shape.rank, 0)
            density = distribution.log_prob(x)[(..., *[tf.newaxis] * len(self.event_shape))]
            return tf.reduce_all(tf.math.is_finite(x), axis=list(axes), keepdims=True) & tf.math.is_finite(density)
        elements = distribution.distribution
        from_real_line = elements.experimental_default_event_space_bijector()
        inside = True if from_real_line is None else ~tf.math.is_nan(from_real_line.inverse(x))
        density = elements.log_prob(x)
        return inside & tf.math.is_finite(x) & ~tf.math.is_nan(density) & (density < float("inf"))

    @property
    def fill_value(self) -> np.ndarray:
        return self._fill_value

    @cached_property
    def _fill_value(self):
        with tf.init_scope():  # only once, not in every step
            return self._at_zero().sample(seed=(0, 0)).numpy()

    def _known_parameters(self):
        try:
            return self._family.parameter_properties(dtype=tf.float32)
        except NotImplementedError as error:
            raise InvalidInputError(
                f"{self._part}: expected a family that is made of tensors; choose one such as 'Gumbel'."
            ) from error

    def _shape_of(self, properties):
        try:
            shape = properties.shape_fn(tf.TensorShape(self.event_shape))
            return tuple(int(size) for size in shape)
        except (NotImplementedError, TypeError, ValueError) as error:
            raise InvalidInputError(
                f"{self._part}: a parameter of it has no known shape for events of shape {self.event_shape}; "
                "write a DistributionLayer of its own for it."
            ) from error

    def _at_zero(self):
        """Returns the distribution for zero outputs of the network."""
        return self.distribution({name: tf.zeros(shape) for name, shape in self.parameter_shapes.items()})

    def _check(self):
        try:
            distribution = self._at_zero()
            shape = tuple(distribution.batch_shape) + tuple(distribution.event_shape)
        except (TypeError, ValueError, NotImplementedError, tf.errors.InvalidArgumentError) as error:
            reason = str(error).strip().splitlines()[0]
            raise InvalidInputError(
                f"{self._part}: parameters {dict(self.parameters)} and fixed {dict(self.fixed)} do not make one: "
                f"{reason}"
            ) from error
        if shape != self.event_shape:
            raise InvalidInputError(f"{self._part}: expected events of shape {self.event_shape}, it makes {shape}.")
        if distribution.reparameterization_type != tfd.FULLY_REPARAMETERIZED:
            raise InvalidInputError(
                f"{self._part}: its draws carry no gradients; choose a reparameterised family, such as 'Gumbel'."
            )
