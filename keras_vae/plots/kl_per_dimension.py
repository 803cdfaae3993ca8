"""Plots the KL of each latent dimension."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, FAINT, INK, LABEL, MUTED, new_figure, style_axes

ACTIVE_VARIANCE = 0.01
"""A dimension is active if the variance of its posterior mean over the data exceeds this value (Burda et al. 2016)."""

_INACTIVE = "#a3adb8"
_MAX_NAMED = 32
_LEAST_TOP = 0.1
"""The minimum upper limit of the axis in nats, so that the bars of a collapsed posterior look small."""


def plot_kl_per_dimension(kl: np.ndarray, *, variance_of_means: np.ndarray | None = None) -> Figure:
    """Plots the KL of each latent dimension as bars, in descending order, in nats and in bits.

    Blue bars are active dimensions, which the decoder uses. Grey bars near 0 are inactive dimensions. Some inactive
    dimensions are harmless; if nearly all dimensions are inactive, the posterior has collapsed.

    Args:
        kl: (D,) KL of each dimension in nats, averaged over the data.
        variance_of_means: (D,) variance of each posterior mean over the data. Dimensions with a variance of at most
            0.01 are inactive (Burda et al. 2016); their bars are grey. The title states the number of active
            dimensions.

    Raises:
        InvalidInputError: if `kl` is not a vector, or if `variance_of_means` has a different shape.

    Example:

    >>> figure = plot_kl_per_dimension(np.array([0.01, 2.0, 3.5]), variance_of_means=np.array([0.001, 0.8, 0.9]))
    >>> [float(bar.get_height()) for bar in figure.axes[0].patches]
    [3.5, 2.0, 0.01]
    """
    kl = np.asarray(kl, float)
    if kl.ndim != 1 or kl.size == 0:
        raise InvalidInputError(f"kl: expected a vector (D,) of nats, got shape {kl.shape}.")
    active = np.ones(len(kl), bool)
    title = "KL of each latent dimension"
    if variance_of_means is not None:
        if np.shape(variance_of_means) != kl.shape:
            got = np.shape(variance_of_means)
            raise InvalidInputError(f"variance_of_means: expected the shape of kl {kl.shape}, got {got}.")
        active = np.asarray(variance_of_means) > ACTIVE_VARIANCE
        verb = "is" if active.sum() == 1 else "are"
        title = f"{active.sum()} of {len(kl)} dimensions {verb} active"

    total = np.nansum(kl)
    note = f"{total:.1f} nats ({total / np.log(2):.1f} bits) per example."
    if not active.all():
        note += " Grey: inactive (variance of the posterior mean at most 0.01)."
    if not np.isfinite(kl).all():
        note += f" {(~np.isfinite(kl)).sum()} values are not finite."
    figure = new_figure(float(np.clip(2 + 0.6 * len(kl), 4.4, 7.2)), 2.8, title=title, note=note)
    ax = figure.add_subplot()
    style_axes(ax)
    order = np.argsort(-kl, kind="stable")
    colors = np.where(active[order], BLUE, _INACTIVE)
    ranks = np.arange(1, len(kl) + 1)
    ax.bar(ranks, np.where(np.isfinite(kl), kl, 0)[order], width=0.72, color=colors, linewidth=0)
    ax.set_xlim(0.4, len(kl) + 0.6)
    ax.set_ylim(ax.get_ylim()[0] if (kl < 0).any() else 0, max(ax.get_ylim()[1], _LEAST_TOP))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
    if len(kl) <= _MAX_NAMED:
        ax.set_xticks(ranks, [f"z{index}" for index in order])
        for index, label in zip(order, ax.get_xticklabels(), strict=True):
            label.set_color(INK if active[index] else _INACTIVE)
        ax.tick_params(axis="x", length=0)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=(1, 2, 5, 10)))
        ax.set_xlabel("rank of the latent dimension", size=LABEL, color=MUTED)
    ax.set_ylabel("KL, nats per example", size=LABEL, color=MUTED)
    bits = ax.secondary_yaxis("right", functions=(lambda nats: nats / np.log(2), lambda bits: bits * np.log(2)))
    bits.set_ylabel("bits", size=LABEL, color=MUTED)
    bits.tick_params(colors=MUTED, labelsize=LABEL, length=2.5, width=0.6, color=FAINT)
    bits.spines["right"].set(color=FAINT, linewidth=0.8)
    return figure
