"""The course of the training."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, MaxNLocator, StrMethodFormatter

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, INK, LABEL, MUTED, ORANGE, SMALL, new_figure, style_axes
from keras_vae.plots.limits import full_limits, robust_limits

KNOWN = {
    "loss": ("loss", "nats per example, lower is better"),
    "elbo": ("ELBO", "nats per example, higher is better"),
    "nll": ("reconstruction NLL", "nats per example"),
    "kl": ("KL from posterior to prior", "nats per example"),
    "learning_rate": ("learning rate", ""),
}
"""Panels in their order, with name and unit; metrics with other names follow, taken as nats per example."""

NO_UNIT = ("beta", "kl_weight")
STEPS = (1, 2, 5, 10)
COLORS = {"train": BLUE, "validation": ORANGE}


def plot_history(history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw one panel a metric over the epochs: the training line in blue, the validation line in orange.

    In a good run both lines level off together. A validation line that turns away is overfitting, and a KL that falls
    to 0 while the reconstruction stands still is posterior collapse. Values far from the rest, such as those of the
    first epoch, are cut off and marked by triangles at the edge; values that are not finite leave a gap.

    Args:
        history: metric name to one value an epoch, as in `keras.callbacks.History.history`; `val_` names are
            drawn with the metric they validate. Losses are nats per example.

    Raises:
        InvalidInputError: if there is no metric or one is not a sequence of numbers.
    """
    lines = {name: _line(name, values) for name, values in history.items()}
    metrics = list(dict.fromkeys(name.removeprefix("val_") for name in lines))
    metrics = (
        [name for name in KNOWN if name in metrics and name != "learning_rate"]
        + [name for name in metrics if name not in KNOWN]
        + ["learning_rate"] * ("learning_rate" in metrics)
    )
    if not metrics:
        raise InvalidInputError("history: expected at least one metric with values, got none.")
    epochs = max(map(len, lines.values()))
    columns = min(len(metrics), 2 if len(metrics) <= 4 else 3)
    rows = math.ceil(len(metrics) / columns)
    title = f"Training over {epochs} epoch{'s' * (epochs > 1)}"
    figure = new_figure((4.6, 7.6, 9.6)[columns - 1], 2.3 * rows, title=title)
    figure.get_layout_engine().set(hspace=0.06, wspace=0.04)
    for index, name in enumerate(metrics):
        ax = figure.add_subplot(rows, columns, index + 1)
        pair = {"train": lines.get(name), "validation": lines.get(f"val_{name}")}
        _draw_panel(ax, name, {word: line for word, line in pair.items() if line is not None}, epochs)
        if index >= len(metrics) - columns:
            ax.set_xlabel("epoch", size=LABEL, color=MUTED)
    return figure


def _line(name: str, values: Sequence[float]) -> np.ndarray:
    try:
        line = np.asarray(values, float)
    except (TypeError, ValueError):
        line = np.empty(())
    if line.ndim != 1 or line.size == 0:
        raise InvalidInputError(f"history[{name!r}]: expected one number an epoch, got {str(values)[:60]}.")
    return np.where(np.isfinite(line), line, np.nan)


def _draw_panel(ax: Axes, name: str, pair: dict[str, np.ndarray], epochs: int) -> None:
    style_axes(ax)
    words, unit = KNOWN.get(name, (name.replace("_", " "), "" if name in NO_UNIT else "nats per example"))
    values = np.concatenate(list(pair.values()))
    low, high = (full_limits if name == "learning_rate" else robust_limits)(values)
    cut, gaps, ends = [], [], []
    for word, y in pair.items():
        color = COLORS[word]
        x = np.arange(1, len(y) + 1) * max(epochs // len(y), 1)
        known = np.isfinite(y)
        beside = np.pad(known, 1)
        lonely = known & ~beside[:-2] & ~beside[2:]
        ax.plot(x, y, color=color, linewidth=1.5, marker="o", markersize=3.5, markevery=list(np.flatnonzero(lonely)))
        for beyond, edge, marker in ((y > high, high, "^"), (y < low, low, "v")):
            if beyond.any():
                ax.scatter(
                    x[beyond], np.full(beyond.sum(), edge), s=14, c=color, marker=marker, clip_on=False, zorder=5
                )
                cut += list(zip(y[beyond], x[beyond], strict=True))
        gaps += list(x[~known])
        if known.any():
            last = y[known][-1]
            text = f"{last:,.4g}" if name == "learning_rate" else f"{word} {last:,.4g}"
            ends.append((np.clip(last, low, high), Formatter.fix_minus(text), color))
    ax.set_ylim(low, high)
    margin = 0.02 * (epochs - 1) or 0.5
    ax.set_xlim(1 - margin, epochs + margin)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1, steps=STEPS))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    _label_ends(ax, sorted(ends), 0.09 * (high - low))

    notes = [unit] if unit else []
    if cut:
        value, epoch = max(cut, key=lambda each: abs(each[0]))
        notes.append(Formatter.fix_minus(f"cut off at the triangles: up to {value:,.5g} (epoch {epoch})"))
    if gaps:
        where = f"epoch {gaps[0]}" if min(gaps) == max(gaps) else f"epochs {min(gaps)} to {max(gaps)}"
        notes.append(f"gaps: {len(gaps)} not finite ({where})")
    ax.text(0, 1.03, "\n".join(notes), color=MUTED, size=SMALL, va="bottom", transform=ax.transAxes)
    ax.set_title(words, loc="left", size=9, weight="bold", color=INK, pad=6 + 1.45 * SMALL * max(len(notes), 1))


def _label_ends(ax: Axes, ends: list[tuple], apart: float) -> None:
    """Name each line right of its last value, the names moved `apart` where they would overlap."""
    places = [end[0] for end in ends]
    if len(places) == 2 and places[1] - places[0] < apart:
        middle = sum(places) / 2
        places = [middle - apart / 2, middle + apart / 2]
    for place, (_, text, color) in zip(places, ends, strict=True):
        anchor = {"xycoords": ("axes fraction", "data"), "xytext": (4, 0), "textcoords": "offset points"}
        ax.annotate(text, (1, place), color=color, size=LABEL, va="center", annotation_clip=False, **anchor)
