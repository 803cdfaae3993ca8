"""Rate and distortion: the frontier and its knee, families as lines, seeds about their median."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from keras_vae.plots import knee, plot_rate_distortion, to_png
from keras_vae.plots.rate_distortion import pareto_frontier

RNG = np.random.default_rng(0)
LINE = {"rates": [2.0, 5.0, 20.0], "distortions": [90.0, 60.0, 50.0], "labels": ["beta = 8", "beta = 4", "beta = 1"]}


def drawn(figure, gid):
    return [artist for artist in figure.axes[0].get_children() if artist.get_gid() == gid]


def balance(figure):
    (ring,) = drawn(figure, "balance")
    return np.asarray(ring.get_offsets())[0].tolist()


def note(figure):
    return figure.texts[1].get_text().replace("\n", " ")


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_the_frontier_holds_what_no_other_point_beats():
    rates, distortions = RNG.random((2, 60))
    beaten = [
        any(
            r <= rates[i] and d <= distortions[i] and (r < rates[i] or d < distortions[i])
            for r, d in zip(rates, distortions, strict=True)
        )
        for i in range(60)
    ]
    frontier = pareto_frontier(rates, distortions)
    assert sorted(frontier) == np.flatnonzero(~np.array(beaten)).tolist()
    assert (np.diff(rates[frontier]) > 0).all() and (np.diff(distortions[frontier]) < 0).all()


def test_of_equal_points_and_equal_rates_the_frontier_has_one():
    assert pareto_frontier([1, 1, 1, 2], [5, 4, 4, 4]).tolist() == [1]


def test_the_knee_is_where_the_tangent_has_the_slope_of_the_chord():
    """D = 1 / R from 1/4 to 4 has a chord of slope -1, and the tangent of that slope at R = 1."""
    rates = np.geomspace(0.25, 4, 81)
    assert rates[knee(rates, 1 / rates)] == pytest.approx(1)


def test_the_knee_does_not_depend_on_units_or_order():
    rates = np.sort(RNG.random(30)) * 30
    distortions = 100 * np.exp(-rates / 6)
    expected = knee(rates, distortions)
    assert knee(rates / 7, distortions * 1000 + 5) == expected
    order = RNG.permutation(30)
    assert order[knee(rates[order], distortions[order])] == expected


def test_points_above_the_frontier_and_broken_ones_do_not_move_the_knee():
    assert knee([2, 5, 20, 4, np.nan, 1], [90, 60, 50, 95, 0, np.inf]) == 1


def test_without_a_point_below_the_chord_the_knee_is_the_end_of_the_greater_elbo():
    assert knee([7], [3]) == 0
    assert knee([0, 10], [100, 0]) == 1
    assert knee([0, 10], [100, 99]) == 0
    assert knee([0, 5, 10], [10, 9, 0]) == 1 + 1, "bulging outwards"
    assert knee([0, 5, 10], [10, 5, 0]) == 2, "straight"


def test_a_family_is_one_line_in_order_of_rate_and_of_one_colour():
    figure = plot_rate_distortion(
        [20, 2, 9, 3], [50, 90, 70, 95], labels=["c", "a", "b", "a"], groups=["beta-VAE"] * 3 + ["FactorVAE"]
    )
    first, second = drawn(figure, "family")
    assert first.get_xdata().tolist() == [2, 9, 20] and first.get_ydata().tolist() == [90, 70, 50]
    assert second.get_xdata().tolist() == [3]
    assert not same_color(first.get_color(), second.get_color())
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["beta-VAE", "FactorVAE"]


def test_seeds_are_small_points_about_their_median():
    figure = plot_rate_distortion([1, 2, 6, 20], [90, 80, 70, 10], labels=["a", "a", "a", "b"])
    (line,) = drawn(figure, "family")
    assert np.array_equal(line.get_xydata(), [[2, 80], [20, 10]])
    (seeds,) = drawn(figure, "seeds")
    assert np.array_equal(seeds.get_offsets(), [[1, 90], [2, 80], [6, 70]])
    assert "Small points: seeds." in note(figure)


def test_the_balance_is_the_knee_or_the_model_of_the_run_given():
    assert balance(plot_rate_distortion(**LINE)) == [5, 60]
    assert "Ring: the balance point, beta = 4." in note(plot_rate_distortion(**LINE))
    assert balance(plot_rate_distortion(**LINE, balance=2)) == [20, 50]
    assert balance(plot_rate_distortion([1, 2, 3], [3, 2, 1], labels=["a", "b", "b"], balance=2)) == [2.5, 1.5]


def test_along_a_diagonal_the_elbo_is_the_one_written():
    figure = plot_rate_distortion(**LINE)
    named = {text.xy: text.get_text() for text in figure.axes[0].texts if "ELBO" in text.get_text()}
    assert len(named) >= 3
    for (rate, distortion), text in named.items():
        assert float(text.removeprefix("ELBO ").replace("\N{MINUS SIGN}", "-")) == pytest.approx(
            -distortion - rate * np.log(2)
        )
    for line in drawn(figure, "elbo"):
        rate, distortion = line.get_data()
        assert np.ptp(distortion + rate * np.log(2)) == pytest.approx(0, abs=1e-9)


def test_an_elbo_of_zero_has_no_sign():
    figure = plot_rate_distortion([0, 30], [20, -40], labels=["a", "b"])
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "ELBO 0" in texts and "ELBO \N{MINUS SIGN}0" not in texts


def test_steep_diagonals_are_named_at_the_top():
    figure = plot_rate_distortion([30, 200], [20, 8], labels=["a", "b"])
    top = figure.axes[0].get_ylim()[1]
    named = [text for text in figure.axes[0].texts if "ELBO" in text.get_text()]
    assert named and all(text.xy[1] == top for text in named)


def test_runs_that_are_not_finite_are_left_out_and_counted():
    figure = plot_rate_distortion(
        [2, 5, np.nan, 20], [90, 60, 1, np.inf], labels=list("abcd"), groups=["g", "g", "h", "g"]
    )
    (line,) = drawn(figure, "family")
    assert len(line.get_xdata()) == 2
    assert "2 runs are not finite and left out." in note(figure)
    to_png(figure)


def test_names_stand_by_their_points_and_do_not_pile_up():
    assert {"beta = 8", "beta = 4", "beta = 1"} <= set(words(plot_rate_distortion(**LINE)))
    crowd = plot_rate_distortion(
        5 + RNG.random(60) / 50, 5 + RNG.random(60) / 50, labels=[f"run {i}" for i in range(60)]
    )
    assert 0 < sum("run" in word for word in words(crowd)) < 60
    same = plot_rate_distortion([1] * 50, [1] * 50, labels=[f"run {i}" for i in range(50)])
    assert sum("run" in word for word in words(same)) < 5


def test_one_run_with_a_long_name_is_still_a_picture():
    figure = plot_rate_distortion([3], [9], labels=["costs $5 and \\bad{ $ " * 9])
    assert max(map(len, words(figure))) <= 24
    to_png(figure)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"rates": [1.0, 2.0]}, "plot_rate_distortion: expected numbers, rates"),
        ({"rates": np.ones((3, 1)), "distortions": np.ones((3, 1))}, "plot_rate_distortion: expected numbers, rates"),
        ({"rates": ["a", "b", "c"]}, "plot_rate_distortion: expected numbers, rates"),
        ({"rates": [np.nan] * 3}, "plot_rate_distortion: expected at least one finite"),
        ({"labels": ["a"]}, "labels: expected 3"),
        ({"labels": "abc"}, "labels: expected 3"),
        ({"groups": ["a", "b"]}, "groups: expected 3"),
        ({"balance": 3}, "balance: expected the index"),
        ({"balance": True}, "balance: expected the index"),
        ({"balance": 0.5}, "balance: expected the index"),
        ({"balance": 0, "rates": [np.nan, 1.0, 2.0]}, "balance: expected a run with finite"),
    ],
)
def test_what_does_not_fit_is_refused(refused, changes, part):
    with refused(f"^{part}.*, got "):
        plot_rate_distortion(**{**LINE, **changes})
