"""KL bars: sorted, in nats and bits, with the active dimensions counted in words."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from keras_vae.errors import InvalidInputError
from keras_vae.plots import plot_kl_per_dimension, to_png
from keras_vae.plots.canvas import BLUE


def test_bars_are_sorted_and_named():
    (ax,) = plot_kl_per_dimension([0.5, 2.0, 1.0]).axes
    assert [bar.get_height() for bar in ax.patches] == [2.0, 1.0, 0.5]
    assert [word.get_text() for word in ax.get_xticklabels()] == ["z1", "z2", "z0"]


def test_the_second_axis_is_in_bits():
    figure = plot_kl_per_dimension([np.log(2), 3 * np.log(2)])
    to_png(figure)
    (ax,) = figure.axes
    (bits,) = ax.child_axes
    assert np.allclose(np.array(ax.get_ylim()) / np.log(2), bits.get_ylim())
    assert "2.8 nats (4.0 bits)" in figure.texts[1].get_text()


def test_active_dimensions_are_counted_in_words_and_the_others_grey():
    figure = plot_kl_per_dimension([1.0, 0.02, 3.0], variance_of_means=[0.5, 0.01, 0.011])
    assert figure.texts[0].get_text() == "2 of 3 dimensions are active"
    assert [same_color(bar.get_facecolor(), BLUE) for bar in figure.axes[0].patches] == [True, True, False]
    one = plot_kl_per_dimension([1.0, 0.0], variance_of_means=[1.0, 0.0])
    assert one.texts[0].get_text() == "1 of 2 dimensions is active"


def test_a_collapsed_posterior_looks_collapsed():
    (ax,) = plot_kl_per_dimension(np.full(4, 1e-5), variance_of_means=np.zeros(4)).axes
    assert ax.get_ylim() == (0, 0.1)


def test_many_and_broken_dimensions_are_still_a_picture():
    kl = np.linspace(-0.1, 2, 100)
    kl[7] = np.nan
    figure = plot_kl_per_dimension(kl)
    assert "1 values are not finite." in figure.texts[1].get_text().replace("\n", " ")
    assert figure.axes[0].get_ylim()[0] < -0.1
    to_png(figure)


@pytest.mark.parametrize(
    ("kl", "variance", "part"), [(np.zeros((2, 2)), None, "kl"), ([], None, "kl"), ([1.0], [1, 2], "variance_of_means")]
)
def test_what_does_not_fit_is_refused(kl, variance, part):
    with pytest.raises(InvalidInputError, match=f"^{part}: expected .*, got "):
        plot_kl_per_dimension(kl, variance_of_means=variance)
