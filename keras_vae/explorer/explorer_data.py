"""Everything that the page is given."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

from keras_vae.checks import is_image
from keras_vae.distributions import DiscretePosterior
from keras_vae.evaluation import AttributeDirections
from keras_vae.explorer.arrays import as_array
from keras_vae.explorer.codes import PointCodes
from keras_vae.explorer.colourings import colourings
from keras_vae.explorer.columns import columns_of
from keras_vae.explorer.dimensions import dimensions_of, levels_of
from keras_vae.explorer.maps import MAPS, LatentMap, available_maps
from keras_vae.explorer.points import Points
from keras_vae.explorer.thumbnails import as_pictures, range_of, thumbnails
from keras_vae.layers import LabelCondition
from keras_vae.models import Autoencoder

MOST_ROWS = 2**21
"""The maximum number of values of rows without pictures, 8 MB."""
LEAST_LABELLED, MOST_DIRECTIONS, MOST_FITTED = 10, 20, 2_000_000
"""The least number of examples with a label, and the most labels and numbers, for which directions are sought."""


def explorer_data(
    model: Autoencoder,
    points: Points,
    codes: PointCodes,
    latent_map: LatentMap,
    scores: Mapping[str, np.ndarray],
    *,
    title: str,
    kind: str = "pca",
    signatures: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """Returns what the page is given, as JSON of dictionaries, lists, texts, numbers and arrays (see `as_array`).

    Args:
        model: the model.
        points: the examples on the map.
        codes: their latents.
        latent_map: the map of the latents that is shown first.
        scores: name -> score of each point.
        title: title of the page.
        kind: the kind of the map.
        signatures: name -> names of the inputs of each signature of the server; None without a server.
    """
    x = model.prepare(points.x).numpy()
    limits = range_of(x)
    pictures = as_pictures(x)
    sheet = None if pictures is None else thumbnails(pictures, limits)
    notes = [points.note]
    if pictures is not None and sheet is not None and sheet["height"] < pictures.shape[1]:
        notes.append(f"Thumbnails are reduced to {sheet['height']} by {sheet['width']} pixels.")
    has_rows = pictures is None and x.size <= MOST_ROWS
    return {
        "title": title,
        "notes": notes,
        "model": _about_model(model, points),
        "signatures": None if signatures is None else dict(signatures),
        "points": {
            "codes": as_array(codes.means.astype("float32")),
            "indices": None if codes.indices is None else as_array(codes.indices.astype("int32")),
            "condition": None if codes.condition is None else as_array(np.asarray(codes.condition, "float32")),
            "part": as_array(points.part.astype("int32")),
            "row": as_array(points.rows.astype("int32")),
            "partNames": list(points.part_names),
            "values": as_array(x.astype("float32")) if has_rows else None,
        },
        "noise": as_array(codes.noise),
        "maps": {kind: {"places": as_array(latent_map.places), "note": latent_map.note}},
        "mapNames": {kind: MAPS[kind]} if signatures is None else available_maps(),
        "colourings": colourings(points, scores),
        "ramp": [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 1, 32))],
        "dimensions": dimensions_of(model, points, codes),
        "levels": levels_of(model),
        "directions": _directions(model, points, codes),
        "thumbnails": sheet,
        "limits": list(limits),
        "columns": columns_of(points),
    }


def _about_model(model: Autoencoder, points: Points) -> dict[str, Any]:
    posterior, condition = model.posterior, None
    discrete = None
    if isinstance(posterior, DiscretePosterior):
        discrete = {
            "size": posterior.codebook_size,
            "levels": posterior.levels,
            "positions": list(model.latent_shape[:-1]),
        }
    if isinstance(model.condition, LabelCondition):
        names = [points.label_names[i] if i < len(points.label_names) else str(i) for i in range(model.condition.size)]
        condition = {"kind": "label", "names": names}
    elif model.condition is not None:
        condition = {"kind": "vector", "size": model.condition.size}
    return {
        "eventShape": list(model.event_shape),
        "kind": "image" if is_image(model.event_shape) else "row" if len(model.event_shape) == 1 else "map",
        "latentShape": list(model.latent_shape),
        "latentSize": math.prod(model.latent_shape),
        "condition": condition,
        "discrete": discrete,
        "prior": model.prior is not None,
    }


def _directions(model: Autoencoder, points: Points, codes: PointCodes) -> list[dict[str, Any]]:
    """Returns the direction of each label with enough examples; empty for discrete or conditional latents."""
    if points.labels is None or codes.indices is not None or model.condition is not None:
        return []
    most = max(100, MOST_FITTED // codes.means.shape[1])
    rows = np.linspace(0, len(points) - 1, min(len(points), most)).astype(int)
    labels = points.labels[rows]
    values, counts = np.unique(labels[labels >= 0], return_counts=True)
    often = values[np.argsort(-counts, kind="stable")][:MOST_DIRECTIONS]
    kept = np.isin(labels, often[np.isin(often, values[counts >= LEAST_LABELLED])])
    if len(np.unique(labels[kept])) < 2:
        return []
    names = points.label_names
    found = AttributeDirections(
        codes.means[rows[kept]], [names[label] if label < len(names) else str(label) for label in labels[kept]]
    )
    return [
        {"name": name, "vector": as_array(vector.astype("float32")), "auroc": float(auroc), "count": int(count)}
        for name, vector, auroc, count in zip(found.names, found.directions, found.auroc, found.counts, strict=True)
    ]
