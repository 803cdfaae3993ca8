"""What the page is given."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from keras_vae import InvalidInputError, zoo
from keras_vae.data import Split, SplitDataset
from keras_vae.explorer.codes import encode_points
from keras_vae.explorer.colourings import colourings
from keras_vae.explorer.dimensions import dimensions_of, levels_of
from keras_vae.explorer.explorer_data import explorer_data
from keras_vae.explorer.image_reader import read_example
from keras_vae.explorer.maps import make_map
from keras_vae.explorer.points import MOST_NUMBERS, choose_points
from keras_vae.explorer.thumbnails import thumbnails
from keras_vae.serving.png import png


def described(model, data, count=200):
    points = choose_points(model, data, count)
    codes = encode_points(model, points)
    return explorer_data(model, points, codes, make_map("pca", codes.means, codes.noise), {}, title="x"), points, codes


def test_half_of_the_points_are_test_examples_unless_there_are_fewer(model, digits):
    points = choose_points(model, digits, 300)
    assert np.bincount(points.part).tolist() == [150, 150] and points.part_names == ("test", "training")
    np.testing.assert_array_equal(points.x[150:], digits.train.x[points.rows[150:]])
    few = SplitDataset("few", digits.train, digits.validation, digits.test[:10], label_names=digits.label_names)
    points = choose_points(model, few, 300)
    assert np.bincount(points.part).tolist() == [10, 290]
    assert points.note == "10 of 10 test examples and 290 of 1,437 training examples, at equal distances."


def test_large_latents_are_shown_for_fewer_points(digits):
    ae = zoo.ae((8, 8, 1), 2**15, units=(2,))
    assert len(choose_points(ae, digits, 5000)) == MOST_NUMBERS // 2**15


def test_arrays_pairs_and_splits_are_points_too(model, digits):
    x, y = digits.test.x[:20], digits.test.y[:20]
    for data, has_labels in ((x, False), ((x, y), True), (Split(x, y), True)):
        points = choose_points(model, data)
        assert len(points) == 20 and (points.labels is not None) == has_labels
    with pytest.raises(InvalidInputError, match="expected two or more examples"):
        choose_points(model, x[:1])


def test_the_page_gets_codes_labels_directions_and_pictures(model, digits, array_of):
    data, points, _ = described(model, digits)
    np.testing.assert_allclose(array_of(data["points"]["codes"]), model.encode(points.x).mean(), atol=1e-6)
    assert [each["name"] for each in data["colourings"]] == ["label", "part of the data"]
    np.testing.assert_array_equal(array_of(data["colourings"][0]["values"]), points.y)
    assert {each["name"] for each in data["directions"]} <= {str(i) for i in range(10)} and data["directions"]
    assert data["thumbnails"]["uri"].startswith("data:image/png;base64,")
    kl = [each["kl"] for each in data["dimensions"]]
    assert kl == sorted(kl, reverse=True) and all(each["low"] < each["high"] for each in data["dimensions"])
    assert array_of(data["maps"]["pca"]["places"]).shape == (200, 2)


def test_a_conditional_model_has_its_condition_and_no_directions(digits, array_of):
    model = zoo.conditional_vae((8, 8, 1), 2, classes=10, units=(4,))
    data, points, _ = described(model, digits)
    assert data["model"]["condition"] == {"kind": "label", "names": list(digits.label_names)}
    np.testing.assert_array_equal(array_of(data["points"]["condition"]), points.y)
    assert data["directions"] == []


def test_discrete_latents_have_indices_and_no_dimensions(digits, array_of):
    model = zoo.vq_vae((8, 8, 1), 4, codebook_size=8, seed=0)
    data, points, _ = described(model, digits, 20)
    about = data["model"]["discrete"]
    assert about["size"] == 8 and data["dimensions"] == []
    indices = array_of(data["points"]["indices"])
    np.testing.assert_array_equal(indices, model.encode(points.x).indices.numpy().reshape(20, -1))
    assert indices.shape[1] == np.prod(about["positions"]) * about["levels"]


def test_a_table_has_columns_and_its_values(array_of):
    x = np.column_stack([np.linspace(-2, 2, 30), np.arange(30) % 3]).astype("float32")
    model = zoo.tabular_vae((2,), 2, columns=["real", ("categorical", 3)], units=(4,))
    parts = [Split(x)] * 3
    table = SplitDataset("t", *parts, column_names=("age", "kind"), categories=((), ("a", "b", "c")))
    data, points, _ = described(model, table)
    assert data["columns"][1] == {"name": "kind", "categories": ["a", "b", "c"], "low": 0.0, "high": 2.0}
    np.testing.assert_array_equal(array_of(data["points"]["values"]), points.x)
    assert [(each["name"], each["kind"]) for each in data["colourings"][-2:]] == [("age", "number"), ("kind", "class")]
    assert data["thumbnails"] is None


def test_levels_of_a_hierarchy_follow_each_other():
    model = zoo.ladder_vae((8, 8, 1), levels=(2, 3), units=(4,))
    assert [(each["start"], each["size"]) for each in levels_of(model)] == [(0, 2), (2, 3)]


def test_dimensions_that_are_not_active_are_told_from_active_ones(digits):
    model = zoo.vae((8, 8, 1), 3, units=(4,), seed=0)
    points = choose_points(model, digits, 50)
    codes = encode_points(model, points)
    moved = codes._replace(means=codes.means * 0 + np.linspace(-1, 1, 50)[:, None] * [0, 1, 0])
    assert [(each["index"], each["active"]) for each in dimensions_of(model, points, moved)] == [(1, True)]
    still = codes._replace(means=codes.means * 0)
    assert not any(each["active"] for each in dimensions_of(model, points, still))


def test_many_labels_are_shown_as_numbers(model, digits):
    points = choose_points(model, (digits.test.x[:100], np.arange(100)))
    assert colourings(points, {})[0]["kind"] == "number"


def test_examples_without_labels_start_with_the_colour_of_a_score(model, digits):
    scores = {"ELBO in nats": np.zeros(40)}

    def first_and_last(y):
        parts = [Split(digits.test.x[:20], y)] * 3
        found = colourings(choose_points(model, SplitDataset("t", *parts), 40), scores)
        return found[0]["name"], found[-1]["name"]

    assert first_and_last(None) == ("ELBO in nats", "part of the data")
    assert first_and_last(np.full(20, -1)) == ("ELBO in nats", "part of the data")  # unlabelled
    assert first_and_last(np.arange(20) % 2) == ("label", "part of the data")


def needs_package(kind):
    if kind == "umap":
        pytest.importorskip("umap", reason="needs umap-learn: pip install 'keras_vae[umap]'")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["pca", "tsne", pytest.param("umap", marks=pytest.mark.slow)])
def test_maps_keep_groups_apart(kind):
    needs_package(kind)
    random = np.random.default_rng(0)
    means = random.normal(size=(40, 5)).astype("float32") + 20 * (np.arange(40) % 2)[:, None]
    with threadpool_limits(1):  # many threads wait for each other where the cores are busy
        places = make_map(kind, means, np.ones(5)).places
    centers = places[::2].mean(axis=0), places[1::2].mean(axis=0)
    nearer = [np.linalg.norm(places - center, axis=1) for center in centers]
    np.testing.assert_array_equal(nearer[1] < nearer[0], np.arange(40) % 2 == 1)


@pytest.mark.parametrize("kind", ["pca", "tsne", pytest.param("umap", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("size", "spread"), [(4, 0), (1, 1), (60, 0)])
def test_maps_of_latents_without_a_second_component(kind, size, spread):
    needs_package(kind)
    means = np.repeat(spread * np.arange(8.0)[:, None], size, axis=1)
    with threadpool_limits(1):
        places = make_map(kind, means, np.ones(size)).places
    assert places.shape == (8, 2) and places.dtype == "float32" and np.isfinite(places).all()


def test_an_unknown_map_is_refused(refused):
    with refused("map"):
        make_map("mds", np.zeros((9, 3)), np.ones(3))


def test_thumbnails_of_many_or_large_pictures_are_reduced(monkeypatch):
    assert thumbnails(np.zeros((2, 64, 128, 3), "uint8"), (0, 255))["height"] == 16
    monkeypatch.setattr("keras_vae.explorer.thumbnails.MOST_PIXELS", 400)
    assert thumbnails(np.zeros((4, 20, 20, 1)), (0, 1))["width"] == 10


def test_an_image_is_no_example_of_other_data(refused):
    with refused(r"file: expected a model of images, got one of examples of shape \(6,\)"):
        read_example((6,), png(np.zeros((8, 8, 1))))
