"""The factor matrix: rows on a diagonal, dead rows last and grey, values in small ones."""

import numpy as np
import pytest

from keras_vae.plots import plot_factor_matrix, to_png
from keras_vae.plots.canvas import INK, MUTED
from keras_vae.plots.comparison import DASH

RNG = np.random.default_rng(0)


def rows(figure):
    return [word.get_text() for word in figure.axes[0].get_yticklabels()]


def cells(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def note(figure):
    return figure.texts[1].get_text().replace("\n", " ")


def test_a_shuffled_diagonal_is_put_in_order():
    order = RNG.permutation(6)
    figure = plot_factor_matrix(np.diag(np.arange(1.0, 7))[order], factor_names=list("abcdef"))
    assert np.array_equal(cells(figure), np.diag(np.arange(1.0, 7)))
    assert rows(figure) == [f"z{index}" for index in np.argsort(order)]
    assert [word.get_text() for word in figure.axes[0].get_xticklabels()] == list("abcdef")


def test_rows_of_one_factor_stand_together_the_greatest_first():
    figure = plot_factor_matrix([[0, 0.4], [0.9, 0], [0.1, 0.8], [0.3, 0.2]], factor_names=["a", "b"])
    assert rows(figure) == ["z1", "z3", "z2", "z0"]


def test_dead_rows_come_last_and_are_grey():
    figure = plot_factor_matrix([[0.001, 0], [0, 1], [0, 0], [1, 0]], factor_names=["a", "b"], note="Importance.")
    assert rows(figure) == ["z3", "z1", "z0", "z2"]
    assert [word.get_color() for word in figure.axes[0].get_yticklabels()] == [INK, INK, MUTED, MUTED]
    (band,) = figure.axes[0].patches
    assert (band.get_y(), band.get_height()) == (1.5, 2)
    assert note(figure) == "Importance. Grey, dead: 2 of 4 dimensions."


def test_a_dead_code_is_all_grey():
    figure = plot_factor_matrix(np.zeros((3, 2)), factor_names=["a", "b"])
    assert rows(figure) == ["z0", "z1", "z2"] and "3 of 3" in note(figure)
    to_png(figure)


def test_values_are_written_into_few_cells_and_a_scale_stands_by_many():
    few = plot_factor_matrix([[0.25, 0], [0, 0.5]], factor_names=["a", "b"])
    assert [text.get_text() for text in few.axes[0].texts] == ["0.25", "0.00", "0.00", "0.50"]
    assert len(few.axes) == 1
    many = plot_factor_matrix(RNG.random((17, 2)), factor_names=["a", "b"])
    assert not many.axes[0].texts and len(many.axes) == 2


def test_of_many_dimensions_the_greatest_are_shown():
    matrix = np.zeros((100, 3))
    matrix[60:] = RNG.random((40, 3)) + 0.1
    figure = plot_factor_matrix(matrix, factor_names=["a", "b", "c"])
    assert len(rows(figure)) == 48
    assert {f"z{index}" for index in range(60, 100)} <= set(rows(figure))
    assert "the 48 of 100 dimensions with the largest values" in note(figure)
    to_png(figure)


def test_values_that_are_not_finite_are_dashes_and_counted():
    figure = plot_factor_matrix([[np.nan, 0.5], [1, np.inf]], factor_names=["a", "b"])
    assert sorted(text.get_text() for text in figure.axes[0].texts) == sorted([DASH, "0.50", "1.00", DASH])
    assert "2 values are not finite." in note(figure)
    to_png(plot_factor_matrix([[np.nan]], factor_names=["only"]))


def test_long_names_are_slanted_and_cut():
    figure = plot_factor_matrix(np.eye(2), factor_names=["short", "a name with $ that is much longer than its column"])
    words = figure.axes[0].get_xticklabels()
    assert words[1].get_rotation() == 35 and len(words[1].get_text()) == 22
    to_png(figure)


@pytest.mark.parametrize(
    ("matrix", "names", "part"),
    [
        ([1.0, 2.0], ["a", "b"], "matrix: expected a non-empty array of numbers"),
        (np.zeros((0, 2)), ["a", "b"], "matrix: expected a non-empty array of numbers"),
        ([["a", "b"]], ["a", "b"], "matrix: expected a non-empty array of numbers"),
        (np.eye(2), ["a"], "factor_names: expected 2 names"),
        (np.eye(2), "ab", "factor_names: expected 2 names"),
    ],
)
def test_what_does_not_fit_is_refused(refused, matrix, names, part):
    with refused(f"^{part}.*, got "):
        plot_factor_matrix(matrix, factor_names=names)
