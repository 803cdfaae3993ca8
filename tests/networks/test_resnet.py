import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_vae.networks.resnet import ResNetDecoder, ResNetEncoder


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(st.tuples(st.integers(8, 33), st.integers(8, 33), st.integers(1, 3)))
def test_any_image_from_8x8_up_becomes_a_code_or_a_map_and_an_image_again(shape):
    x, filters = np.zeros((2, *shape), "float32"), (4, 6)
    assert ResNetEncoder(shape, filters, units=5)(x).shape == (2, 5)
    assert ResNetDecoder((3,), shape, filters, features=2)(x[:, 0, :3, 0]).shape == (2, *shape[:2], 2)
    h, w = -(-shape[0] // 4), -(-shape[1] // 4)
    assert ResNetEncoder(shape, filters, spatial=True)(x).shape == (2, h, w, 6)
    decoder = ResNetDecoder((h, w, 3), shape, filters[::-1], features=2, spatial=True)
    assert decoder(np.zeros((2, h, w, 3), "float32")).shape == (2, *shape[:2], 2)


def test_with_kernels_of_one_pixel_a_doubling_repeats_every_pixel():
    decoder = ResNetDecoder((5, 4, 3), (9, 8, 1), (4,), kernel_size=1, spatial=True)
    y = decoder(np.random.default_rng(0).random((2, 5, 4, 3), "float32")).numpy()
    whole = y[:, ::2, ::2].repeat(2, axis=1)[:, :9].repeat(2, axis=2)
    assert np.allclose(y, whole, atol=1e-6)
    assert np.ptp(y) > 0.1


@pytest.mark.slow
def test_stages_have_so_many_blocks():
    few, many = (ResNetEncoder((8, 8, 1), (4, 6), blocks=blocks, units=2) for blocks in (1, 3))
    block = lambda n: 2 * (9 * n * n + n + 2 * n)  # two convolutions and two normalisations  # noqa: E731
    assert many.count_params() - few.count_params() == 2 * block(4) + 2 * block(6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ResNetEncoder((7, 8, 1)), "ResNetEncoder: expected images"),
        (lambda: ResNetDecoder((3,), (8, 8)), "ResNetDecoder: expected images"),
        (lambda: ResNetEncoder((8, 8, 1), ()), "ResNetEncoder: filters must be one or more integers"),
        (lambda: ResNetEncoder((8, 8, 1), (4, 0)), "ResNetEncoder: filters: each must be an integer >= 1; got 0"),
        (lambda: ResNetEncoder((8, 8, 1), 4), "ResNetEncoder: filters must be a sequence of integers"),
        (lambda: ResNetEncoder((8, 8, 1), blocks=0), "ResNetEncoder: blocks must be an integer >= 1"),
        (lambda: ResNetEncoder((8, 8, 1), units=(3,)), "ResNetEncoder: units must be an integer >= 1"),
        (lambda: ResNetDecoder((3,), (8, 8, 1), features=0), "ResNetDecoder: features must be an integer >= 1"),
        (
            lambda: ResNetDecoder((3, 4, 2), (8, 8, 1), (4,), spatial=True),
            r"expected codes of shape \(4, 4, 'c'\) for images of \(8, 8, 1\) and 1 stages; got \(3, 4, 2\)",
        ),
        (lambda: ResNetDecoder((3,), (8, 8, 1), (4,), spatial=True), r"expected codes of shape \(4, 4, 'c'\)"),
    ],
)
def test_bad_input_is_refused(make, message, refused):
    with refused(message):
        make()
