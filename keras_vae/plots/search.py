"""Plots the trials of a search for hyper-parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from keras_vae.checks import is_number
from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, FAINT, INK, LABEL, ORANGE, new_figure, style_axes
from keras_vae.plots.comparison import shorten

COLUMNS = 3


def plot_search(
    scores: Sequence[float],
    values: Mapping[str, Sequence[Any]],
    *,
    objective: str,
    better: str = "max",
    logarithmic: Sequence[str] = (),
) -> Figure:
    """Plots the scores of the trials 0 to N - 1, with the best score so far, and against each hyper-parameter.

    A hyper-parameter is important if its panel has a slope or a peak. A hyper-parameter with a flat panel has little
    effect. The best trial is orange.

    Args:
        scores: `(N,)`, the objective of each trial.
        values: hyper-parameter -> `(N,)` values, numbers or strings.
        objective: name of the objective.
        better: `"max"` or `"min"`.
        logarithmic: hyper-parameters with a logarithmic axis.

    Raises:
        InvalidInputError: if there is no score, if lengths differ, or if `better` is neither `"max"` nor `"min"`.

    Example:

    >>> figure = plot_search([-9.0, -7.0], {"latent_dim": [2, 8], "network": ["mlp", "conv"]}, objective="val_elbo")
    >>> len(figure.axes)
    3
    """
    results = np.asarray(scores, float)
    if not results.size or any(len(column) != results.size for column in values.values()):
        raise InvalidInputError(
            f"values: expected at least one score and one value per score, got {results.size} scores, {dict(values)}."
        )
    if better not in ("max", "min"):
        raise InvalidInputError(f"better: expected 'max' or 'min'; got {better!r}.")
    best_so_far = (np.maximum if better == "max" else np.minimum).accumulate(results)
    best = int(np.argmax(results) if better == "max" else np.argmin(results))
    panels = 1 + len(values)
    rows = -(-panels // COLUMNS)
    note = f"{results.size} trials; the best trial, number {best}, has {objective} = {results[best]:.5g}."
    figure = new_figure(7.4, 0.5 + 2.1 * rows, title="Search", note=note)
    axes = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True).ravel()
    for ax in axes[panels:]:
        ax.remove()
    axes[0].step(np.arange(results.size), best_so_far, where="post", color=FAINT, linewidth=1.4)
    _points(axes[0], np.arange(results.size), results, best, "trial")
    for ax, (name, column) in zip(axes[1:panels], values.items(), strict=True):
        numbers = all(map(is_number, column))
        categories = list(dict.fromkeys(map(str, column)))
        positions = (
            np.asarray(column, float) if numbers else np.array([categories.index(str(value)) for value in column])
        )
        _points(ax, positions, results, best, name)
        if numbers and name in logarithmic:
            ax.set_xscale("log")
            low, high = ax.get_xlim()
            ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 20 * low else (1,), numticks=5))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            ax.xaxis.set_minor_locator(NullLocator())
        if not numbers:
            ax.set_xticks(range(len(categories)), [shorten(category, 12) for category in categories], parse_math=False)
            ax.set_xlim(-0.5, len(categories) - 0.5)
    for ax in axes[0:panels:COLUMNS]:
        ax.set_ylabel(objective, fontsize=LABEL, color=INK)
    return figure


def _points(ax, positions, results, best, name) -> None:
    style_axes(ax, grid="y")
    ax.scatter(positions, results, s=16, color=BLUE, alpha=0.8, linewidth=0)
    ax.scatter(positions[best], results[best], s=34, color=ORANGE, zorder=3)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=bool(np.equal(positions, np.round(positions)).all())))
    ax.set_xlabel(shorten(name.replace("_", " "), 24), fontsize=LABEL, color=INK)
