"""The latent map: the dimension decides the picture, the labels the colours and names."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from keras_vae.errors import InvalidInputError
from keras_vae.plots import plot_latent_map, to_png
from keras_vae.plots.classes import CLASS_COLORS, name_classes

RNG = np.random.default_rng(0)
CORNERS = np.array([[0, 0], [9, 0], [0, 9]])


def drawn(figure):
    return np.asarray(figure.axes[0].collections[0].get_offsets())


def test_two_dimensions_are_drawn_as_they_are():
    codes = RNG.normal(size=(50, 2))
    figure = plot_latent_map(codes)
    (ax,) = figure.axes
    assert np.allclose(drawn(figure), codes)
    assert ax.get_aspect() == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("z0", "z1")
    assert ax.get_legend() is None


def test_more_dimensions_are_projected_on_the_widest_two():
    codes = RNG.normal(size=(400, 5)) * [0.1, 3, 0.1, 1, 0.1]
    figure = plot_latent_map(codes)
    (ax,) = figure.axes
    assert abs(np.corrcoef(drawn(figure)[:, 0], codes[:, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(drawn(figure)[:, 1], codes[:, 3])[0, 1]) > 0.99
    share = codes[:, 1].var() / codes.var(axis=0).sum()
    assert ax.get_xlabel() == f"principal component 1 ({share:.0%} of the variance)"


def test_classes_far_apart_are_named_at_their_medians():
    labels = np.repeat([0, 1, 2], 30)
    codes = CORNERS[labels] + RNG.normal(size=(90, 2)) / 10
    (ax,) = plot_latent_map(codes, labels, label_names=["shirt", "boot", "bag"]).axes
    assert [text.get_text() for text in ax.texts] == ["shirt", "boot", "bag"]
    assert np.allclose([text.get_position() for text in ax.texts], CORNERS, atol=0.2)
    assert ax.get_legend() is None
    colors = [to_hex(color) for color in ax.collections[0].get_facecolors()[::30]]
    assert colors == list(CLASS_COLORS[:3])


def test_classes_on_top_of_one_another_get_a_legend():
    (ax,) = plot_latent_map(RNG.normal(size=(90, 2)), np.repeat(["cat", "dog", "eel"], 30)).axes
    assert not ax.texts
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["cat", "dog", "eel"]


def test_one_dimension_is_a_histogram_a_class():
    figure = plot_latent_map(RNG.normal(size=(60, 1)), np.arange(60) % 3)
    (ax,) = figure.axes
    assert len(ax.patches) == 3
    assert len(ax.get_legend().get_texts()) == 3
    to_png(figure)


def test_codes_that_are_not_finite_are_left_out_and_counted():
    codes = RNG.normal(size=(20, 2))
    codes[3, 1] = np.nan
    figure = plot_latent_map(codes, np.arange(20) % 2)
    assert len(drawn(figure)) == 19
    assert "1 latents are not finite and left out" in figure.texts[1].get_text()


def test_many_classes_and_collapsed_codes_are_still_a_picture():
    to_png(plot_latent_map(np.zeros((60, 4)), np.arange(60) % 30, explained=(0.5, 0.25)))


def test_images_stand_at_their_latents_and_the_one_nearest_to_its_place_is_shown(caplog):
    codes = np.array([[0.0, 0.0], [0.2, 0.2], [18.0, 0.0], [np.nan, 0.0]])
    images = np.arange(4, dtype="uint8")[:, None, None, None] * np.ones((1, 5, 6, 1), "uint8")
    figure = plot_latent_map(codes, images=images)
    (ax,) = figure.axes
    shown = {int(image.get_array()[0, 0, 0]): image.get_extent() for image in ax.images}
    assert set(shown) == {1, 2}  # 1 is nearer to the centre of its cell than 0; 3 has no place
    for index, (left, right, bottom, top) in shown.items():
        assert left - 0.1 <= codes[index, 0] <= right + 0.1 and bottom - 0.1 <= codes[index, 1] <= top
    to_png(figure)
    assert not caplog.records  # Matplotlib logs fixed limits beside an equal aspect
    assert ax.get_xlim()[0] <= 0 and ax.get_xlim()[1] >= 18


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"codes": np.zeros(3)}, "codes"),
        ({"codes": np.full((3, 2), np.nan)}, "codes"),
        ({"labels": [1]}, "labels"),
        ({"labels": [0, 1, 2], "label_names": ["a", "b"]}, "labels"),
        ({"explained": [0.5]}, "explained"),
        ({"images": np.zeros((2, 4, 4, 1))}, "images"),
        ({"images": np.zeros((3, 4, 4, 2))}, "images"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, part):
    with pytest.raises(InvalidInputError, match=f"^{part}: expected .*, got [^\n]*$"):
        plot_latent_map(**{"codes": np.eye(3)[:, :2], **arguments})


def test_an_example_may_have_no_label():
    classes, names = name_classes([1, -1, 0, -1], ("cat", "dog"), 4)
    assert classes.tolist() == [2, 0, 1, 0] and names == ["no label", "cat", "dog"]
