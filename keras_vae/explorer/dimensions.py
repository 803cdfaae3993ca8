"""The dimensions of the latent, for its sliders."""

from typing import Any

import numpy as np

from keras_vae.distributions import DiscretePosterior
from keras_vae.evaluation import condition_of, kl_per_dimension
from keras_vae.evaluation.latent import ACTIVE, has_kl_per_dimension
from keras_vae.explorer.codes import PointCodes
from keras_vae.explorer.points import Points
from keras_vae.models import Autoencoder

MOST_DIMENSIONS = 64
MOST_EXAMPLES = 1000
"""The number of examples for the KL."""
SPREAD = 3.0
"""The range of a slider in standard deviations of the aggregate posterior, to both sides of its mean."""


def levels_of(model: Autoencoder) -> list[dict[str, Any]]:
    """Returns the levels of a hierarchy, top first, with their place in the latent; empty for other models.

    Example:

    >>> levels_of(zoo.ladder_vae((8,), levels=(2, 4), units=(4,)))[1]
    {'name': 'level 2', 'start': 2, 'size': 4}
    """
    sizes = getattr(model.posterior, "levels", None)
    if not isinstance(sizes, tuple):
        return []
    starts = np.cumsum((0, *sizes[:-1])).tolist()
    return [
        {"name": f"level {number}{' (top)' if number == 1 else ''}", "start": start, "size": size}
        for number, (start, size) in enumerate(zip(starts, sizes, strict=True), start=1)
    ]


def dimensions_of(model: Autoencoder, points: Points, codes: PointCodes) -> list[dict[str, Any]]:
    """Returns the active dimensions, the one with the largest KL first; at most 64, none of discrete latents.

    A dimension is active if the variance of its posterior mean exceeds 0.01. Each has its `index`, its `kl` in nats
    (None without a closed form), the `variance` of the posterior mean, and the range `low` to `high` of its slider.
    If no dimension is active, the eight with the largest variance are returned, with `active` False.
    """
    if isinstance(model.posterior, DiscretePosterior):
        return []
    means, noise = codes.means, codes.noise
    variance = means.var(axis=0)
    kl = None
    if has_kl_per_dimension(model):
        rows = np.linspace(0, len(points) - 1, min(len(points), MOST_EXAMPLES)).astype(int)
        y = None if points.y is None else points.y[rows]
        kl = kl_per_dimension(model, points.x[rows], condition_of(model, y))
    order = np.argsort(-(variance if kl is None else kl), kind="stable")
    active = [int(index) for index in order if variance[index] > ACTIVE]
    shown = active[:MOST_DIMENSIONS] or np.argsort(-variance, kind="stable")[:8].tolist()
    center, spread = means.mean(axis=0), SPREAD * np.sqrt(variance + noise**2 * (kl is not None))
    spread = np.maximum(spread, 1e-3)
    return [
        {
            "index": index,
            "kl": None if kl is None else float(kl[index]),
            "variance": float(variance[index]),
            "low": float(center[index] - spread[index]),
            "high": float(center[index] + spread[index]),
            "active": bool(active),
        }
        for index in shown
    ]
