"""Plots the history of a training."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, MaxNLocator, StrMethodFormatter

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, INK, LABEL, MUTED, ORANGE, SMALL, new_figure, set_layout, style_axes
from keras_vae.plots.limits import full_limits, robust_limits

PANELS = {
    "loss": ("loss", "nats per example, lower is better"),
    "elbo": ("ELBO", "nats per example, higher is better"),
    "nll": ("reconstruction NLL", "nats per example"),
    "kl": ("KL from posterior to prior", "nats per example"),
    "squared_error": ("squared error of the reconstruction", "per value"),
    "perplexity": ("perplexity of the codes", "codes, higher is better"),
    "codes_in_use": ("codes in use", "codes, higher is better"),
    "restarts": ("restarts of unused codes", "codebook entries per epoch"),
    "learning_rate": ("learning rate", ""),
}
"""Metric -> title and unit of its panel, in order. Other metrics follow, in nats per example."""

NO_UNIT = ("beta", "kl_weight")
STEPS = (1, 2, 5, 10)
COLORS = {"train": BLUE, "validation": ORANGE}


def plot_history(history: Mapping[str, Sequence[float]]) -> Figure:
    """Plots a panel for each metric over the epochs, with training values in blue and validation values in orange.

    In a good run both lines converge together. A validation line that diverges from the training line indicates
    overfitting. A KL that falls to 0 while the reconstruction does not improve indicates posterior collapse. Outliers,
    such as the values of the first epoch, are clipped and marked by triangles at the edge. Values that are not finite
    leave a gap.

    Args:
        history: metric name -> one value per epoch, as in `keras.callbacks.History.history`. Metrics with the prefix
            `val_` share the panel of their training metric. Losses are in nats per example.

    Raises:
        InvalidInputError: if there is no metric, or if a metric is not a sequence of numbers.

    Example:

    >>> figure = plot_history({"elbo": [-120.0, -100.0], "val_elbo": [-118.0, -104.0]})
    >>> [line.get_ydata().tolist() for line in figure.axes[0].lines[:2]]
    [[-120.0, -100.0], [-118.0, -104.0]]
    """
    lines = {name: _line(name, values) for name, values in history.items()}
    metrics = list(dict.fromkeys(name.removeprefix("val_") for name in lines))
    metrics = (
        [name for name in PANELS if name in metrics and name != "learning_rate"]
        + [name for name in metrics if name not in PANELS]
        + ["learning_rate"] * ("learning_rate" in metrics)
    )
    if not metrics:
        raise InvalidInputError("history: expected at least one metric with values, got none.")
    epochs = max(map(len, lines.values()))
    columns = min(len(metrics), 2 if len(metrics) <= 4 else 3)
    rows = math.ceil(len(metrics) / columns)
    title = f"Training over {epochs} epoch{'s' * (epochs > 1)}"
    figure = new_figure((4.6, 7.6, 9.6)[columns - 1], 2.3 * rows, title=title)
    set_layout(figure, hspace=0.06, wspace=0.04)
    for index, name in enumerate(metrics):
        ax = figure.add_subplot(rows, columns, index + 1)
        pair = {"train": lines.get(name), "validation": lines.get(f"val_{name}")}
        _draw_panel(ax, name, {split: line for split, line in pair.items() if line is not None}, epochs)
        if index >= len(metrics) - columns:
            ax.set_xlabel("epoch", size=LABEL, color=MUTED)
    return figure


def _line(name: str, values: Sequence[float]) -> np.ndarray:
    try:
        line = np.asarray(values, float)
    except (TypeError, ValueError):
        line = np.empty(())
    if line.ndim != 1 or line.size == 0:
        raise InvalidInputError(f"history[{name!r}]: expected one number per epoch, got {str(values)[:60]}.")
    return np.where(np.isfinite(line), line, np.nan)


def _draw_panel(ax: Axes, name: str, lines: dict[str, np.ndarray], epochs: int) -> None:
    style_axes(ax)
    title, unit = PANELS.get(name, (name.replace("_", " "), "" if name in NO_UNIT else "nats per example"))
    values = np.concatenate(list(lines.values()))
    low, high = (full_limits if name == "learning_rate" else robust_limits)(values)
    outliers, gaps, ends = [], [], []
    for split, y in lines.items():
        color = COLORS[split]
        x = np.arange(1, len(y) + 1) * max(epochs // len(y), 1)
        finite = np.isfinite(y)
        neighbours = np.pad(finite, 1)
        is_isolated = finite & ~neighbours[:-2] & ~neighbours[2:]
        ax.plot(
            x, y, color=color, linewidth=1.5, marker="o", markersize=3.5, markevery=list(np.flatnonzero(is_isolated))
        )
        for outside, edge, marker in ((y > high, high, "^"), (y < low, low, "v")):
            if outside.any():
                ax.scatter(
                    x[outside], np.full(outside.sum(), edge), s=14, c=color, marker=marker, clip_on=False, zorder=5
                )
                outliers += list(zip(y[outside], x[outside], strict=True))
        gaps += list(x[~finite])
        if finite.any():
            last = y[finite][-1]
            text = f"{last:,.4g}" if name == "learning_rate" else f"{split} {last:,.4g}"
            ends.append((np.clip(last, low, high), Formatter.fix_minus(text), color))
    ax.set_ylim(low, high)
    margin = 0.02 * (epochs - 1) or 0.5
    ax.set_xlim(1 - margin, epochs + margin)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1, steps=STEPS))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    _label_ends(ax, sorted(ends), 0.09 * (high - low))

    notes = [unit] if unit else []
    if outliers:
        value, epoch = max(outliers, key=lambda each: abs(each[0]))
        notes.append(Formatter.fix_minus(f"triangles: clipped values, up to {value:,.5g} (epoch {epoch})"))
    if gaps:
        where = f"epoch {gaps[0]}" if min(gaps) == max(gaps) else f"epochs {min(gaps)} to {max(gaps)}"
        notes.append(f"gaps: {len(gaps)} not finite ({where})")
    ax.text(0, 1.03, "\n".join(notes), color=MUTED, size=SMALL, va="bottom", transform=ax.transAxes)
    ax.set_title(title, loc="left", size=9, weight="bold", color=INK, pad=6 + 1.45 * SMALL * max(len(notes), 1))


def _label_ends(ax: Axes, ends: list[tuple], spacing: float) -> None:
    """Labels each line at the right of its last value, with at least `spacing` between the labels."""
    places = [end[0] for end in ends]
    if len(places) == 2 and places[1] - places[0] < spacing:
        middle = sum(places) / 2
        places = [middle - spacing / 2, middle + spacing / 2]
    for place, (_, text, color) in zip(places, ends, strict=True):
        anchor = {"xycoords": ("axes fraction", "data"), "xytext": (4, 0), "textcoords": "offset points"}
        ax.annotate(text, (1, place), color=color, size=LABEL, va="center", annotation_clip=False, **anchor)
