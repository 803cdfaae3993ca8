"""Steps along paths: their mean and band, against the even step."""

import numpy as np
import pytest

from keras_vae.plots import plot_path_lengths, to_png

RNG = np.random.default_rng(0)


def note(figure):
    return figure.texts[1].get_text().replace("\n", " ")


def test_the_line_is_the_mean_and_the_dashed_one_the_even_step():
    steps = RNG.random((7, 5))
    figure = plot_path_lengths(steps, distance_name="mean squared difference")
    (ax,) = figure.axes
    even, line = ax.lines
    assert np.allclose(line.get_xydata(), np.stack([np.arange(1, 6), steps.mean(axis=0)], axis=1))
    assert np.allclose(even.get_ydata(), steps.mean())
    assert ax.get_ylabel() == "mean squared difference"
    assert note(figure).startswith("Mean of 7 paths;")


def test_the_band_holds_the_middle_eighty_per_cent():
    steps = np.repeat(np.arange(11.0)[:, np.newaxis], 3, axis=1)
    (band,) = plot_path_lengths(steps).axes[0].collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1, 9)


def test_a_jump_is_told_in_times_the_even_step():
    steps = np.ones((4, 10))
    steps[:, 6] = 11
    figure = plot_path_lengths(steps)
    assert figure.texts[0].get_text() == "The largest step is 5.5 times the even step"


def test_jumps_at_different_places_are_told_of_each_path():
    """They even out in the mean; within a path the greatest of 10 steps is 10 times the mean."""
    figure = plot_path_lengths(np.eye(10))
    assert figure.texts[0].get_text() == "The largest step is 1.0 times the even step"
    assert "the largest step is typically 10.0 times the mean step" in note(figure)


def test_one_path_has_no_band():
    figure = plot_path_lengths([[1.0, 2.0, 3.0]])
    assert not figure.axes[0].collections and note(figure).startswith("Mean of 1 path. ")


def test_steps_that_are_not_finite_are_left_out_and_counted():
    figure = plot_path_lengths([[1.0, np.nan, 2.0], [3.0, np.inf, np.nan]])
    even, line = figure.axes[0].lines
    assert np.array_equal(line.get_ydata(), [2, np.nan, 2], equal_nan=True)
    assert even.get_ydata()[0] == 2
    assert "3 steps are not finite and left out." in note(figure)
    to_png(figure)


def test_one_step_and_paths_that_do_not_move_are_still_pictures():
    to_png(plot_path_lengths([[2.0]], distance_name="a long name with $ " * 8))
    still = plot_path_lengths(np.zeros((3, 4)))
    assert still.texts[0].get_text() == "The images do not change along the paths"
    to_png(still)


@pytest.mark.parametrize(
    ("steps", "part"),
    [
        ([1.0, 2.0], "expected a non-empty array"),
        (np.zeros((0, 3)), "expected a non-empty array"),
        ([["a"]], "expected a non-empty array"),
        ([[1.0, -1.0]], "expected finite distances of 0 or more, got a negative distance"),
        ([[np.nan]], "expected finite distances of 0 or more, got no finite distance"),
    ],
)
def test_what_is_no_distances_is_refused(refused, steps, part):
    with refused(f"^steps: {part}"):
        plot_path_lengths(steps)
