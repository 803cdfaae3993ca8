"""Binarisation: probabilities, extremes, reproducibility."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_vae.data import batches
from keras_vae.errors import InvalidInputError

DRAWS = 4000


def collect(x, mode, seed=0, size=500):
    return np.concatenate([b.numpy() for b in batches(x, size, binarize=mode, seed=seed)])


@pytest.mark.parametrize("mode", ["dynamic", "static"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_each_pixel_is_white_with_probability_equal_to_its_intensity(mode, dtype):
    levels = np.arange(256, dtype=np.uint8)
    intensity = levels / 255
    x = np.tile(levels if dtype == "uint8" else intensity.astype(np.float32), (DRAWS, 1))
    white = collect(x, mode)
    top = 255 if dtype == "uint8" else 1
    assert white.dtype == dtype and set(np.unique(white)) == {0, top}
    share = (white / top).mean(0)
    assert share[0] == 0 and share[-1] == 1
    z = (share - intensity)[1:-1] / np.sqrt(intensity * (1 - intensity) / DRAWS)[1:-1]
    assert np.abs(z).max() < 5, "one of 254 levels is further off than chance allows"
    assert 0.75 < z.std() < 1.25, "the draws of a level are not independent"
    assert abs(z.mean()) < 5 / np.sqrt(254), "all levels are off together"


def test_neighbouring_pixels_and_examples_are_drawn_independently():
    white = collect(np.full((4000, 64), 128, np.uint8), "dynamic") / 255.0 - 128 / 255
    assert abs(np.mean(white[:, 1:] * white[:, :-1])) < 5 * 0.25 / np.sqrt(white[:, 1:].size)
    assert abs(np.mean(white[500:] * white[:-500])) < 5 * 0.25 / np.sqrt(white[500:].size), "batches share noise"


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**31), mode=st.sampled_from(["dynamic", "static"]))
def test_a_seed_reproduces_and_another_one_differs(seed, mode):
    x = np.full((6, 50), 128, np.uint8)
    first = collect(x, mode, seed, 4)
    np.testing.assert_array_equal(first, collect(x, mode, seed, 4))
    assert (first != collect(x, mode, seed + 1, 4)).any()


def test_dynamic_draws_anew_in_each_pass_and_static_does_not():
    x = np.full((6, 50), 128, np.uint8)
    for mode, anew in (("dynamic", True), ("static", False)):
        stream = batches(x, 6, binarize=mode)
        first, second = (next(iter(stream)).numpy() for _ in range(2))
        assert (first != second).any() == anew


def test_static_bits_belong_to_the_example_whatever_the_order():
    x = np.full((40, 64), 128, np.uint8)
    bits = {row.tobytes() for row in collect(x, "static", seed=3)}
    assert len(bits) == 40
    shuffled = batches(x, 8, shuffle=True, start_epoch=0, seed=3, binarize="static")
    assert {row.tobytes() for b in shuffled.take(10) for row in b.numpy()} == bits


def test_threshold_is_at_one_half():
    assert collect(np.array([[0, 127, 128, 255]], np.uint8), "threshold").tolist() == [[0, 0, 255, 255]]
    assert collect(np.array([[0, 0.499, 0.5, 1]]), "threshold").tolist() == [[0, 0, 1, 1]]


def test_unusable_binarisation_is_refused():
    with pytest.raises(InvalidInputError, match="Unknown binarization 'dynamc': did you mean 'dynamic'"):
        batches(np.zeros((2, 2)), 1, binarize="dynamc")
    for x in (np.array([[0, 1.5]]), np.array([[-0.1, 1]]), np.array([[0, 255]])):
        with pytest.raises(InvalidInputError, match=r"expected float data in \[0, 1\]"):
            batches(x, 1, binarize="static")
