import pytest
from matplotlib.transforms import Bbox

from keras_vae.plots import plot_search

VALUES = {"latent_dim": [2, 8, 4], "prior.name": ["mixture", "vamp", "mixture"]}


@pytest.mark.parametrize(("better", "best"), [("max", 2), ("min", 1)])
def test_the_best_trial_is_named_and_stands_in_every_panel(better, best):
    figure = plot_search([-8.0, -9.0, -7.0], VALUES, objective="val_elbo", better=better)
    assert len(figure.axes) == 3
    note = " ".join(text.get_text() for text in figure.texts)
    assert f"the best trial, number {best}, has" in note
    for ax in figure.axes:
        assert len(ax.collections) == 2 and len(ax.collections[1].get_offsets()) == 1


def test_words_are_ticks():
    figure = plot_search([1.0, 2.0, 3.0], VALUES, objective="val_elbo", logarithmic=["latent_dim"])
    assert [tick.get_text() for tick in figure.axes[2].get_xticklabels()] == ["mixture", "vamp"]
    assert figure.axes[1].get_xscale() == "log"


def test_labels_of_a_logarithmic_axis_do_not_overlap():
    rates = {"learning_rate": [1.2e-4, 9.2e-3, 4.5e-3], "beta": [0.5, 1.0, 4.0], "units": [32, 64, 128]}
    figure = plot_search([1.0, 2.0, 3.0], rates, objective="val_elbo", logarithmic=list(rates))
    figure.draw_without_rendering()
    for ax in figure.axes[1:]:
        inside = [tick for tick in ax.xaxis.get_major_ticks() if ax.get_xlim()[0] <= tick.get_loc() <= ax.get_xlim()[1]]
        boxes = [tick.label1.get_window_extent() for tick in inside]
        assert len(boxes) > 1 and not any(map(Bbox.overlaps, boxes[:-1], boxes[1:]))


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        ([], {}, "one value per score"),
        ([1.0], {}, "one value per score"),
        ([1.0] * 3, {"better": "most"}, "better: expected"),
    ],
)
def test_what_cannot_be_drawn_is_refused(refused, scores, options, message):
    with refused(message):
        plot_search(scores, VALUES, objective="val_elbo", **options)
