"""Runs side by side: a panel a measure, a bar a run, the best marked."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from keras_vae.plots import plot_comparison, to_png
from keras_vae.plots.canvas import BLUE
from keras_vae.plots.comparison import DASH, format_value, shorten

TABLES = {"one": {"elbo": -91.25, "fid": 30.0}, "two": {"elbo": -102.5, "fid": None, "active_units": 7}}
BETTER = {"elbo": "higher", "fid": "lower"}


def widths(ax):
    return [bar.get_width() for bar in ax.patches]


def values(ax):
    return [text.get_text() for text in ax.texts if "is better" not in text.get_text()]


def marked(ax):
    return [same_color(bar.get_facecolor(), BLUE) for bar in ax.patches]


def test_a_panel_a_measure_and_a_bar_a_run():
    figure = plot_comparison(TABLES, better=BETTER)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["elbo", "fid", "active units"]
    assert widths(figure.axes[0]) == [-91.25, -102.5]
    assert [word.get_text() for word in figure.axes[0].get_yticklabels()] == ["one", "two"]
    assert figure.axes[0].get_ylim() == (1.5, -0.5), "the first run is at the top"
    assert not figure.axes[1].get_yticklabels(), "names stand once, at the left"
    assert "higher is better" in figure.axes[0].texts[-1].get_text()


def test_missing_values_are_dashes():
    figure = plot_comparison({"a": {"x": 1.0}, "b": {"x": np.nan}, "c": {}, "d": {"x": None}})
    assert values(figure.axes[0]) == ["1", DASH, DASH, DASH]
    assert widths(figure.axes[0]) == [1, 0, 0, 0]
    assert f"{DASH}: no value." in figure.texts[1].get_text()


@pytest.mark.parametrize(
    ("direction", "row", "best"),
    [
        ("higher", [1.0, 3.0, 2.0], [False, True, False]),
        ("lower", [1.0, 3.0, 2.0], [True, False, False]),
        ("lower", [-1.0, -3.0, np.nan], [False, True, False]),
        ("higher", [2.0, 2.0, np.inf], [True, True, False]),
        ("", [1.0, 3.0, 2.0], [False] * 3),
        ("higher", [1.0, None, np.nan], [False] * 3),
    ],
)
def test_the_best_is_marked_where_there_is_a_comparison(direction, row, best):
    figure = plot_comparison({f"run {i}": {"x": value} for i, value in enumerate(row)}, better={"x": direction})
    (ax,) = figure.axes
    assert marked(ax) == best
    bold = [text.get_weight() == "bold" for text in ax.texts if "is better" not in text.get_text()]
    assert bold == best


def test_bars_and_numbers_stay_inside():
    figure = plot_comparison({"a": {"x": -5.0}, "b": {"x": 10.0}, "c": {"x": 0.0}})
    low, high = figure.axes[0].get_xlim()
    assert low <= -5 and high > 10


@pytest.mark.slow
def test_twelve_measures_and_long_names_are_still_a_picture():
    tables = {f"run_{'long' * 20}_{i} $x": {f"measure {j} {'m' * 60}": i * j for j in range(12)} for i in range(5)}
    figure = plot_comparison(tables)
    assert len(figure.axes) == 12
    names = [word.get_text() for word in figure.axes[0].get_yticklabels()]
    assert max(map(len, names)) == 30 and len(set(names)) == 5
    to_png(figure)


def test_numbers_have_four_digits_and_names_one_line():
    written = [format_value(value) for value in (0, 1234567, 0.25, 123.456, -0.5, 1e-7, 2e9, -np.inf)]
    minus = "\N{MINUS SIGN}"
    assert written == ["0", "1,234,567", "0.25", "123.5", f"{minus}0.5", f"1.00e{minus}07", "2.00e+09", f"{minus}∞"]
    assert shorten("a\nb", 5) == "a b" and len(shorten("x" * 50, 11)) == 11


@pytest.mark.parametrize(
    ("tables", "better", "part"),
    [
        ({}, {}, "tables: expected at least one run"),
        ({"a": {}}, {}, "tables: expected at least one run"),
        ({"a": {"x": "high"}}, {}, r"tables\['a'\]\['x'\]: expected a number"),
        ({"a": {"x": [1, 2]}}, {}, r"tables\['a'\]\['x'\]: expected a number"),
        ({"a": {"x": 1}}, {"x": "up"}, r"better\['x'\]: expected one of"),
    ],
)
def test_what_does_not_fit_is_refused(refused, tables, better, part):
    with refused(f"^{part}.*, got "):
        plot_comparison(tables, better=better)
