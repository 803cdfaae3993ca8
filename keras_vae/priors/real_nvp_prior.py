"""The RealNVP flow as a prior."""

from collections.abc import Sequence
from typing import Any

from keras_vae.layers.coupling import Coupling
from keras_vae.priors.flow_prior import FlowPrior
from keras_vae.serialization import register


@register
class RealNVPPrior(FlowPrior):
    """A RealNVP flow: affine couplings between latents and normal noise, with one pass per step in both directions.

        log p(z) = log N(f(z); 0, I) + log |det df/dz|,   f = f_K o ... o f_1,   see `Coupling` for one step

    Train the prior with the model, or fit it to the latents of a trained model with `RealNVPPrior.fit`.

    Args:
        event_shape: shape of one latent, with at least 2 elements; it is flattened internally.
        flows: number of couplings, K; consecutive couplings map alternate halves.
        units: widths of the hidden layers of a coupling.
        activation: Keras activation of these layers.
        seed: seed of the initial weights. None draws one.

    Raises:
        InvalidInputError: if a number is out of its range, or if a latent has one element.

    Example:

    >>> p = RealNVPPrior((4,), units=(16,)).distribution()
    >>> p.log_prob(p.sample(3, seed=0)).shape
    TensorShape([3])

    Reference: Dinh, Sohl-Dickstein & Bengio, 2017, https://arxiv.org/abs/1605.08803
    """

    def __init__(self, event_shape: tuple[int, ...], *, flows: int = 4, units: Sequence[int] = (64, 64), **kwargs: Any):
        super().__init__(event_shape, flows=flows, units=units, **kwargs)

    def make_step(self, number: int, seed: int | None) -> Coupling:
        return Coupling(
            self.dim,
            self.units,
            reverse=number % 2 == 1,
            activation=self.activation,
            seed=seed,
            name=f"step_{number}",
        )
