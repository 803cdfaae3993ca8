"""The shared parts: events as images or lines, crisp pixels, and the ways out."""

import base64
import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from keras_vae.errors import InvalidInputError
from keras_vae.plots import draw_event, plot_samples, save, to_data_uri, to_png
from keras_vae.plots.canvas import DPI, ORANGE, new_figure


@pytest.fixture
def axes():
    return new_figure(2, 2, title="one event").add_subplot()


def test_png_has_the_size_of_the_figure():
    figure = new_figure(3, 2, title="a title", note="and a note")
    image = Image.open(io.BytesIO(to_png(figure)))
    image.load()
    assert image.format == "PNG"
    assert np.abs(np.array(image.size) - figure.get_size_inches() * DPI).max() <= 1


def test_data_uri_and_save_hold_the_same_picture(tmp_path):
    figure = new_figure(3, 2, title="a title")
    head, body = to_data_uri(figure).split(",")
    assert head == "data:image/png;base64"
    save(figure, tmp_path / "picture.png")
    saved, embedded = Image.open(tmp_path / "picture.png"), Image.open(io.BytesIO(base64.b64decode(body)))
    assert np.array_equal(saved, embedded)


def test_notebooks_show_figures():
    figure = new_figure(3, 2, title="a title")
    assert figure._repr_png_() == to_png(figure)  # else they show its size only


def test_a_long_heading_is_wrapped_and_makes_room():
    short, long = new_figure(4, 2, title="short"), new_figure(4, 2, title="a long title of many words " * 4)
    assert long.get_figheight() > short.get_figheight()
    assert "\n" in long.texts[0].get_text()


def test_grey_image_is_drawn_as_it_is(axes):
    event = np.random.default_rng(0).random((8, 6, 1))
    draw_event(axes, event)
    (image,) = axes.images
    assert np.array_equal(image.get_array(), event[..., 0])
    assert image.get_clim() == (0, 1)
    assert image.get_interpolation() == "nearest"


def test_bytes_span_0_to_255(axes):
    event = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    draw_event(axes, event)
    assert axes.images[0].get_clim() == (0, 255)


def test_colours_are_clipped_and_broken_pixels_orange(axes):
    event = np.full((4, 4, 3), 1.7)
    event[0, 0] = np.nan
    draw_event(axes, event)
    drawn = axes.images[0].get_array()
    assert np.allclose(drawn[1:], 1)
    assert np.allclose(drawn[0, 0], to_rgb(ORANGE))


@pytest.mark.parametrize(("shape", "lines", "length"), [((5,), 1, 5), ((5, 2), 2, 5), ((2, 3, 4), 1, 24)])
def test_other_events_are_lines(axes, shape, lines, length):
    event = np.arange(np.prod(shape), dtype=float).reshape(shape)
    draw_event(axes, event)
    assert not axes.images
    assert len(axes.lines) == lines
    assert np.array_equal(np.stack([line.get_ydata() for line in axes.lines], -1).reshape(shape), event)
    assert len(axes.lines[0].get_xdata()) == length


def test_small_images_lie_on_whole_pixels():
    """Every pixel of an 8 x 8 checkerboard becomes a square of one grey: nothing is blurred or uneven."""
    board = np.indices((8, 8)).sum(0)[..., None] % 2
    figure = plot_samples(np.stack([board] * 4).astype(float))
    box = figure.axes[0].get_position()
    picture = np.array(Image.open(io.BytesIO(to_png(figure))).convert("L"))
    height, width = picture.shape
    rows = picture[round((1 - box.y1) * height) : round((1 - box.y0) * height), :]
    cell = rows[:, round(box.x0 * width) : round(box.x1 * width)]
    scale = cell.shape[0] // 8
    assert cell.shape == (8 * scale, 8 * scale)
    squares = cell.reshape(8, scale, 8, scale)[:, 2:-2, :, 2:-2]
    assert np.array_equal(squares[:, 0, :, 0], 255 * board[..., 0])
    assert squares.std(axis=(1, 3)).max() == 0


def test_words_that_look_like_formulas_are_written_as_they_are():
    to_png(plot_samples(np.zeros((1, 4, 4, 1)), title=r"costs $5 and \bad{ $"))


@pytest.mark.slow
def test_no_pyplot_and_no_global_state():
    code = (
        "import sys, matplotlib, numpy as np; before = matplotlib.rcParams.copy();"
        "from keras_vae.plots import plot_samples, to_png; to_png(plot_samples(np.zeros((4, 8, 8, 1))));"
        "assert 'matplotlib.pyplot' not in sys.modules; assert before == matplotlib.rcParams.copy()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("images", [np.zeros(3), np.zeros((0, 8, 8, 1)), np.array(["a"] * 4).reshape(2, 2)])
def test_what_is_not_events_is_refused(images):
    with pytest.raises(InvalidInputError, match=r"images: expected a non-empty array of numbers \(N, \*event\), got"):
        plot_samples(images)
