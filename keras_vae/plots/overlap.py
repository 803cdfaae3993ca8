"""Plots the overlap of the aggregate posterior and the prior."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, INK, LABEL, MUTED, ORANGE, new_figure, set_layout, style_axes
from keras_vae.plots.factor_matrix import as_matrix
from keras_vae.plots.limits import full_limits

RARE = 0.01
"""A point is in a hole if its density is below this quantile of the density at the latents."""

_MAX_POINTS = 3000


def plot_overlap(
    codes: np.ndarray,
    prior_draws: np.ndarray,
    *,
    log_density_of_codes: np.ndarray | None = None,
    log_density_of_draws: np.ndarray | None = None,
) -> Figure:
    """Plots latents of the data over samples from the prior, to show whether the aggregate posterior covers the prior.

    The two clouds of a good generative model coincide. Orange without blue is a hole: the decoder was not trained on
    these samples from the prior. Blue without orange are latents that the prior does not generate. With densities, a
    second panel compares log q(z) at latents and samples, and shows holes that are not visible in two directions.

    Args:
        codes: `(N, D)`, one sample from q(z | x) for each example (posterior means underestimate the spread).
        prior_draws: `(M, D)`, samples from the prior p(z).
        log_density_of_codes: `(N,)`, log density of the aggregate posterior q(z) at `codes`, in nats.
        log_density_of_draws: `(M,)`, log density of the aggregate posterior q(z) at `prior_draws`, in nats.

    Returns:
        The figure. For D > 2 the axes of the scatter plot are the two directions in which the second moments of latents
        and samples differ most, in units of the standard deviation of the samples. With densities, the title
        states the fraction of samples in holes, where log q(z) is below its 1 % quantile at the latents. A log density
        of -inf is in a hole. NaN, +inf and points that are not finite are left out; the note states their number.

    Raises:
        InvalidInputError: if a shape does not match, if only one of the two densities is given, or if no finite value
            remains.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> figure = plot_overlap(rng.normal(size=(500, 8)), rng.normal(size=(500, 8)))
    >>> len(figure.axes)
    1

    Reference: Rosca et al., 2018, https://arxiv.org/abs/1802.06847
    """
    codes, draws = as_matrix("codes", codes, "N", "D"), as_matrix("prior_draws", prior_draws, "M", "D")
    if codes.shape[1] != draws.shape[1]:
        raise InvalidInputError(f"prior_draws: expected {codes.shape[1]} columns, as in codes, got {draws.shape[1]}.")
    densities = _densities((log_density_of_codes, log_density_of_draws), (len(codes), len(draws)))
    left_out = len(codes) + len(draws)
    codes, draws = (each[np.isfinite(each).all(axis=1)] for each in (codes, draws))
    left_out -= len(codes) + len(draws)
    if not len(codes) or not len(draws):
        raise InvalidInputError(f"plot_overlap: expected finite rows, got {len(codes)} codes, {len(draws)} draws.")
    title = "Do the latents cover the prior?"
    note = "Orange without blue: holes, regions of the prior without examples."
    shown = None
    if densities:
        of_codes, of_draws = (each[~np.isnan(each) & (each < np.inf)] for each in densities)
        left_out += sum(map(len, densities)) - len(of_codes) - len(of_draws)
        if not np.isfinite(of_codes).any() or not len(of_draws):
            raise InvalidInputError("log_density: expected some finite values at codes and draws, got none.")
        threshold = np.quantile(of_codes[np.isfinite(of_codes)], RARE)
        title = (
            f"Holes: {(of_draws < threshold).mean():.1%} of the samples from the prior are in regions without latents"
        )
        note += f" Dashed line: the {RARE:.0%} quantile of log q(z) at the latents."
        shown = (of_codes, of_draws, threshold)
    if left_out:
        note += f" {left_out:,} points or densities are not finite and left out."

    figure = new_figure(9.4 if densities else 5.8, 4.3, title=title, note=note)
    set_layout(figure, wspace=0.05)
    ax = figure.add_subplot(1, 2 if densities else 1, 1)
    _draw_clouds(ax, codes, draws)
    if shown:
        _draw_densities(figure.add_subplot(1, 2, 2), *shown)
    return figure


def most_different_directions(codes: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Returns the two directions in which the second moments of latents and prior samples differ most, `(D, 2)`.

    Let s be the second moment of the latents about the mean of the samples, in units of the variance of the samples.
    The directions maximize s - 1 - ln s, which is large if the latents are much too wide, shifted, or much too narrow.
    s is shrunk towards 1, as if there were D more latents distributed like the samples, so that few latents have little
    effect. `(z - mean of the samples)` times the result has variance 1 for the samples. Directions without variance in
    the samples are not scaled.

    Args:
        codes: latents `(N, D)` with D >= 2.
        draws: prior samples `(M, D)`.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> draws, codes = rng.normal(size=(2, 9999, 5))
    >>> codes[:, 3] *= 3
    >>> int(abs(most_different_directions(codes, draws)[:, 0]).argmax())
    3
    """
    deviations = draws - draws.mean(axis=0)
    variances, axes = np.linalg.eigh(deviations.T @ deviations / len(draws))
    has_no_variance = variances <= 1e-9 * max(variances.max(), 1e-300)
    whitening = axes / np.sqrt(np.where(has_no_variance, 1.0, variances))
    white_codes = (codes - draws.mean(axis=0)) @ whitening
    sums, rotation = np.linalg.eigh(white_codes.T @ white_codes)
    moments = (np.maximum(sums, 0.0) + len(sums)) / (len(codes) + len(sums))
    order = np.argsort(-(moments - 1 - np.log(moments)), kind="stable")
    return whitening @ rotation[:, order[:2]]


def _densities(pair: tuple, counts: tuple[int, int]) -> list[np.ndarray]:
    if all(each is None for each in pair):
        return []
    names = ("log_density_of_codes", "log_density_of_draws")
    for name, each, count in zip(names, pair, counts, strict=True):
        if each is None or np.shape(each) != (count,):
            got = "none" if each is None else np.shape(each)
            raise InvalidInputError(
                f"{name}: expected shape ({count},), one per point, got {got}; give both densities or neither."
            )
    return [as_matrix(name, each, "N") for name, each in zip(names, pair, strict=True)]


def _draw_clouds(ax: Axes, codes: np.ndarray, draws: np.ndarray) -> None:
    dimensions = codes.shape[1]
    style_axes(ax, grid="y" if dimensions == 1 else "both")
    pairs = ((draws, ORANGE, "samples from the prior"), (codes, BLUE, "latents of the data"))
    if dimensions == 1:
        _draw_histograms(ax, [(each[:, 0], color) for each, color, _ in pairs], np.concatenate([codes, draws]))
        names = ("z0", "share per bin")
    else:
        names = ("z0", "z1")
        if dimensions > 2:
            centre, directions = draws.mean(axis=0), most_different_directions(codes, draws)
            pairs = [((each - centre) @ directions, color, word) for each, color, word in pairs]
            names = [f"{word} direction, standard deviations of the prior" for word in ("most different", "second")]
        for points, color, _ in pairs:
            points = points[np.linspace(0, len(points) - 1, min(len(points), _MAX_POINTS)).astype(int)]
            size, alpha = np.clip((9000 / len(points), 25 / np.sqrt(len(points))), (5, 0.35), (16, 0.8))
            ax.scatter(*points.T, s=size, color=color, alpha=alpha, linewidths=0, rasterized=True)
        spread = np.concatenate([points for points, _, _ in pairs])
        ax.set_xlim(_limits(spread[:, 0]))
        ax.set_ylim(_limits(spread[:, 1]))
    ax.set_xlabel(names[0], size=LABEL, color=MUTED)
    ax.set_ylabel(names[1], size=LABEL, color=MUTED)
    handles = [Line2D([], [], marker="o", linestyle="", markersize=5, color=color) for _, color, _ in pairs]
    style = {"fontsize": LABEL, "labelcolor": INK, "handletextpad": 0.1, "frameon": False, "ncols": 2}
    labels = [f"{word} ({len(each):,})" for each, _, word in pairs]
    ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(-0.02, 0.99), **style)


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Returns limits around values in standard deviations, wide enough to hide rounding errors."""
    return full_limits(values) if np.ptp(values) > 1e-6 else (float(values[0]) - 1.0, float(values[0]) + 1.0)


def _draw_densities(ax: Axes, of_codes: np.ndarray, of_draws: np.ndarray, threshold: float) -> None:
    style_axes(ax)
    finite_codes = of_codes[np.isfinite(of_codes)]
    upper = max(finite_codes.max(), of_draws.max())
    lower = threshold - 3 * max(upper - threshold, 1e-6)
    finite_draws = of_draws[np.isfinite(of_draws)]
    lower = max(lower, min(finite_codes.min(), finite_draws.min() if finite_draws.size else threshold))
    histograms = [(np.maximum(of_draws, lower), ORANGE), (np.maximum(of_codes, lower), BLUE)]
    _draw_histograms(ax, histograms, np.array([lower, upper]))
    ax.axvline(threshold, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=(1, 2, 5, 10)))
    ax.set_xlabel("log q(z), nats (the first bin includes all lower values)", size=LABEL, color=MUTED)
    ax.set_ylabel("share per bin", size=LABEL, color=MUTED)


def _draw_histograms(ax: Axes, pairs: list[tuple[np.ndarray, str]], span: np.ndarray) -> None:
    edges = np.histogram_bin_edges(span, bins=40)
    for values, color in pairs:
        style = {"histtype": "stepfilled", "facecolor": (color, 0.25), "edgecolor": color, "linewidth": 1.1}
        ax.hist(values, bins=edges.tolist(), weights=np.full(len(values), 1 / len(values)), **style)
