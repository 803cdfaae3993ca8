"""Lines: drawn where they should be, and found again."""

import numpy as np
import pytest

from keras_vae.data import load
from keras_vae.data.lines import nearest_lines, render_lines

ANGLES = np.random.default_rng(0).uniform(0, 2 * np.pi, 3000)


def apart(one, other):
    """How far two angles are apart, in radians."""
    return np.abs((one - other + np.pi) % (2 * np.pi) - np.pi)


def test_a_line_to_the_right_worked_by_hand():
    expected = np.zeros((32, 32))
    expected[15:17, 16:] = 0.5
    expected[15:17, 15] = 1 - 0.5**0.5
    (image,) = render_lines([0.0])
    assert image.shape == (32, 32, 1) and image.dtype == np.float32
    np.testing.assert_allclose(image[..., 0], expected, atol=1e-6)


def test_a_quarter_turn_of_the_angle_turns_the_image():
    np.testing.assert_allclose(render_lines(ANGLES + np.pi / 2), np.rot90(render_lines(ANGLES), axes=(1, 2)), atol=1e-5)


def test_lines_go_from_the_centre_to_their_angle():
    images = render_lines(ANGLES)[..., 0].astype(float)
    assert images.min() >= 0 and images.max() <= 1
    up, right = 15.5 - np.arange(32)[:, np.newaxis], np.arange(32) - 15.5
    mass = images.sum(axis=(1, 2))
    centre = [(images * at).sum(axis=(1, 2)) / mass for at in (right, up)]
    assert mass.mean() == pytest.approx(16 + np.pi / 3, abs=0.3) and mass.std() < 0.8
    np.testing.assert_allclose(centre, 8 * np.stack([np.cos(ANGLES), np.sin(ANGLES)]), atol=0.35)
    distance = np.hypot(up, right)
    assert not images[:, distance > 17].any()
    assert (images[:, distance < 1].sum(axis=1) > 0.5).all()


def test_the_nearest_line_is_within_half_a_step():
    angles, distances = nearest_lines(render_lines(ANGLES), count=720)
    assert apart(angles, ANGLES).max() <= np.pi / 720 * 1.05
    assert distances.max() < 0.004
    exact = 2 * np.pi * np.arange(50) / 50
    angles, distances = nearest_lines(render_lines(exact), count=50)
    np.testing.assert_allclose(angles, exact)
    np.testing.assert_allclose(distances, 0, atol=1e-6)


def test_distances_are_those_of_scikit_learn():
    from sklearn.metrics.pairwise import cosine_distances

    images = np.random.default_rng(1).normal(size=(1500, 32, 32, 1))
    lines = render_lines(2 * np.pi * np.arange(40) / 40)
    expected = cosine_distances(images.reshape(1500, -1), lines.reshape(40, -1))
    angles, distances = nearest_lines(images, count=40)
    np.testing.assert_allclose(distances, expected.min(axis=1), atol=1e-5)
    np.testing.assert_allclose(angles, 2 * np.pi * expected.argmin(axis=1) / 40)


@pytest.mark.parametrize("change", [lambda x: 1e-30 * x, lambda x: 1e300 * x.astype(float), lambda x: x[..., 0]])
def test_neither_scale_nor_the_channel_axis_matters(change):
    images = render_lines(ANGLES[:50])
    for changed, plain in zip(nearest_lines(change(images)), nearest_lines(images), strict=True):
        np.testing.assert_allclose(changed, plain, atol=1e-6)


def test_images_unlike_any_line_have_a_defined_answer():
    blank, corner = np.zeros((1, 32, 32, 1)), np.zeros((1, 32, 32, 1))
    corner[0, 0, 0] = 1
    for image in (blank, corner):
        angles, distances = nearest_lines(image)
        assert (angles.tolist(), distances.tolist()) == ([0.0], [1.0])
    assert [len(part) for part in nearest_lines(np.zeros((0, 32, 32, 1)))] == [0, 0]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: render_lines([[0.0]]), r"angles: expected finite numbers of shape \(N,\)"),
        (lambda: render_lines([np.nan]), "angles: expected finite"),
        (lambda: render_lines(["up"]), "angles: expected finite"),
        (lambda: nearest_lines(np.zeros((2, 28, 28, 1))), r"images: expected numbers of shape \(N, 32, 32, 1\)"),
        (lambda: nearest_lines(np.zeros((32, 32))), "images: expected numbers of shape"),
        (lambda: nearest_lines(np.full((1, 32, 32, 1), np.inf)), "images: expected finite numbers"),
        (lambda: nearest_lines(np.zeros((1, 32, 32, 1)), count=0), "count must be an integer >= 1"),
        (lambda: load("lines", image_size=8), "image_size: lines has a fixed size"),
        (lambda: load("lines", seed=-1), "seed must be an integer >= 0"),
    ],
)
def test_what_is_no_line_is_refused(use, message, refused):
    with refused(message):
        use()


@pytest.mark.slow
def test_loading_follows_the_seed_and_the_limit():
    data, again, other = (load("lines", seed=seed) for seed in (2, 2, 3))
    assert [len(split) for split in (data.train, data.validation, data.test)] == [8_000, 1_000, 1_000]
    assert data.train.x.dtype == np.uint8 and data.train.y is None and data.event_shape == (32, 32, 1)
    np.testing.assert_array_equal(data.test.x, again.test.x)
    assert not np.array_equal(data.test.x, other.test.x)
    few = load("lines", seed=2, limit=1_500)
    assert [len(split) for split in (few.train, few.validation, few.test)] == [1_500, 1_000, 1_000]
    np.testing.assert_array_equal(few.train.x, data.train.x[:1_500])
    angles, distances = nearest_lines(data.test.x)
    assert distances.max() < 0.002 and np.histogram(angles, 8, (0, 2 * np.pi))[0].min() > 80
