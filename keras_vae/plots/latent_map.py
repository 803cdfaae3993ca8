"""Plots the latents of examples."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import INK, LABEL, MUTED, new_figure, style_axes
from keras_vae.plots.classes import class_colors, name_classes
from keras_vae.plots.events import is_image

CELLS = 18
"""The number of cells of the longer side of a map of images."""


def plot_latent_map(
    codes: np.ndarray,
    labels: Sequence | np.ndarray | None = None,
    *,
    label_names: Sequence[str] = (),
    explained: Sequence[float] | None = None,
    images: np.ndarray | None = None,
) -> Figure:
    """Plots latents as a histogram for one dimension, a scatter plot for two, or a scatter plot of two PCA axes.

    With `images`, the scatter plot shows the examples themselves: in each cell of a grid, the one whose latents are
    nearest to the centre of the cell.

    In a good latent space the classes form regions without gaps between them, and the latents have about the range of
    the prior, -2 to 2 for a standard normal. Mixed colours mean that these two directions do not separate the classes.
    A single dot at 0 means that the posterior has collapsed.

    Args:
        codes: (N, D) posterior means, at most about 10,000. Rows that are not finite are left out.
        labels: (N,) classes for the colours, integers or strings.
        label_names: names of the classes 0, 1, ...
        explained: fraction of variance (0 to 1) of the two axes, if the caller has projected the latents. For D > 2,
            None uses the fractions of the PCA.
        images: (N, H, W, 1 or 3) the examples, uint8 or in [0, 1], for latents of two or more dimensions. The labels
            are not drawn then.

    Raises:
        InvalidInputError: if a shape does not match, if a label has no name, or if fewer than 2 rows are finite.

    Example:

    >>> digits = kv.data.load("digits").test
    >>> codes = kv.from_preset("vae_digits").encode(digits.x).mean().numpy()
    >>> figure = plot_latent_map(codes, digits.y)
    >>> len(figure.axes)
    1
    """
    codes = np.asarray(codes, float)
    if codes.ndim != 2 or codes.shape[1] == 0:
        raise InvalidInputError(f"codes: expected shape (N, D), got {codes.shape}.")
    if explained is not None and np.shape(explained) != (2,):
        raise InvalidInputError(f"explained: expected two fractions of variance, got shape {np.shape(explained)}.")
    if images is not None:
        images = np.asarray(images)
        if images.shape[:1] != codes.shape[:1] or not is_image(images.shape[1:]) or codes.shape[1] < 2:
            raise InvalidInputError(
                f"images: expected (N, H, W, 1 or 3) for N = {len(codes)} latents of two or more dimensions, got "
                f"{images.shape} for latents {codes.shape}."
            )
    classes, names = name_classes(labels, label_names, len(codes))
    finite = np.isfinite(codes).all(axis=1)
    left_out = f" {(~finite).sum():,} latents are not finite and left out." if not finite.all() else ""
    codes, classes, dimensions = codes[finite], classes[finite], codes.shape[1]
    images = None if images is None else images[finite]
    if len(codes) < 2:
        raise InvalidInputError(f"codes: expected at least 2 finite rows, got {len(codes)}.")

    note = f"{len(codes):,} latents of {dimensions} dimension{'s' * (dimensions > 1)}.{left_out}"
    if dimensions > 2:
        from sklearn.decomposition import PCA

        with np.errstate(invalid="ignore"):
            pca = PCA(n_components=2, random_state=0).fit(codes)
        codes = pca.transform(codes)
        explained = np.nan_to_num(pca.explained_variance_ratio_) if explained is None else explained
        note = f"The two principal components of {note}"
    if images is not None:
        labels = None  # colours and names would cover the images
        note = f"{note} Each image is the example nearest to its place."
    height = 2.8 if dimensions == 1 else 5.2
    figure = new_figure(6.0, height, title="Latents of the examples", note=note)
    ax = figure.add_subplot()
    style_axes(ax, grid="y" if dimensions == 1 else "both")
    colors = class_colors(len(names))
    if dimensions == 1:
        _draw_histograms(ax, codes[:, 0], classes, colors)
        ax.set_xlabel("z0", size=LABEL, color=MUTED)
        ax.set_ylabel("latents per bin", size=LABEL, color=MUTED)
    else:
        if images is None:
            _draw_scatter(ax, codes, np.asarray(colors)[classes])
        else:
            _draw_images(ax, codes, images)
        axis_names = ["z0", "z1"]
        if explained is not None:
            shares = enumerate(explained, start=1)
            axis_names = [f"principal component {rank} ({share:.0%} of the variance)" for rank, share in shares]
        ax.set_xlabel(axis_names[0], size=LABEL, color=MUTED)
        ax.set_ylabel(axis_names[1], size=LABEL, color=MUTED)
    if labels is not None and (dimensions == 1 or not _name_at_medians(ax, codes, classes, names, colors)):
        handles = [Line2D([], [], marker="o", linestyle="", markersize=5, color=color) for color in colors]
        style = {"fontsize": LABEL, "labelcolor": INK, "frameon": False, "handletextpad": 0.1}
        ax.legend(handles, names, loc="center left", bbox_to_anchor=(1, 0.5), ncols=-(-len(names) // 20), **style)
    return figure


def _draw_histograms(ax: Axes, values: np.ndarray, classes: np.ndarray, colors: list[str]) -> None:
    edges = np.histogram_bin_edges(values, bins=min(40, max(10, len(values) // 20)))
    for index, color in enumerate(colors):
        style = {"histtype": "stepfilled", "facecolor": (color, 0.18), "edgecolor": color, "linewidth": 1.1}
        ax.hist(values[classes == index], bins=edges.tolist(), **style)


def _draw_scatter(ax: Axes, codes: np.ndarray, colors: np.ndarray) -> None:
    alpha = float(np.clip(30 / np.sqrt(len(codes)), 0.35, 0.85))
    size = float(np.clip(20000 / len(codes), 5, 18))
    ax.scatter(codes[:, 0], codes[:, 1], s=size, c=colors, alpha=alpha, linewidths=0, rasterized=True)
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.04)


def _draw_images(ax: Axes, codes: np.ndarray, images: np.ndarray) -> None:
    low, high = codes.min(axis=0), codes.max(axis=0)
    side = max(float((high - low).max()) / CELLS, 1e-12)
    cells = np.minimum(((codes - low) / side).astype(int), CELLS - 1)
    offsets = ((codes - low) / side - cells - 0.5) ** 2
    nearest: dict[tuple[int, int], int] = {}
    for index in np.argsort(offsets.sum(axis=1), kind="stable"):
        nearest.setdefault((int(cells[index, 0]), int(cells[index, 1])), int(index))
    for (column, row), index in nearest.items():
        image = images[index] if images.dtype == np.uint8 else np.clip(images[index], 0, 1)
        image = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
        left, bottom = low + side * (np.array([column, row]) + 0.03)
        box = (left, left + 0.94 * side, bottom, bottom + 0.94 * side)
        ax.imshow(image, extent=box, interpolation="nearest" if max(image.shape) <= 32 else "auto", zorder=2)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlim(low[0], low[0] + CELLS * side, auto=True)  # not fixed, since the equal aspect may widen the limits
    ax.set_ylim(low[1], low[1] + CELLS * side, auto=True)
    ax.grid(False)


def _name_at_medians(ax: Axes, codes: np.ndarray, classes: np.ndarray, names: list[str], colors: list[str]) -> bool:
    """Writes each name at the median of its class and returns True; returns False if two names would overlap."""
    present = np.unique(classes)
    places = np.array([np.median(codes[classes == index], axis=0) for index in present])
    span = max(np.ptp(codes, axis=0).max(), 1e-12)
    widths = [0.022 * (len(names[index]) + 1) * span for index in present]
    for a, b in combinations(range(len(present)), 2):
        across, up = np.abs(places[a] - places[b])
        if across < (widths[a] + widths[b]) / 2 and up < 0.05 * span:
            return False
    for index, place in zip(present, places, strict=True):
        badge = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": colors[index], "linewidth": 1.4}
        style = {"ha": "center", "va": "center", "size": 9, "weight": "bold", "parse_math": False}
        ax.text(place[0], place[1], names[index], color=INK, bbox=badge, **style)
    return True
