"""Samples, reconstructions, traversals and interpolations: the right event in every cell."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from keras_vae.errors import InvalidInputError
from keras_vae.plots import plot_interpolation, plot_reconstructions, plot_samples, plot_traversals
from keras_vae.plots.canvas import BLUE, ORANGE

RNG = np.random.default_rng(0)


def by_cell(figure):
    """The axes of a sheet as rows, from top to bottom and left to right."""
    rows = {}
    for ax in figure.axes:
        rows.setdefault(round(ax.get_position().y0, 4), []).append(ax)
    return [sorted(rows[y], key=lambda ax: ax.get_position().x0) for y in sorted(rows, reverse=True)]


def pixels(ax):
    return np.asarray(ax.images[0].get_array())[..., None]


def words(ax):
    return [text.get_text() for text in ax.texts]


def note(figure):
    return figure.texts[1].get_text().replace("\n", " ")


def test_samples_fill_a_near_square_grid_in_order():
    images = RNG.random((10, 8, 8, 1))
    cells = by_cell(plot_samples(images))
    assert [len(row) for row in cells] == [4, 4, 2]
    drawn = np.stack([pixels(ax) for row in cells for ax in row])
    assert np.array_equal(drawn, images)


@pytest.mark.slow
def test_samples_beyond_what_fits_are_counted():
    figure = plot_samples(np.zeros((1000, 2, 2, 1)))
    assert len(figure.axes) == 144
    assert "144 of 1,000" in note(figure)


def test_samples_refuse_no_columns():
    with pytest.raises(InvalidInputError, match="columns: expected at least 1, got 0"):
        plot_samples(np.zeros((3, 4, 4, 1)), columns=0)


@pytest.mark.slow
def test_reconstructions_lie_below_their_originals():
    x, rebuilt = RNG.random((5, 6, 6, 1)), RNG.random((5, 6, 6, 1))
    cells = by_cell(plot_reconstructions(x, rebuilt, columns=3, labels=list("abcde"), errors=np.arange(5) / 8))
    assert [len(row) for row in cells] == [3, 3, 2, 2]
    assert np.array_equal(pixels(cells[0][2]), x[2])
    assert np.array_equal(pixels(cells[1][2]), rebuilt[2])
    assert np.array_equal(pixels(cells[3][1]), rebuilt[4])
    assert "c" in words(cells[0][2])
    assert "0.25" in words(cells[1][2])


@pytest.mark.slow
def test_a_baseline_lies_below_the_reconstructions():
    x, rebuilt, other = RNG.random((3, 4, 6, 6, 1))
    cells = by_cell(plot_reconstructions(x, rebuilt, columns=2, baseline=other, baseline_name="PCA"))
    assert [len(row) for row in cells] == [2] * 6
    assert np.array_equal(pixels(cells[4][1]), rebuilt[3]) and np.array_equal(pixels(cells[5][1]), other[3])
    assert "PCA" in words(cells[2][0])


def test_vectors_are_overlaid_on_one_scale():
    x = RNG.normal(size=(7, 20))
    figure = plot_reconstructions(x, x / 2)
    assert len(figure.axes) == 7
    original, rebuilt = figure.axes[3].lines
    assert np.array_equal(original.get_ydata(), x[3])
    assert np.array_equal(rebuilt.get_ydata(), x[3] / 2)
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    assert "Orange: reconstruction." in note(figure)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"reconstructions": np.zeros((4, 5, 5, 1))}, "reconstructions"),
        ({"baseline": np.zeros((4, 5, 5, 1))}, "baseline"),
        ({"labels": [1, 2]}, "labels"),
        ({"errors": np.zeros((4, 1))}, "errors"),
        ({"columns": 0}, "columns"),
    ],
)
def test_reconstructions_that_do_not_fit_are_refused(arguments, part):
    x = np.zeros((4, 6, 6, 1))
    with pytest.raises(InvalidInputError, match=f"^{part}: expected .* got [^\n]*$"):
        plot_reconstructions(**{"x": x, "reconstructions": x, **arguments})


def test_traversals_put_the_greatest_kl_first():
    images = RNG.random((3, 5, 4, 4, 1))
    cells = by_cell(plot_traversals(images, np.linspace(-2, 2, 5), kl=np.array([0.5, 3.0, np.nan])))
    assert [words(row[0])[-1].split("\n")[0] for row in cells] == ["z1", "z0", "z2"]
    assert "z1\n3.00 nats" in words(cells[0][0])
    assert [words(ax)[0] for ax in cells[0]] == ["−2", "−1", "0", "+1", "+2"]  # noqa: RUF001
    drawn = np.stack([[pixels(ax) for ax in row] for row in cells])
    assert np.array_equal(drawn, images[[1, 0, 2]])


def test_traversals_draw_at_most_16_rows():
    images = np.zeros((20, 2, 3, 3, 1))
    figure = plot_traversals(images, [-1, 1], kl=np.arange(20.0))
    cells = by_cell(figure)
    assert [words(row[0])[-1].split("\n")[0] for row in cells] == [f"z{index}" for index in range(19, 3, -1)]
    assert "16 of 20 shown" in note(figure)
    assert [words(row[0])[-1] for row in by_cell(plot_traversals(images[:3], [-1, 1]))] == ["z0", "z1", "z2"]


def test_traversals_of_some_dimensions_are_named_after_them():
    images = RNG.random((2, 2, 3, 3, 1))
    figure = plot_traversals(images, [-1, 1], kl=np.arange(20.0), dimensions=[3, 7])
    cells = by_cell(figure)
    assert [words(row[0])[-1] for row in cells] == ["z7\n7.00 nats", "z3\n3.00 nats"]
    assert np.array_equal(pixels(cells[0][0]), images[1, 0]) and "2 of 20 shown" in note(figure)
    assert "2 of 30 shown" in note(plot_traversals(images, [-1, 1], dimensions=[3, 7], total=30))
    with pytest.raises(InvalidInputError, match="^dimensions: expected shape"):
        plot_traversals(images, [-1, 1], dimensions=[1])


@pytest.mark.parametrize(("values", "kl", "part"), [([1.0], None, "values"), ([0.0, 1.0], [1.0], "kl")])
def test_traversals_that_do_not_fit_are_refused(values, kl, part):
    with pytest.raises(InvalidInputError, match=f"^{part}: expected shape"):
        plot_traversals(np.zeros((3, 2, 4, 4, 1)), values, kl=kl)


def test_interpolation_frames_its_ends_between_the_originals():
    images, a, b = RNG.random((2, 5, 4, 4, 1)), RNG.random((2, 4, 4, 1)), RNG.random((2, 4, 4, 1))
    cells = by_cell(plot_interpolation(images, endpoints=(a, b)))
    assert [len(row) for row in cells] == [7, 7]
    for row, strip, first, last in zip(cells, images, a, b, strict=True):
        assert np.array_equal(np.stack([pixels(ax) for ax in row]), np.stack([first, *strip, last]))
        assert same_color([row[k].spines["left"].get_edgecolor() for k in (1, 5)], [BLUE, ORANGE])
    assert words(cells[0][0]) + words(cells[0][1]) == ["original A", "decoded A"]
    assert words(cells[0][3]) == ["0.50"]


def test_interpolation_of_vectors_is_lines():
    images = RNG.normal(size=(1, 4, 9))
    figure = plot_interpolation(images)
    assert np.array_equal(np.stack([ax.lines[0].get_ydata() for ax in figure.axes]), images[0])


def test_interpolation_that_does_not_fit_is_refused():
    with pytest.raises(InvalidInputError, match="at least 2 steps"):
        plot_interpolation(np.zeros((2, 1, 4, 4, 1)))
    with pytest.raises(InvalidInputError, match=r"^endpoints: expected two arrays of shape \(2, 4, 4, 1\), got"):
        plot_interpolation(np.zeros((2, 3, 4, 4, 1)), endpoints=(np.zeros((2, 4, 4, 1)), np.zeros((1, 4, 4, 1))))
