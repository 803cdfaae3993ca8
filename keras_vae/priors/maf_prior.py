"""The masked autoregressive flow."""

from collections.abc import Sequence
from typing import Any

from keras_vae.layers.autoregressive_flow import AutoregressiveFlow
from keras_vae.priors.flow_prior import FlowPrior
from keras_vae.serialization import register


@register
class MAFPrior(FlowPrior):
    """Autoregressive steps between codes and normal noise, each in the order opposite to the one before.

        log p(z) = log N(f(z); 0, I) + log |det df/dz|,   f = f_K o ... o f_1,   see `AutoregressiveFlow` for one step

    The log-density takes one pass per step, a draw as many as a code has numbers: it is meant for short codes. It
    learns together with the model, or from the codes of a trained one: `MAFPrior.fit(codes)`.

    Args:
        event_shape: shape of one code; it is flattened within.
        flows: how many steps, K.
        units: width of each hidden layer of a step's MADE.
        activation: a Keras activation of these layers.
        seed: seed of the initial weights; drawn by Keras when None.

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
