"""Sprites: each factor does what it says, and only that; the ways to load them."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds

from keras_vae.data import load
from keras_vae.data.sprites import FACTORS, SHAPES, Sprites, render
from keras_vae.data.sprites.drawing import RADIUS

SPRITES = Sprites()
SQUARE, ELLIPSE, HEART = range(3)
MIDDLE = 16


def every_mask(x=MIDDLE, y=MIDDLE):
    """Booleans `(3, 6, 40, 33, 33)`: all shapes, scales and orientations, cut out around their centre."""
    grid = np.stack(np.meshgrid(range(3), range(6), range(40), x, y, indexing="ij"), axis=-1).reshape(-1, 5)
    return (render(grid)[:, y : y + 33, x : x + 33, 0] > 0).reshape(3, 6, 40, 33, 33)


def test_all_of_them_are_there():
    assert len(SPRITES) == 737_280 == 3 * 6 * 40 * 32 * 32 and SPRITES.shape == (737_280, 64, 64, 1)
    assert SPRITES.factor_names == tuple(FACTORS) and SPRITES.factor_sizes == (3, 6, 40, 32, 32)
    assert SPRITES.factors_of([0, 737_279]).tolist() == [[0] * 5, [2, 5, 39, 31, 31]]
    everything = np.arange(len(SPRITES))
    np.testing.assert_array_equal(SPRITES.index_of(SPRITES.factors_of(everything)), everything)


def test_images_are_black_and_white_and_a_function_of_their_factors():
    chosen = SPRITES.sample(500, seed=1)
    images = SPRITES.images(chosen)
    assert images.shape == (500, 64, 64, 1) and images.dtype == np.uint8 and set(np.unique(images)) == {0, 255}
    one_by_one = np.concatenate([SPRITES[[index]] for index in chosen[::-1]])[::-1]
    np.testing.assert_array_equal(images, one_by_one)
    images[:] = 7
    np.testing.assert_array_equal(render(SPRITES.factors_of(chosen)), one_by_one)
    np.testing.assert_array_equal(SPRITES[100:200:9], SPRITES.images(np.arange(100, 200, 9)))
    assert SPRITES.images([]).shape == (0, 64, 64, 1)


def test_images_differ_wherever_the_symmetry_of_the_shape_lets_them():
    period = np.array([10, 20, 40])
    factors = SPRITES.factors_of(np.concatenate([SPRITES.sample(15_000, seed=2), np.arange(0, len(SPRITES), 1024)]))
    factors[:, 2] %= period[factors[:, 0]]
    images = np.packbits(render(factors) > 0, axis=(-2)).reshape(len(factors), -1)
    assert len({image.tobytes() for image in images}) == len(np.unique(factors, axis=0))


def test_positions_shift_the_image_right_and_down_by_a_pixel_each():
    factors = SPRITES.factors_of(SPRITES.sample(200, seed=3))
    factors[:, 3:] = 0
    at_zero = render(factors)
    rng = np.random.default_rng(0)
    for x, y in [(1, 0), (0, 1), (31, 31), *rng.integers(0, 32, (5, 2))]:
        factors[:, 3:] = x, y
        np.testing.assert_array_equal(render(factors), np.roll(at_zero, (y, x), axis=(1, 2)))


def test_no_sprite_touches_the_border():
    factors = SPRITES.factors_of(np.arange(0, len(SPRITES), 1024))
    inner = np.zeros((64, 64), bool)
    inner[1:-1, 1:-1] = True
    for x in (0, 31):
        for y in (0, 31):
            factors[:, 3:] = x, y
            assert not render(factors)[:, ~inner].any()


def test_a_larger_scale_covers_the_smaller_ones_and_more():
    masks = every_mask()
    assert not (masks[:, :-1] & ~masks[:, 1:]).any()
    assert (np.diff(masks.sum(axis=(-2, -1)), axis=1) > 0).all()


def test_areas_are_those_of_the_shapes():
    counts = every_mask().sum(axis=(-2, -1)).mean(axis=-1)
    radius = RADIUS * np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    root = 2**0.5
    side = 2 / (root + (2 * root - 2) / (3 * root - 2)) * radius
    expected = [2 * radius**2, np.pi / 2 * radius**2, side**2 * (1 + np.pi / 4)]
    np.testing.assert_allclose(counts, expected, rtol=0.03)


def test_every_shape_reaches_the_same_circle():
    masks = every_mask()
    distance = np.hypot(*(np.mgrid[:33, :33] - 16))
    farthest = np.where(masks, distance, 0).max(axis=(2, 3, 4))
    assert (farthest <= RADIUS * np.linspace(0.5, 1, 6)).all()
    assert (farthest > RADIUS * np.linspace(0.5, 1, 6) - 0.5).all()


def test_ten_orientations_are_a_quarter_turn_counter_clockwise():
    masks = every_mask()
    np.testing.assert_array_equal(np.roll(masks, -10, axis=2), np.rot90(masks, axes=(3, 4)))


def test_shapes_repeat_and_mirror_as_their_symmetry_says():
    masks = every_mask()
    for shape, period in ((SQUARE, 10), (ELLIPSE, 20)):
        np.testing.assert_array_equal(masks[shape], np.roll(masks[shape], period, axis=1))
    assert len({mask.tobytes() for mask in masks[ELLIPSE, 5]}) == 20
    assert len({mask.tobytes() for mask in masks[HEART, 5]}) == 40
    mirrored = np.roll(masks[:, :, ::-1], 1, axis=2)[..., ::-1]
    np.testing.assert_array_equal(masks, mirrored)


def test_the_heart_stands_on_its_tip_and_the_ellipse_lies():
    masks = every_mask()
    heart = masks[HEART, 5, 0]
    assert heart[-3:, 16].any() and heart[-3:].sum() < 10
    assert not heart[6, 16] and heart[6, 8:14].any() and heart[6, 19:25].any()
    ellipse = masks[ELLIPSE, 5, 0]
    assert ellipse.any(axis=0).sum() == 31 and ellipse.any(axis=1).sum() == 15


@pytest.mark.slow
def test_samples_are_distinct_and_follow_the_seed():
    chosen = SPRITES.sample(700_000, seed=4)
    assert len(np.unique(chosen)) == 700_000
    np.testing.assert_array_equal(chosen, SPRITES.sample(700_000, seed=4))
    assert not np.array_equal(SPRITES.sample(10, seed=4), SPRITES.sample(10, seed=5))
    assert set(SPRITES.sample(737_280, seed=6)) == set(range(737_280))


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: render([[3, 0, 0, 0, 0]]), "expected shape from 0 to 2, got 3"),
        (lambda: render([[0, 0, 40, 0, 0]]), "expected orientation from 0 to 39, got 40"),
        (lambda: render([[0, 0, 0, 0, -1]]), "expected y_position from 0 to 31, got -1"),
        (lambda: render([[0, 0, 0, 0]]), "expected 5 columns"),
        (lambda: render([0, 0, 0, 0, 0]), "expected integers of shape"),
        (lambda: render([[0.5, 0, 0, 0, 0]]), "expected integers of shape"),
        (lambda: SPRITES.images([737_280]), "indices: expected 0 to 737279, got 737280"),
        (lambda: SPRITES[-1], "indices: expected integers of shape"),
        (lambda: SPRITES.sample(0), "n must be an integer >= 1"),
        (lambda: SPRITES.sample(737_281), "n must be at most 737280"),
        (lambda: SPRITES.sample(5, seed=-1), "seed must be an integer >= 0"),
        (lambda: load("sprites", image_size=32), "image_size: sprites has a fixed size"),
        (lambda: load("sprites", limit=0), "limit must be an integer >= 1"),
        (lambda: load("sprites", seed=0.5), "seed must be an integer >= 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(use, message, refused):
    with refused(message):
        use()


def test_loading_gives_disjoint_splits_with_labels_and_factors():
    data = load("sprites", seed=3)
    splits = (data.train, data.validation, data.test)
    assert [len(split) for split in splits] == [50_000, 5_000, 15_000]
    assert data.label_names == SHAPES and dict(zip(data.factor_names, data.factor_sizes, strict=True)) == FACTORS
    assert len(np.unique(SPRITES.index_of(np.concatenate([split.factors for split in splits])))) == 70_000
    for split in splits:
        np.testing.assert_array_equal(split.y, split.factors[:, 0])
        np.testing.assert_array_equal(split.x[::101], render(split.factors[::101]))
    assert "random 70,000 of all 737,280" in data.notes[0] and data.is_image


def test_a_limit_gives_the_first_of_each_split_and_a_seed_others():
    few, more = load("sprites", limit=6_000), load("sprites", limit=7_000)
    assert [len(split) for split in (few.train, few.validation, few.test)] == [6_000, 5_000, 6_000]
    np.testing.assert_array_equal(few.train.x, more.train.x[:6_000])
    np.testing.assert_array_equal(few.test.factors, more.test.factors[:6_000])
    assert not np.array_equal(load("sprites", limit=10, seed=1).train.factors, few.train.factors[:10])


@pytest.fixture
def fewer(monkeypatch):
    """The configuration `small` of the builder, made smaller still."""
    from keras_vae.data.sprites.sprites_dataset_builder import Builder

    full, small = Builder.BUILDER_CONFIGS
    assert (full.name, full.count, small.name, small.count) == ("full", None, "small", 10_000)
    monkeypatch.setattr(small, "count", 300)


def assert_drawn(data, count):
    splits = (data.train, data.validation, data.test)
    assert dict(zip(data.factor_names, data.factor_sizes, strict=True)) == FACTORS and data.label_names == SHAPES
    indices = SPRITES.index_of(np.concatenate([split.factors for split in splits]))
    assert sorted(indices) == sorted(SPRITES.sample(count, seed=0))
    for split in splits:
        np.testing.assert_array_equal(split.x, render(split.factors))
        np.testing.assert_array_equal(split.y, split.factors[:, 0])


def test_tensorflow_datasets_prepares_them_without_a_network(fewer, tmp_path, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", None)
    data = load("sprites/small", data_dir=tmp_path)
    assert_drawn(data, 300)
    assert not data.notes


def test_tfds_build_finds_the_builder_in_its_folder(tmp_path, monkeypatch):
    from keras_vae.data import sprites

    monkeypatch.syspath_prepend(f"{sprites.__path__[0]}/..")
    builder = tfds.core.community.builder_cls_from_module("sprites.sprites_dataset_builder")
    monkeypatch.setattr(builder.BUILDER_CONFIGS[1], "count", 300)
    builder(config="small", data_dir=tmp_path).download_and_prepare()
    assert_drawn(load("tfds:sprites/small", data_dir=tmp_path), 300)


@pytest.mark.slow
def test_drawing_needs_no_tensorflow_datasets():
    code = "import sys, keras_vae.data; keras_vae.data.load('sprites', limit=1); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "keras_vae.data.sprites.drawing" in done.stdout.split()
    assert "tensorflow_datasets" not in done.stdout.split()


@pytest.mark.slow
def test_the_small_configuration_has_ten_thousand(tmp_path):
    assert_drawn(load("tfds:sprites/small", data_dir=tmp_path), 10_000)
