"""Plots models in the plane of rate and distortion."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, MaxNLocator

from keras_vae.checks import is_integer
from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import FAINT, INK, LABEL, MUTED, ORANGE, SMALL, new_figure, style_axes
from keras_vae.plots.classes import class_colors
from keras_vae.plots.comparison import shorten
from keras_vae.plots.limits import full_limits

_SIZE = (7.4, 4.6)
_AXES = (5.9 * 72, 3.9 * 72)
"""The approximate size of the axes in points, to place names without overlap."""

_PLACES = (("left", "bottom", 5, 3), ("right", "top", -5, -3), ("left", "top", 5, -3), ("right", "bottom", -5, 3))
"""The possible positions of a name relative to its point: alignments, and offsets in points."""


def plot_rate_distortion(
    rates: Sequence[float],
    distortions: Sequence[float],
    *,
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
    balance: int | None = None,
) -> Figure:
    """Plots models in the plane of rate and distortion, with their Pareto frontier and a balance point.

    Models at the lower left are better, with fewer bits and less distortion. The ELBO is constant along each faint
    diagonal, so it does not distinguish a model at the left, which ignores the latents, from a model at the right,
    which memorizes the data. Models above the frontier have a higher rate or distortion than another model. Beyond the
    ringed balance point, additional bits reduce the distortion only slightly.

        ELBO = -D - R ln 2

    Args:
        rates: `(N,)`, the rate R of each run: KL(q(z | x) || p(z)), averaged over the data, in bits.
        distortions: `(N,)`, the distortion D of each run: -E_q log p(x | z), averaged over the data, in nats.
        labels: N names of settings, such as "beta = 4". Runs with the same label and group are seeds of one model:
            small points around their median.
        groups: N names of families, such as "FactorVAE". The models of a family have the same colour; a line connects
            them in order of rate.
        balance: index of a run of the model at the balance point. None uses the `knee` of the medians.

    Returns:
        The figure. Runs that are not finite are left out; the note states their number. Names without space are left
        out.

    Raises:
        InvalidInputError: if the lengths differ, if no run is finite, or if `balance` is not the index of a finite
            run.

    Example:

    >>> figure = plot_rate_distortion([2, 5, 20], [90, 60, 50], labels=["beta = 8", "beta = 4", "beta = 1"])
    >>> [text.get_text() for text in figure.axes[0].texts if "beta" in text.get_text()]
    ['beta = 4', 'beta = 8', 'beta = 1']

    Reference: Alemi et al., 2018, https://arxiv.org/abs/1711.00464
    """
    points = _points("plot_rate_distortion", rates, distortions)
    runs = len(points)
    groups = [""] * runs if groups is None else groups
    for part, names in {"labels": labels, "groups": groups}.items():
        if isinstance(names, str) or len(names) != runs:
            raise InvalidInputError(f"{part}: expected {runs} names, one per run, got {names!r:.60}.")
    finite = np.asarray(np.isfinite(points).all(axis=1))
    keys = [(str(group), str(label)) for group, label in zip(groups, labels, strict=True)]
    models = list(dict.fromkeys(key for key, is_finite in zip(keys, finite, strict=True) if is_finite))
    if balance is not None and not (is_integer(balance) and 0 <= balance < runs):
        raise InvalidInputError(f"balance: expected the index of a run, 0 to {runs - 1}, got {balance!r}.")
    if balance is not None and not finite[balance]:
        raise InvalidInputError(f"balance: expected a run with finite rate and distortion, got {points[balance]}.")
    model_of_run = np.array(
        [models.index(key) if is_finite else -1 for key, is_finite in zip(keys, finite, strict=True)]
    )
    medians = np.array([np.median(points[model_of_run == index], axis=0) for index in range(len(models))])
    balance_index = knee(*medians.T) if balance is None else model_of_run[balance]

    families = list(dict.fromkeys(group for group, _ in models))
    family, label = models[balance_index]
    name = f"{family} {label}".strip() if len(families) > 1 else label
    note = "Lower left is better; the ELBO is constant along a faint diagonal. Grey line: Pareto frontier."
    note += " Small points: seeds." if len(models) < finite.sum() else ""
    note += f" {(~finite).sum()} runs are not finite and left out." if not finite.all() else ""
    note += f" Ring: the balance point, {shorten(name, 48)}."
    figure = new_figure(*_SIZE, title="Rate and distortion", note=note)
    ax = figure.add_subplot()
    style_axes(ax)
    ax.grid(False)
    ax.set_xlim(full_limits(points[finite, 0]))
    ax.set_ylim(full_limits(points[finite, 1]))
    _draw_elbos(ax)
    frontier = medians[pareto_frontier(*medians.T)]
    ax.plot(*frontier.T, color=MUTED, alpha=0.35, linewidth=5, solid_capstyle="round", zorder=1.5, gid="frontier")
    colors = dict(zip(families, class_colors(len(families)), strict=True))
    for family, color in colors.items():
        in_family = np.array([group == family for group, _ in models])
        line = medians[in_family][np.argsort(medians[in_family, 0], kind="stable")]
        ax.plot(*line.T, color=color, linewidth=1.2, marker="o", markersize=6, label=shorten(family, 30), gid="family")
        seeds = np.isin(model_of_run, np.flatnonzero(in_family)) & (np.bincount(model_of_run + 1)[model_of_run + 1] > 1)
        ax.scatter(*points[seeds].T, s=7, color=color, alpha=0.55, linewidths=0, zorder=1.8, gid="seeds")
    ax.scatter(*medians[[balance_index]].T, s=150, facecolors="none", edgecolors=ORANGE, linewidths=2, gid="balance")
    _write_names(ax, medians, [(shorten(label, 24), colors[group]) for group, label in models], balance_index)
    ax.set_xlabel("rate, bits per example", size=LABEL, color=MUTED)
    ax.set_ylabel("distortion, nats per example", size=LABEL, color=MUTED)
    if any(families):
        legend = ax.legend(loc="upper right", fontsize=LABEL, labelcolor=INK, frameon=True, edgecolor=FAINT)
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


def knee(rates: Sequence[float], distortions: Sequence[float]) -> int:
    """Returns the index of the balance point: the point of the Pareto frontier farthest below the chord of its ends.

    Left of the knee an additional bit of rate reduces the distortion strongly, right of the knee only slightly. The
    knee does not depend on the units of the axes. If no point is below the chord, as for a straight frontier or a
    frontier of two points, the knee is the end with the larger ELBO, -D - R ln 2.

    Args:
        rates: `(N,)` in bits. Points with a rate or distortion that is not finite are ignored.
        distortions: `(N,)` in nats.

    Raises:
        InvalidInputError: if the arguments are not vectors of the same length, or if no point is finite.

    Example:

    >>> knee([2, 5, 20, 30], [90, 60, 50, 70])
    1

    Reference: Satopaa et al., 2011, https://doi.org/10.1109/ICDCSW.2011.20
    """
    points = _points("knee", rates, distortions)
    frontier = pareto_frontier(rates, distortions)
    first, last = points[frontier[0]], points[frontier[-1]]
    span = np.where(last == first, 1.0, last - first)
    relative_rate, relative_fall = ((points[frontier] - first) / span).T
    depth = relative_fall - relative_rate
    deepest = int(depth.argmax())
    if depth[deepest] > 1e-9:
        return int(frontier[deepest])
    ends = frontier[[0, -1]]
    return int(ends[(points[ends] @ (np.log(2), 1.0)).argmin()])


def pareto_frontier(rates: Sequence[float], distortions: Sequence[float]) -> np.ndarray:
    """Returns the indices of the points that no other point dominates in rate and distortion, in order of rate.

    Only the first of several equal points is included. Points that are not finite are ignored.

    Example:

    >>> pareto_frontier([30, 2, 5, 20], [70, 90, 60, 50]).tolist()
    [1, 2, 3]
    """
    points = _points("pareto_frontier", rates, distortions)
    order = np.lexsort((points[:, 1], points[:, 0]))
    order = order[np.isfinite(points[order]).all(axis=1)]
    lowest = np.minimum.accumulate(points[order, 1])
    return order[np.concatenate([[True], points[order[1:], 1] < lowest[:-1]])]


def _points(part: str, rates: Sequence[float], distortions: Sequence[float]) -> np.ndarray:
    pair = np.asarray(rates), np.asarray(distortions)
    if pair[0].ndim != 1 or pair[0].shape != pair[1].shape or any(each.dtype.kind not in "biuf" for each in pair):
        got = " and ".join(f"{each.dtype} of shape {each.shape}" for each in pair)
        raise InvalidInputError(f"{part}: expected numbers, rates (N,) and distortions (N,), got {got}.")
    points = np.stack(pair, axis=1).astype(float)
    if not np.isfinite(points).all(axis=1).any():
        raise InvalidInputError(
            f"{part}: expected at least one finite pair of rate and distortion, got {len(points)} pairs, none finite."
        )
    return points


def _draw_elbos(ax: Axes) -> None:
    """Plots diagonals of constant ELBO, with labels at the right edge of the axes, or at the top if they are steep."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    elbo_span = np.log(2) * (right - left)
    is_steep = elbo_span > top - bottom
    for total in MaxNLocator(8).tick_values(bottom + np.log(2) * left, top + np.log(2) * right):
        ax.plot([left, right], [total - np.log(2) * left, total - np.log(2) * right], color=FAINT, lw=0.8, gid="elbo")
        x, y = ((total - top) / np.log(2), top) if is_steep else (right, total - np.log(2) * right)
        if left <= x <= right and bottom <= y <= top:
            style = {"rotation": 90, "ha": "center", "va": "bottom"} if is_steep else {"va": "center"}
            offset = {"xytext": (0, 3) if is_steep else (3, 0), "textcoords": "offset points", "annotation_clip": False}
            text = Formatter.fix_minus(f"ELBO {0.0 - total:,.6g}")  # 0 and not -0
            ax.annotate(text, (x, y), color=MUTED, size=SMALL, **style, **offset)


def _write_names(ax: Axes, points: np.ndarray, names: Sequence[tuple[str, str]], balance_index: int) -> None:
    """Writes each name in its colour where it overlaps no point and no other name, starting with the balance point."""
    limits = np.array([ax.get_xlim(), ax.get_ylim()])
    places = (points - limits[:, 0]) / np.ptp(limits, axis=1) * _AXES
    reach = np.where(np.arange(len(names)) == balance_index, 9.0, 4.5)[:, np.newaxis]
    boxes = list(map(tuple, np.hstack([places - reach, places + reach])))
    for index in sorted(range(len(names)), key=lambda index: index != balance_index):
        name, color = names[index]
        width, height = 0.56 * LABEL * len(name), 1.1 * LABEL
        for ha, va, *offset in _PLACES:
            right, up = np.array(offset) * (2.4 if index == balance_index else 1.0)
            x0, y0 = places[index] + (right - width * (ha == "right"), up - height * (va == "top"))
            box = (x0, y0, x0 + width, y0 + height)
            inside = min(x0, y0) > 0 and box[2] < _AXES[0] and box[3] < _AXES[1]
            if inside and not any(_overlap(box, other) for other in boxes):
                style = {"color": color, "size": LABEL, "ha": ha, "va": va, "parse_math": False}
                ax.annotate(name, points[index], xytext=(right, up), textcoords="offset points", **style)
                boxes.append(box)
                break


def _overlap(one: tuple, other: tuple) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
