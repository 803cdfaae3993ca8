"""Scores over seeds: a row a score, a colour a group, medians and ranges."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from keras_vae.plots import plot_scores, to_png

SCORES = {
    "beta-VAE": {"MIG": [0.1, 0.3, 0.2], "DCI_disentanglement": [0.5, 0.7]},
    "FactorVAE": {"MIG": [0.4, 0.6, 0.9], "SAP": [0.2]},
}


def note(figure):
    return figure.texts[1].get_text().replace("\n", " ")


def dots(figure):
    return [np.asarray(each.get_offsets()) for each in figure.axes[0].collections]


def ranges(figure, color):
    lines = figure.axes[0].lines
    return [line.get_xdata() for line in lines if same_color(line.get_color(), color)]


def test_rows_are_the_scores_in_their_order():
    (ax,) = plot_scores(SCORES).axes
    assert [word.get_text() for word in ax.get_yticklabels()] == ["MIG", "DCI disentanglement", "SAP"]
    low, high = ax.get_xlim()
    assert -0.1 < low <= 0 and 1 <= high < 1.1
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first row is at the top"


def test_dots_are_medians_and_lines_least_to_greatest():
    figure = plot_scores(SCORES)
    first, second = dots(figure)
    assert np.allclose(first[:, 0], [0.2, 0.6]) and np.allclose(second[:, 0], [0.6, 0.2])
    assert np.array_equal(np.round(first[:, 1]), [0, 1]) and np.array_equal(np.round(second[:, 1]), [0, 2])
    assert first[0, 1] < second[0, 1], "groups of a row stand below each other"
    color = figure.axes[0].collections[0].get_facecolor()[0]
    assert np.allclose(ranges(figure, color), [[0.1, 0.3], [0.5, 0.7]])


def test_groups_are_named_in_their_colours():
    figure = plot_scores(SCORES)
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == list(SCORES)
    for handle, cloud in zip(legend.legend_handles, figure.axes[0].collections, strict=True):
        assert same_color(handle.get_color(), cloud.get_facecolor()[0])


def test_what_is_not_finite_is_left_out_and_what_is_outside_stands_at_the_edge():
    figure = plot_scores({"a": {"x": [np.nan, 0.2, 0.4], "y": [1.5], "z": [np.inf], "empty": []}})
    (cloud,) = dots(figure)
    assert np.allclose(cloud[:, 0], [0.3, 1.0])
    assert "2 values are not finite and left out." in note(
        figure
    ) and "1 values outside 0 to 1 are at the edge." in note(figure)
    assert [word.get_text() for word in figure.axes[0].get_yticklabels()] == ["x", "y", "z", "empty"]
    to_png(figure)


def test_many_groups_and_long_names_are_still_a_picture():
    scores = {f"group {i} {'g' * 60} $": {f"score {j} {'s' * 60} $": [i / 13] for j in range(3)} for i in range(13)}
    figure = plot_scores(scores)
    assert max(len(text.get_text()) for text in figure.axes[0].get_legend().get_texts()) == 26
    to_png(figure)


@pytest.mark.parametrize(
    ("scores", "part"),
    [
        ({}, "scores: expected at least one group"),
        ({"a": {}}, "scores: expected at least one group"),
        ({"a": {"x": [[0.1], [0.2]]}}, r"scores\['a'\]\['x'\]: expected a vector"),
        ({"a": {"x": ["high"]}}, r"scores\['a'\]\['x'\]: expected a vector"),
    ],
)
def test_what_is_no_scores_is_refused(refused, scores, part):
    with refused(f"^{part}.*, got "):
        plot_scores(scores)
