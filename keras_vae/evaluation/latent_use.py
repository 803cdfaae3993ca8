"""How much the decoder depends on the latents, and on their noise."""

from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import pieces
from keras_vae.models import Autoencoder

LEAST_GAIN = 0.1
"""Nats per example that count as none: a seventh of a fair coin flip, which is 0.69."""


class LatentUse(NamedTuple):
    """What the latents and their noise change about log p(x | z), in nats per example.

    Attributes:
        gain: log p(x | z) for the latents of x, minus that for the latents of another example.
        gain_error: standard error of the gain.
        difference: root mean square of this difference. 0 if the decoder ignores its input.
        noise_cost: log p(x | z) at the mean of the posterior, minus that at a sample of it. In a VAE it is about half a
            nat for each dimension in use, and near 0 in a plain autoencoder; see `latent_use`.

    Example:

    >>> use = LatentUse(gain=12.0, gain_error=0.5, difference=15.0, noise_cost=0.9)
    >>> use.is_used, use.all_alike
    (True, False)
    """

    gain: float
    gain_error: float
    difference: float
    noise_cost: float

    @property
    def is_used(self) -> bool:
        """Whether the gain is clearly above 0: above two standard errors, and above `LEAST_GAIN`."""
        return self.gain > max(LEAST_GAIN, 2 * self.gain_error)

    @property
    def all_alike(self) -> bool:
        """Whether all latents decode alike: the difference is at most `LEAST_GAIN`."""
        return self.difference <= LEAST_GAIN


def latent_use(
    model: Autoencoder, x: np.ndarray, codes: Any, means: Any, *, condition: Any = None, seed: int = 0
) -> LatentUse:
    """Measures how much worse examples are explained by other latents, and by noisy ones.

    Where the ELBO with the weight b of the KL is at its maximum, its derivative by the scale s of each dimension of the
    posterior is 0. With a standard normal prior, and to second order in the noise,

        noise_cost = b / 2 sum_d (1 - s_d^2)

    whatever the units and the size of the data. An encoder that trained without a KL has no such cost, because nothing
    keeps its noise from vanishing.

    Args:
        model: the model.
        x: two or more examples `(N, *event_shape)`.
        codes: a sample of the posterior of each example, `(N, D)` or `(N, *latent_shape)`.
        means: its mean, of the same shape.
        condition: conditions of the examples, for a conditional model.
        seed: seed of the choice of the other examples.

    Raises:
        InvalidInputError: if there are fewer than two examples.

    Example:

    >>> model = zoo.vae((8, 8, 1), 2, units=(8,), seed=0)
    >>> x = np.random.default_rng(0).random((20, 8, 8, 1))
    >>> codes = model.encode(x).mean()
    >>> latent_use(model, x, codes, codes).noise_cost
    0.0

    Reference: Lucas, Tucker, Grosse & Norouzi, 2019, https://arxiv.org/abs/1911.02469 (the variances of a linear VAE at
    its optimum, and collapse)
    """
    if len(x) < 2:
        raise InvalidInputError(f"latent_use: expected two or more examples, got {len(x)}.")
    order = np.random.default_rng(check_seed(seed)).permutation(len(x))
    others = np.empty_like(order)
    others[order] = np.roll(order, 1)  # no example is its own other
    codes, means = (np.asarray(part).reshape(-1, *model.latent_shape) for part in (codes, means))

    def explained(latents: np.ndarray) -> np.ndarray:
        """Log p(x | z), `(N,)`."""
        found = []
        for rows in pieces(x):
            likelihood = model.decode(latents[rows], condition=None if condition is None else condition[rows])
            found.append(likelihood.log_prob(model.prepare(x[rows])).numpy())
        return np.concatenate(found).astype("float64")

    own = explained(codes)
    gain = own - explained(codes[others])
    return LatentUse(
        gain=float(gain.mean()),
        gain_error=float(gain.std() / np.sqrt(len(gain))),
        difference=float(np.sqrt(np.mean(gain**2))),
        noise_cost=float((explained(means) - own).mean()),
    )
