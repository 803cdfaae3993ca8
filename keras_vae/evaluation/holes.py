"""Holes: regions of the prior with hardly any latents."""

from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import check_integer, check_number, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.prior_gap import flat_points


class Holes(NamedTuple):
    """The share of samples from the prior in holes, by a density model of q(z).

    Attributes:
        share: fraction of samples from the prior whose density under q(z) is below the `quantile` of the latents. It
            equals `quantile` if q(z) is the prior, and 1 if the latents are elsewhere.
        held_out: the latents that are not in the fit of q(z), flattened, `(N', D)`.
        of_codes: log q(z) of the latents in `held_out`, nats, `(N',)`.
        of_draws: log q(z) of the samples from the prior, nats, `(M,)`.
        quantile: fraction of the latents in such regions.

    Example:

    >>> z = np.random.default_rng(0).normal(size=(2000, 2))
    >>> holes(z + 9.0, z).share
    1.0
    """

    share: float
    held_out: np.ndarray
    of_codes: np.ndarray
    of_draws: np.ndarray
    quantile: float


def holes(codes: Any, draws: Any, *, components: int = 20, quantile: float = 0.01, seed: int = 0) -> Holes:
    """Measures holes: regions of the prior with hardly any latents.

    A mixture of normals is fitted to half of the latents. The density of the mixture is then compared at the other half
    and at the samples from the prior.

    Args:
        codes: samples z ~ q(z | x), one per example, `(N, ...)`, at least 40.
        draws: samples z ~ p(z), `(M, ...)`.
        components: maximum number of normals; there are at least 20 latents for each.
        quantile: fraction of the latents that may be in a region that counts as a hole.
        seed: seed of the split and of the fit.

    Raises:
        InvalidInputError: if the widths differ, if there are fewer than 40 latents, or if `quantile` is not in (0, 1).

    Example:

    >>> rng = np.random.default_rng(0)
    >>> draws = rng.normal(size=(2000, 2))
    >>> ring = draws / np.linalg.norm(draws, axis=1, keepdims=True) * 2
    >>> holes(ring + 0.1 * rng.normal(size=ring.shape), draws).share > 0.5, holes(draws, draws).share < 0.05
    (True, True)

    Reference: Rosca, Lakshminarayanan & Mohamed, 2018, on such regions, https://arxiv.org/abs/1802.06847
    """
    from sklearn.mixture import GaussianMixture

    codes, draws = flat_points("codes", codes), flat_points("draws", draws)
    if codes.shape[1] != draws.shape[1] or len(codes) < 40:
        raise InvalidInputError(
            f"codes and draws: expected 40 or more codes, as wide as the draws; got {codes.shape} and {draws.shape}."
        )
    quantile = check_number("quantile", quantile, above=0, below=1)
    order = np.random.default_rng(check_seed(seed)).permutation(len(codes))
    fitted, held_out = codes[order[: len(codes) // 2]], codes[order[len(codes) // 2 :]]
    components = max(1, min(check_integer("components", components), len(fitted) // 20))
    kind = "full" if codes.shape[1] <= 64 else "diag"
    mixture = GaussianMixture(components, covariance_type=kind, random_state=seed, reg_covar=1e-4).fit(fitted)
    of_codes, of_draws = mixture.score_samples(held_out), mixture.score_samples(draws)
    share = float((of_draws < np.quantile(of_codes, quantile)).mean())
    return Holes(share, held_out, of_codes, of_draws, quantile)
