import numpy as np
import pytest

from keras_vae.plots import plot_directions, plot_neighbours, to_png


def test_rows_of_images_and_of_other_events_are_drawn():
    x = np.random.default_rng(0).random((20, 8, 8, 1))
    near = np.repeat(x[:, None], 3, axis=1)
    options = {"names": ["a" * 40] * 20, "distances": np.ones((20, 3))}
    figure = plot_neighbours(x, near, **options, neighbour_names=[["b" * 40 + ".png"] * 3] * 20)
    assert [text.get_text() for text in figure.axes[1].texts] == ["…bbbbbbbbb.png\n1"]
    assert len(figure.axes) == 16 * 4 and to_png(figure).startswith(b"\x89PNG")
    rows = x.reshape(20, 64)[:2]
    figure = plot_neighbours(rows, rows[:, None], names=["0", "1"], distances=np.ones((2, 1)))
    assert len(figure.axes) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neighbours": np.zeros((2, 3, 8, 8, 3))}, "neighbours: expected"),
        ({"distances": np.zeros((2, 2))}, r"distances: expected shape \(2, 3\)"),
        ({"names": ["a"]}, "names: expected one per query, 2, got 1"),
        ({"neighbour_names": [["a"]]}, r"neighbour_names: expected shape \(2, 3\)"),
    ],
)
def test_shapes_of_neighbours_are_checked(changes, message, refused):
    good = {"neighbours": np.zeros((2, 3, 8, 8, 1)), "distances": np.zeros((2, 3)), "names": ["a", "b"]}
    with refused(message):
        plot_neighbours(np.zeros((2, 8, 8, 1)), **{**good, **changes})


def test_directions_are_drawn_and_their_shapes_checked(refused):
    images, amounts = np.random.default_rng(0).random((2, 3, 8, 8, 1)), np.array([-1.0, 0.0, 1.0])
    figure = plot_directions(images, amounts, names=["a" * 20, "b"], auroc=np.ones(2))
    assert len(figure.axes) == 6
    with refused("amounts: expected shape"):
        plot_directions(images, amounts[:2], names=["a", "b"], auroc=np.ones(2))
    with refused("names: expected one per attribute, 2, got 1"):
        plot_directions(images, amounts, names=["a"], auroc=np.ones(2))
