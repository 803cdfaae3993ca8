"""What a code costs, and what it leaves open: the plane of rate and distortion."""

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
"""About the size of the axes in points, which decides where names have room."""

_PLACES = (("left", "bottom", 5, 3), ("right", "top", -5, -3), ("left", "top", 5, -3), ("right", "bottom", -5, 3))
"""Where a name may stand about its point: alignments, and offsets in points."""


def plot_rate_distortion(
    rates: Sequence[float],
    distortions: Sequence[float],
    *,
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
    balance: int | None = None,
) -> Figure:
    """Draw models in the plane of rate and distortion, with their Pareto frontier and a balance point.

    Models at the lower left are better: they spend fewer bits and keep more. Along a faint diagonal the ELBO is the
    same, so it cannot choose between its points: at the far left the code is ignored, at the far right it is kept
    whole and nothing is left to generalise. Models above the frontier pay more than another for the same. The ringed
    balance is where further bits begin to buy little.

        ELBO = -D - R ln 2

    Args:
        rates: `(N,)`, the rate R of each run: KL(q(z | x) || p(z)), averaged over the data, in bits.
        distortions: `(N,)`, the distortion D of each run: -E_q log p(x | z), averaged over the data, in nats.
        labels: N names of settings, such as "beta = 4". Runs of equal label and group are seeds of one model: they
            are small points about their median.
        groups: N names of families, such as "FactorVAE"; the models of a family have one colour and are joined in
            order of rate.
        balance: the index of a run whose model is the balance; by default the `knee` of the medians.

    Returns:
        The figure. Runs that are not finite are left out and counted in the note. Names without room are left out.

    Raises:
        InvalidInputError: if the lengths differ, no run is finite, or `balance` is no index of a finite run.

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
            raise InvalidInputError(f"{part}: expected {runs} names, one a run, got {names!r:.60}.")
    finite = np.isfinite(points).all(axis=1)
    keys = [(str(group), str(label)) for group, label in zip(groups, labels, strict=True)]
    models = list(dict.fromkeys(key for key, known in zip(keys, finite, strict=True) if known))
    if balance is not None and not (is_integer(balance) and 0 <= balance < runs):
        raise InvalidInputError(f"balance: expected the index of a run, 0 to {runs - 1}, got {balance!r}.")
    if balance is not None and not finite[balance]:
        raise InvalidInputError(f"balance: expected a run with finite rate and distortion, got {points[balance]}.")
    member = np.array([models.index(key) if known else -1 for key, known in zip(keys, finite, strict=True)])
    medians = np.array([np.median(points[member == index], axis=0) for index in range(len(models))])
    chosen = knee(*medians.T) if balance is None else member[balance]

    families = list(dict.fromkeys(group for group, _ in models))
    name = " ".join(word for word in (families[1:] and models[chosen][0], models[chosen][1]) if word)
    note = "Lower left is better; along a faint diagonal the ELBO is the same. Grey line: Pareto frontier."
    note += " Small points: seeds." if len(models) < finite.sum() else ""
    note += f" {(~finite).sum()} not finite left out." if not finite.all() else ""
    note += f" Ringed: the balance, {shorten(name, 48)}."
    figure = new_figure(*_SIZE, title="What the code costs, and what it leaves open", note=note)
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
        own = np.array([group == family for group, _ in models])
        line = medians[own][np.argsort(medians[own, 0], kind="stable")]
        ax.plot(*line.T, color=color, linewidth=1.2, marker="o", markersize=6, label=shorten(family, 30), gid="family")
        seeds = np.isin(member, np.flatnonzero(own)) & (np.bincount(member + 1)[member + 1] > 1)
        ax.scatter(*points[seeds].T, s=7, color=color, alpha=0.55, linewidths=0, zorder=1.8, gid="seeds")
    ax.scatter(*medians[[chosen]].T, s=150, facecolors="none", edgecolors=ORANGE, linewidths=2, gid="balance")
    _write_names(ax, medians, [(shorten(label, 24), colors[group]) for group, label in models], chosen)
    ax.set_xlabel("rate, bits per example", size=LABEL, color=MUTED)
    ax.set_ylabel("distortion, nats per example", size=LABEL, color=MUTED)
    if any(families):
        legend = ax.legend(loc="upper right", fontsize=LABEL, labelcolor=INK, frameon=True, edgecolor=FAINT)
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


def knee(rates: Sequence[float], distortions: Sequence[float]) -> int:
    """The index of the balance point: the point of the Pareto frontier that lies farthest below the chord of its ends.

    Left of the knee a bit of rate buys much distortion, right of it little. Units do not matter: stretching an axis
    stretches all distances from the chord alike. Where no point lies below the chord, such as on a straight frontier
    or one of two points, it is the end of the greater ELBO, -D - R ln 2.

    Args:
        rates: `(N,)` in bits. Points with a rate or distortion that is not finite are passed over.
        distortions: `(N,)` in nats.

    Raises:
        InvalidInputError: if they are no vectors of one length, or no point is finite.

    Example:

    >>> knee([2, 5, 20, 30], [90, 60, 50, 70])
    1

    Reference: Satopaa et al., 2011, https://doi.org/10.1109/ICDCSW.2011.20
    """
    points = _points("knee", rates, distortions)
    frontier = pareto_frontier(rates, distortions)
    first, last = points[frontier[0]], points[frontier[-1]]
    span = np.where(last == first, 1.0, last - first)
    along, down = ((points[frontier] - first) / span).T
    depth = down - along
    deepest = int(depth.argmax())
    if depth[deepest] > 1e-9:
        return int(frontier[deepest])
    ends = frontier[[0, -1]]
    return int(ends[(points[ends] @ (np.log(2), 1.0)).argmin()])


def pareto_frontier(rates: Sequence[float], distortions: Sequence[float]) -> np.ndarray:
    """The indices of the points that no other beats in rate and distortion, in order of rate.

    Of equal points the first counts; points that are not finite are passed over.

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
        raise InvalidInputError(f"{part}: expected rates (N,) and distortions (N,), numbers of one length, got {got}.")
    points = np.stack(pair, axis=1).astype(float)
    if not np.isfinite(points).all(axis=1).any():
        raise InvalidInputError(f"{part}: expected at least one finite pair of rate and distortion, got {len(points)}.")
    return points


def _draw_elbos(ax: Axes) -> None:
    """Diagonals of equal ELBO, named where they leave the axes at the right or, if they are steep, at the top."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    fall = np.log(2) * (right - left)
    steep = fall > top - bottom
    for total in MaxNLocator(8).tick_values(bottom + np.log(2) * left, top + np.log(2) * right):
        ax.plot([left, right], [total - np.log(2) * left, total - np.log(2) * right], color=FAINT, lw=0.8, gid="elbo")
        x, y = ((total - top) / np.log(2), top) if steep else (right, total - np.log(2) * right)
        if left <= x <= right and bottom <= y <= top:
            style = {"rotation": 90, "ha": "center", "va": "bottom"} if steep else {"va": "center"}
            offset = {"xytext": (0, 3) if steep else (3, 0), "textcoords": "offset points", "annotation_clip": False}
            ax.annotate(Formatter.fix_minus(f"ELBO {-total:,.6g}"), (x, y), color=MUTED, size=SMALL, **style, **offset)


def _write_names(ax: Axes, points: np.ndarray, names: Sequence[tuple[str, str]], chosen: int) -> None:
    """Write each name, given with its colour, where it covers no point and no other name, the chosen first."""
    limits = np.array([ax.get_xlim(), ax.get_ylim()])
    places = (points - limits[:, 0]) / np.ptp(limits, axis=1) * _AXES
    reach = np.where(np.arange(len(names)) == chosen, 9.0, 4.5)[:, np.newaxis]
    taken = list(map(tuple, np.hstack([places - reach, places + reach])))
    for index in sorted(range(len(names)), key=lambda index: index != chosen):
        name, color = names[index]
        width, height = 0.56 * LABEL * len(name), 1.1 * LABEL
        for ha, va, *offset in _PLACES:
            right, up = np.array(offset) * (2.4 if index == chosen else 1.0)
            x0, y0 = places[index] + (right - width * (ha == "right"), up - height * (va == "top"))
            box = (x0, y0, x0 + width, y0 + height)
            inside = min(x0, y0) > 0 and box[2] < _AXES[0] and box[3] < _AXES[1]
            if inside and not any(_overlap(box, other) for other in taken):
                style = {"color": color, "size": LABEL, "ha": ha, "va": va, "parse_math": False}
                ax.annotate(name, points[index], xytext=(right, up), textcoords="offset points", **style)
                taken.append(box)
                break


def _overlap(one: tuple, other: tuple) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
