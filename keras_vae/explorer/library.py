"""Latents that are decoded beforehand, for a page without a server."""

from typing import Any

import numpy as np

from keras_vae.explorer.arrays import as_array
from keras_vae.explorer.codes import PointCodes
from keras_vae.explorer.maps import LatentMap
from keras_vae.explorer.thumbnails import as_pictures, thumbnails
from keras_vae.models import Autoencoder

GRID, VALUES = 20, 11
"""Positions along each side of the map, and values of each dimension."""
NEIGHBOURS = 6
MOST_SIDE = 64
"""The height and the width in pixels to which larger pictures are reduced."""


def library(
    model: Autoencoder,
    codes: PointCodes,
    latent_map: LatentMap,
    dimensions: list[dict[str, Any]],
    draws: np.ndarray | None,
    limits: tuple[float, float],
) -> dict[str, Any]:
    """Decodes all points, a grid on the map, values of each active dimension, and draws from the prior.

    The page shows, for any latent, the nearest of these. Returns their flattened latents `z`, their `condition`, and
    a `sheet` of pictures or, for rows of numbers, the `values`.

    Args:
        model: the model.
        codes: the latents of the points.
        latent_map: their map.
        dimensions: the active dimensions, see `dimensions_of`.
        draws: draws from the prior, `(N, D)`; None for a model without a prior.
        limits: the values of black and white.
    """
    nearest, grid = _grid(codes, latent_map)
    parts, owners = [codes.means, grid], [np.arange(len(codes.means)), nearest]
    center = int(np.argmin(((codes.scaled - codes.scaled.mean(axis=0)) ** 2).sum(axis=1)))
    for each in dimensions:
        moved = np.tile(codes.means.mean(axis=0), (VALUES, 1))
        moved[:, each["index"]] = np.linspace(each["low"], each["high"], VALUES)
        parts.append(moved)
        owners.append(np.full(VALUES, center))
    if draws is not None:
        parts.append(draws)
        owners.append(np.linspace(0, len(codes.means) - 1, len(draws)).astype(int))
    z = np.concatenate(parts).astype("float32")
    condition = None if codes.condition is None else np.asarray(codes.condition)[np.concatenate(owners)]
    decoded = model.decode(z.reshape(-1, *model.latent_shape), condition=condition).mean().numpy()
    pictures = as_pictures(decoded)
    return {
        "z": as_array(z),
        "condition": None if condition is None else as_array(condition.astype("float32")),
        "sheet": None if pictures is None else thumbnails(pictures, limits, most_side=MOST_SIDE),
        "values": None if pictures is not None else as_array(decoded.astype("float32")),
    }


def _grid(codes: PointCodes, latent_map: LatentMap) -> tuple[np.ndarray, np.ndarray]:
    """Returns the nearest point of each position of a grid on the map, and its latent.

    As on the page, the latent of a position is the mean of those of the six nearest points, weighted by their distance.
    """
    from sklearn.neighbors import NearestNeighbors

    low, high = latent_map.places.min(axis=0), latent_map.places.max(axis=0)
    sides = [np.linspace(low[i], high[i], GRID) for i in range(2)]
    positions = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    count = min(NEIGHBOURS, len(codes.means))
    distances, indices = NearestNeighbors().fit(latent_map.places).kneighbors(positions, count)
    weights = 1 / (distances**2 + 1e-12)
    weights /= weights.sum(axis=1, keepdims=True)
    if codes.indices is not None:  # the mean of discrete codes is none of them
        return indices[:, 0], codes.means[indices[:, 0]]
    return indices[:, 0], np.einsum("nk,nkd->nd", weights, codes.means[indices])
