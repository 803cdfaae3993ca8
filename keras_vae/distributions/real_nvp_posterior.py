"""The RealNVP flow as a posterior."""

from typing import Any

from keras_vae.distributions.flow_posterior import FlowPosterior
from keras_vae.errors import InvalidInputError
from keras_vae.layers.coupling import Coupling
from keras_vae.serialization import register


@register
class RealNVPPosterior(FlowPosterior):
    """The RealNVP flow: a normal u, followed by affine couplings that depend on the features; see `Coupling`.

        u ~ N(loc, scale^2),   z = f_K(... f_1(u; c) ...; c)

    Samples, and the log-density of any z, take one pass per step. The KL divergence has no closed form: use
    `KL(estimator="monte_carlo")` or `IWAE`. `mean()` is the image of loc, and `stddev()` an estimate; see
    `FlowDistribution`.

    Args:
        event_shape: `(D,)` with D >= 2.
        flows: number of couplings, K. Each maps the half that the previous one did not change.
        units: widths of the hidden layers of a coupling.
        activation: Keras activation of these layers.
        context_dim: length of the context c.
        min_scale: lower bound of the scale of u.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if the event is not a vector of at least two elements, or if a number is out of range.

    Example:

    >>> posterior = RealNVPPosterior((4,), units=(16,))
    >>> q = posterior.distribution(posterior(tf.ones((3, 8))))
    >>> q.log_prob(q.sample(5, seed=0)).shape
    TensorShape([5, 3])

    References: Rezende & Mohamed, 2015, https://arxiv.org/abs/1505.05770; Dinh, Sohl-Dickstein & Bengio, 2017,
    https://arxiv.org/abs/1605.08803
    """

    def __init__(self, event_shape: tuple[int, ...], *, flows: int = 4, **kwargs: Any):
        super().__init__(event_shape, flows=flows, **kwargs)
        if self.event_shape == (1,):
            raise InvalidInputError(
                "RealNVPPosterior: expected codes of at least 2 numbers, two halves to couple; got 1. "
                "Use a larger latent_dim, or the 'planar' posterior."
            )

    def make_step(self, number: int) -> Coupling:
        return Coupling(
            self.event_shape[0],
            self.units,
            reverse=number % 2 == 1,
            activation=self.activation,
            context_dim=self.context_dim,
            name=f"step_{number}",
        )
