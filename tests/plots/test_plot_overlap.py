"""Codes over draws of the prior: the directions that differ, and the share of holes."""

import numpy as np
import pytest
from scipy import stats

from keras_vae.plots import plot_overlap, to_png
from keras_vae.plots.overlap import most_different_directions

RNG = np.random.default_rng(0)


def clouds(figure):
    return [np.asarray(cloud.get_offsets()) for cloud in figure.axes[0].collections]


def title(figure):
    return figure.texts[0].get_text().replace("\n", " ")


def note(figure):
    return figure.texts[1].get_text().replace("\n", " ")


def test_two_dimensions_are_drawn_as_they_are_the_codes_on_top():
    codes, draws = RNG.normal(size=(40, 2)), RNG.normal(size=(50, 2))
    figure = plot_overlap(codes, draws)
    below, above = clouds(figure)
    assert np.allclose(below, draws) and np.allclose(above, codes)
    assert figure.axes[0].get_xlabel() == "z0"


def test_of_more_dimensions_the_two_that_differ_most_are_drawn():
    codes, draws = RNG.normal(size=(2, 4000, 6))
    codes[:, 4] += 5
    codes[:, 1] *= 0.05
    figure = plot_overlap(codes, draws)
    below, above = clouds(figure)
    assert np.allclose(below.std(axis=0), 1, atol=0.05)
    assert abs(above[:, 0].mean()) == pytest.approx(5, rel=0.1)
    assert above[:, 1].std() == pytest.approx(0.05, rel=0.2)


def test_the_directions_do_not_depend_on_the_units_of_the_dimensions():
    codes, draws = RNG.normal(size=(2, 2000, 4))
    codes[:, 2] *= 4
    units = RNG.uniform(0.1, 10, 4)
    plain = (codes - draws.mean(axis=0)) @ most_different_directions(codes, draws)
    scaled = (codes * units - (draws * units).mean(axis=0)) @ most_different_directions(codes * units, draws * units)
    assert np.allclose(abs(plain[:, 0]), abs(scaled[:, 0]))


def test_one_dimension_is_two_histograms_of_shares():
    figure = plot_overlap(RNG.normal(size=(300, 1)), RNG.normal(size=(70, 1)))
    assert not figure.axes[0].collections and len(figure.axes[0].patches) == 2
    for patch in figure.axes[0].patches:
        corners = patch.get_path().vertices
        heights, at = np.unique(corners[:, 0], return_index=True)[0], corners
        assert len(heights) > 10 and at[:, 1].min() == 0


def test_the_share_of_holes_is_the_closed_form():
    """q(z) = N(0, s^2) in one dimension: its density is below its 1 % quantile beyond |z| = 2.576 s."""
    spread = 0.5
    codes, draws = RNG.normal(0, spread, (20_000, 1)), RNG.normal(size=(20_000, 1))
    log_q = [stats.norm.logpdf(each[:, 0], scale=spread) for each in (codes, draws)]
    figure = plot_overlap(codes, draws, log_density_of_codes=log_q[0], log_density_of_draws=log_q[1])
    expected = 2 * stats.norm.sf(stats.norm.isf(0.005) * spread)
    share = float(title(figure).split("Holes: ")[1].split("%")[0]) / 100
    assert share == pytest.approx(expected, abs=0.01)
    assert len(figure.axes) == 2
    (threshold,) = (line.get_xdata()[0] for line in figure.axes[1].lines)
    assert threshold == pytest.approx(stats.norm.logpdf(stats.norm.isf(0.005) * spread, scale=spread), abs=0.1)


def test_a_density_of_zero_is_a_hole_and_nan_is_left_out():
    density = np.linspace(-1, 0, 10)
    figure = plot_overlap(
        RNG.normal(size=(10, 2)),
        RNG.normal(size=(6, 2)),
        log_density_of_codes=density,
        log_density_of_draws=[-np.inf, -np.inf, -0.5, -0.5, np.nan, np.inf],
    )
    assert "Holes: 50.0%" in title(figure)
    assert "2 points or densities are not finite and left out." in note(figure)
    to_png(figure)


def test_points_that_are_not_finite_are_left_out_and_counted():
    codes = RNG.normal(size=(30, 3))
    codes[[2, 5], 1] = np.nan
    figure = plot_overlap(codes, RNG.normal(size=(20, 3)))
    assert [len(each) for each in clouds(figure)] == [20, 28]
    assert "2 points or densities are not finite and left out." in note(figure)


def test_of_many_points_some_are_drawn_and_all_are_counted():
    figure = plot_overlap(RNG.normal(size=(50_000, 2)), RNG.normal(size=(9000, 2)))
    assert [len(each) for each in clouds(figure)] == [3000, 3000]
    words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert words == ["samples from the prior (9,000)", "latents of the data (50,000)"]


@pytest.mark.parametrize("dimensions", [1, 2, 7])
def test_one_point_and_a_collapsed_code_are_still_pictures(dimensions):
    to_png(plot_overlap(np.ones((1, dimensions)), np.zeros((1, dimensions))))
    figure = plot_overlap(
        np.zeros((9, dimensions)),
        np.zeros((8, dimensions)),
        log_density_of_codes=np.zeros(9),
        log_density_of_draws=np.full(8, -np.inf),
    )
    assert "Holes: 100.0%" in title(figure)
    to_png(figure)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"codes": np.zeros(4)}, "codes: expected"),
        ({"codes": np.zeros((0, 2))}, "codes: expected"),
        ({"prior_draws": np.zeros((3, 4))}, "prior_draws: expected 2 columns"),
        ({"codes": np.full((3, 2), np.nan)}, "plot_overlap: expected finite rows"),
        ({"log_density_of_codes": np.zeros(5)}, "log_density_of_draws: expected shape"),
        ({"log_density_of_codes": np.zeros(4), "log_density_of_draws": np.zeros(3)}, "log_density_of_codes: expected"),
        ({"log_density_of_codes": np.full(5, np.nan), "log_density_of_draws": np.zeros(3)}, "log_density: expected"),
    ],
)
def test_what_does_not_fit_is_refused(refused, changes, part):
    with refused(f"^{part}.* got "):
        plot_overlap(**{"codes": np.ones((5, 2)), "prior_draws": np.ones((3, 2)), **changes})
