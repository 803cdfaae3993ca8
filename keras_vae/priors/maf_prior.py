"""The masked autoregressive flow."""

from collections.abc import Sequence
from typing import Any

from keras_vae.layers.autoregressive_flow import AutoregressiveFlow
from keras_vae.priors.flow_prior import FlowPrior
from keras_vae.serialization import register


@register
class MAFPrior(FlowPrior):
    """A masked autoregressive flow: autoregressive steps from latents to normal noise, in alternating order.

        log p(z) = log N(f(z); 0, I) + log |det df/dz|,   f = f_K o ... o f_1,   see `AutoregressiveFlow` for one step

    The log-density takes one pass per step, but sampling takes one pass per element of z, so use it for small latents.
    Train the prior with the model, or fit it to the latents of a trained model with `MAFPrior.fit`.

    Args:
        event_shape: shape of one latent; it is flattened internally.
        flows: number of steps, K.
        units: widths of the hidden layers of the MADE of a step.
        activation: Keras activation of these layers.
        seed: seed of the initial weights. None draws one.

    Raises:
        InvalidInputError: if a number is out of its range.

    Example:

    >>> p = MAFPrior((4,), units=(16,)).distribution()
    >>> p.log_prob(p.sample(3, seed=0)).shape
    TensorShape([3])

    Reference: Papamakarios, Pavlakou & Murray, 2017, https://arxiv.org/abs/1705.07057
    """

    def __init__(self, event_shape: tuple[int, ...], *, flows: int = 3, units: Sequence[int] = (64, 64), **kwargs: Any):
        super().__init__(event_shape, flows=flows, units=units, **kwargs)

    def make_step(self, number: int, seed: int | None) -> AutoregressiveFlow:
        return AutoregressiveFlow(
            self.dim,
            self.units,
            reverse=number % 2 == 1,
            activation=self.activation,
            seed=seed,
            name=f"step_{number}",
        )
