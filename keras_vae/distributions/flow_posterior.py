"""The base class of posteriors from normalizing flows."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_number
from keras_vae.distributions.arguments import check_vector
from keras_vae.distributions.flow_distribution import FlowDistribution
from keras_vae.distributions.posterior import Posterior
from keras_vae.layers.bijection import Bijection, check_units
from keras_vae.layers.flow import Flow

tfd = tfp.distributions


class FlowPosterior(Posterior):
    """The base class of flows: z = f_K(... f_1(u; c) ...; c) for u ~ N(loc, scale^2).

    The features give loc, scale and the context c. A subclass defines the step:

        class MyFlow(FlowPosterior):
            def make_step(self, number):
                return MyBijection(self.event_shape[0], self.units, context_dim=self.context_dim)

    The KL divergence has no closed form: use `KL(estimator="monte_carlo")` or `IWAE`. See `FlowDistribution` for
    `mean()` and `stddev()`.

    Args:
        event_shape: `(D,)`.
        flows: number of steps, K.
        units: widths of the hidden layers in a step.
        activation: Keras activation of these layers.
        context_dim: length of the context.
        min_scale: lower bound of the scale of u.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if the event is not a vector, or if a number is out of range.
    """

    parameters = ("loc", "raw_scale", "context")

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        flows: int = 2,
        units: Sequence[int] = (64,),
        activation: str = "relu",
        context_dim: int = 32,
        min_scale: float = 1e-4,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        check_vector(type(self).__name__, self.event_shape)
        self.flows = check_integer(f"{type(self).__name__}: flows", flows)
        self.units = check_units(type(self).__name__, units)
        self.activation = activation
        self.context_dim = check_integer(f"{type(self).__name__}: context_dim", context_dim)
        self.min_scale = check_number(f"{type(self).__name__}: min_scale", min_scale, above=0)

    def make_step(self, number: int) -> Bijection:
        """Returns the built map f_k for k = `number` + 1."""
        raise NotImplementedError

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"loc": self.event_shape, "raw_scale": self.event_shape, "context": (self.context_dim,)}

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        super().build(features_shape)
        self.flow = Flow([self.make_step(number) for number in range(self.flows)], name="flow")

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        scale = tf.nn.softplus(parameters["raw_scale"]) + self.min_scale
        return FlowDistribution(
            parameters["loc"], scale, self.flow.forward, self.flow.inverse, context=parameters["context"]
        )
