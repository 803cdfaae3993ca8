"""The course of the training: panels, lines, gaps and what is cut off."""

import numpy as np
import pytest

from keras_vae.errors import InvalidInputError
from keras_vae.plots import plot_history, to_png


def titles(figure):
    return [ax.get_title(loc="left") for ax in figure.axes]


def words(ax):
    return " ".join(text.get_text() for text in ax.texts)


def test_one_panel_a_metric_with_both_lines():
    history = {"kl": [1, 2, 3], "loss": [9, 8, 7], "val_loss": [9, 9, 8], "learning_rate": [1e-3] * 3, "tc": [0, 1, 1]}
    figure = plot_history(history)
    assert titles(figure) == ["loss", "KL from posterior to prior", "tc", "learning rate"]
    train, validation = figure.axes[0].lines
    assert list(train.get_xdata()) == [1, 2, 3]
    assert list(train.get_ydata()) == [9, 8, 7]
    assert list(validation.get_ydata()) == [9, 9, 8]
    assert "train 7" in words(figure.axes[0])
    assert "validation 8" in words(figure.axes[0])
    assert "nats per example" in words(figure.axes[2])
    assert "nats" not in words(figure.axes[3])


def test_one_epoch_is_a_point():
    figure = plot_history({"loss": [3.0], "val_loss": [4.0]})
    assert figure.texts[0].get_text() == "Training over 1 epoch"
    assert [line.get_markevery() for line in figure.axes[0].lines] == [[0], [0]]
    to_png(figure)


def test_values_that_are_not_finite_leave_a_noted_gap():
    figure = plot_history({"loss": [5.0, np.nan, 4.0, np.inf, 3.0, 2.0], "val_loss": [np.nan] * 6})
    (ax,) = figure.axes
    assert np.isnan(ax.lines[0].get_ydata()).tolist() == [False, True, False, True, False, False]
    assert ax.lines[0].get_markevery() == [0, 2]
    assert "gaps: 8 not finite (epochs 1 to 6)" in words(ax)
    assert ax.get_ylim()[1] < 6
    to_png(figure)


def test_a_metric_without_any_finite_value_is_still_a_picture():
    to_png(plot_history({"loss": [np.nan, np.nan]}))


def test_a_huge_first_epoch_is_cut_off_and_said():
    late = 100 + 50 * np.exp(-np.arange(1, 30) / 5)
    (ax,) = plot_history({"loss": [1e5, *late]}).axes
    low, high = ax.get_ylim()
    assert low < late.min() < late.max() < high < 200
    (triangles,) = ax.collections
    assert np.allclose(triangles.get_offsets(), [[1, high]])
    assert "triangles: clipped values, up to 1e+05 (epoch 1)" in words(ax)


def test_a_late_rise_is_not_cut_off():
    (ax,) = plot_history({"kl": [0.0] * 35 + [10.0] * 5}).axes
    assert ax.get_ylim()[1] > 10
    assert not ax.collections


def test_sparse_validation_lies_on_its_epochs():
    (ax,) = plot_history({"loss": np.arange(6.0), "val_loss": [1.0, 2.0, 3.0]}).axes
    assert list(ax.lines[1].get_xdata()) == [2, 4, 6]


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"loss": 3.0}, {"loss": ["high", "low"]}])
def test_what_is_not_a_history_is_refused(history):
    with pytest.raises(InvalidInputError, match=r"^history.*: expected .*, got"):
        plot_history(history)
