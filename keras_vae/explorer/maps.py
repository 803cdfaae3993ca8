"""Maps: the places of latents in the plane."""

from typing import NamedTuple

import numpy as np

from keras_vae.errors import InvalidInputError, unknown
from keras_vae.serving.extra import is_installed, need

MAPS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
MOST_DIMENSIONS = 50
"""The number of principal components from which t-SNE and UMAP start."""


class LatentMap(NamedTuple):
    """A map of N latents.

    Attributes:
        places: places in the plane, float32 `(N, 2)`.
        note: what the axes are, in one line.
    """

    places: np.ndarray
    note: str


def available_maps() -> dict[str, str]:
    """Returns the maps that can be made here, name -> title."""
    return {name: title for name, title in MAPS.items() if name != "umap" or is_installed("umap")}


def make_map(kind: str, means: np.ndarray, noise: np.ndarray, *, seed: int = 0) -> LatentMap:
    """Makes a map of latents. PCA takes less than a second, t-SNE and UMAP up to minutes.

    PCA shows latents of two dimensions as they are. t-SNE and UMAP keep near latents together, in units of the noise of
    the posterior; large distances on their maps mean nothing.

    Args:
        kind: `"pca"`, `"tsne"` or `"umap"`.
        means: latents `(N, D)`.
        noise: standard deviation of the posterior in each dimension, `(D,)`.
        seed: seed of t-SNE and UMAP.

    Raises:
        InvalidInputError: for another kind, for fewer than 5 latents for t-SNE or UMAP, or if umap-learn is missing.

    Example:

    >>> make_map("pca", np.eye(4, 2), np.ones(2)).note
    'The axes are the latents z0 and z1.'

    References: van der Maaten & Hinton, 2008, https://www.jmlr.org/papers/v9/vandermaaten08a.html (t-SNE);
    McInnes et al., 2018, https://arxiv.org/abs/1802.03426 (UMAP)
    """
    if kind not in MAPS:
        raise InvalidInputError(unknown(kind, MAPS, part="map"))
    if kind == "pca":
        return _principal_components(means)
    if len(means) < 5:
        raise InvalidInputError(f"map: expected 5 or more examples for {MAPS[kind]}, got {len(means)}; use pca.")
    scaled = means / noise
    if scaled.shape[1] > MOST_DIMENSIONS:
        scaled, _ = _project(scaled, min(MOST_DIMENSIONS, len(scaled)), seed)
    note = f"{MAPS[kind]}: near latents stay together; large distances mean nothing."
    if kind == "tsne":
        from sklearn.manifold import TSNE

        perplexity = min(30.0, (len(scaled) - 1) / 3)
        mapper = TSNE(2, init=_start(scaled, seed), perplexity=perplexity, random_state=seed)
    else:
        umap = need("umap", extra="umap")
        neighbors = min(15, len(scaled) - 1)
        mapper = umap.UMAP(n_components=2, n_neighbors=neighbors, random_state=seed, n_jobs=1)  # a seed allows one
    return LatentMap(np.asarray(mapper.fit_transform(scaled), "float32"), note)


def _start(scaled: np.ndarray, seed: int) -> np.ndarray:
    """Returns small places, from which t-SNE starts: the principal components.

    `init="pca"` of scikit-learn refuses latents of one dimension, and ends the process for latents that are all equal.
    """
    places = _principal_components(scaled).places
    places = (places - places.mean(axis=0)) / max(float(places[:, 0].std()), 1e-12)
    jitter = np.random.default_rng(seed).normal(size=places.shape)  # equal latents part
    return (1e-4 * places + 1e-6 * jitter).astype("float32")


def _principal_components(means: np.ndarray) -> LatentMap:
    if means.shape[1] == 1:
        beside = np.random.default_rng(0).normal(size=len(means)) * max(float(means.std()), 1e-12) / 4
        places = np.column_stack([means[:, 0], beside]).astype("float32")
        return LatentMap(places, "The horizontal axis is the latent z0; the vertical one is random.")
    if means.shape[1] == 2:
        return LatentMap(means.astype("float32"), "The axes are the latents z0 and z1.")
    places, (first, second) = _project(means, 2)
    note = f"The axes are the two principal components, with {first:.0%} and {second:.0%} of the variance."
    return LatentMap(places.astype("float32"), note)


def _project(means: np.ndarray, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first principal components `(N, count)`, and their shares of the variance."""
    from sklearn.decomposition import PCA

    pca = PCA(count, random_state=seed)
    with np.errstate(invalid="ignore"):  # latents without any variance
        places = pca.fit_transform(means)
    return places, np.nan_to_num(pca.explained_variance_ratio_)
