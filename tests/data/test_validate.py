"""The rule for arrays: what is refused, and what becomes of the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_vae.checks import is_channels_first
from keras_vae.data.validate import validate, validate_labels
from keras_vae.errors import InvalidInputError

KINDS = ["bool", "uint8", "int8", "int32", "uint16", "float16", "float32", "float64", ">f4"]
shapes = hnp.array_shapes(min_dims=2, max_dims=4, max_side=10).filter(lambda shape: not is_channels_first(shape[1:]))


@settings(max_examples=100, deadline=None)
@given(x=st.sampled_from(KINDS).flatmap(lambda kind: hnp.arrays(kind, shapes)))
def test_numbers_keep_their_values_and_bad_ones_are_counted(x):
    with np.errstate(over="ignore"):
        expected = x.astype(np.float32)
    bad = np.argwhere(np.isinf(expected))
    if len(bad):
        with pytest.raises(InvalidInputError, match=f"got {len(bad)} infinite") as error:
            validate(x)
        assert f"index {tuple(bad[0].tolist())}" in str(error.value)
        return
    result = validate(x)
    assert result.dtype == (np.uint8 if x.dtype in (bool, np.uint8) else np.float32)
    assert result.dtype.isnative and result.flags.c_contiguous
    np.testing.assert_array_equal(result.ravel(), expected.ravel() * (255 if x.dtype == bool else 1))
    image = x.ndim == 3 and (result.dtype == np.uint8 or min(x.shape[1:]) >= 8)
    assert result.shape == ((*x.shape, 1) if image else x.shape)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array([["a", "b"]]), "expected numbers, got dtype <U1"),
        (np.array([[{}, None]]), "expected numbers, got dtype object"),
        (np.ones((2, 2), complex), "expected numbers, got dtype complex128"),
        (np.zeros((2, 2), "M8[s]"), "expected numbers"),
        ([[1, 2], [3]], "parts of different shapes"),
        (np.zeros(3), r"rank 2 or more, got \(3,\)"),
        (3.0, r"rank 2 or more, got \(\)"),
        (np.zeros((0, 4)), r"at least one example of at least one value, got shape \(0, 4\)"),
        (np.zeros((4, 0, 3)), r"got shape \(4, 0, 3\)"),
        (np.array([[0, 1e300]]), r"too large values, the first \(1e\+300\) at index \(0, 1\)"),
    ],
)
def test_unusable_arrays_are_refused_in_one_line(x, message):
    with pytest.raises(InvalidInputError, match=message) as error:
        validate(x, "my array")
    assert str(error.value).startswith("my array: ") and "\n" not in str(error.value)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_labels():
    assert validate_labels(np.array([[1], [2]], np.uint8), 2).tolist() == [1, 2]
    with pytest.raises(InvalidInputError, match="each of 3 examples, got 2 labels"):
        validate_labels([1, 2], 3)
    for whole in ([1.0, 2.0], np.array([[1], [2]], "float16"), [True, 2]):
        assert validate_labels(whole, 2).tolist() == [1, 2] and validate_labels(whole, 2).dtype == np.int64
    for wrong in ([0.5, 1.5], [1.0, np.nan], [1.0, np.inf], [1.0, 1e19], np.eye(2, dtype=int), ["a", "b"]):
        with pytest.raises(InvalidInputError, match="integer labels of shape"):
            validate_labels(wrong, 2)


CHANNELS_FIRST = [(3, 16, 16), (1, 28, 28), (4, 8, 8), (3, 224, 160), (1, 64, 48), (3, 1024, 768)]
CHANNELS_LAST = [(16, 16, 3), (28, 28, 1), (8, 8, 4), (4, 4, 16), (3, 3, 3), (1, 1000, 12), (1, 1000, 64), (8, 8, 64),
                 (16, 16, 16), (3, 16, 4), (1, 4, 4), (3, 5, 5), (2, 16, 16), (3, 16, 17)]  # fmt: skip


@pytest.mark.parametrize("event_shape", CHANNELS_FIRST, ids=str)
def test_images_with_channels_first_are_refused(event_shape):
    with pytest.raises(InvalidInputError, match=r"channels last, .* np.moveaxis\(x, 1, -1\)"):
        validate(np.zeros((2, *event_shape), np.uint8))


@pytest.mark.parametrize("event_shape", [*CHANNELS_LAST, (16, 16), (3, 64), (5, 3, 16, 16), (7,)], ids=str)
def test_other_shapes_are_left_alone(event_shape):
    x = validate(np.zeros((2, *event_shape), np.float32))
    assert x.shape[: 1 + len(event_shape)] == (2, *event_shape)


def test_a_single_text_is_no_labels(refused):
    with refused(r"expected integer labels of shape \(N,\), got \|S3 of shape \(\)"):
        validate_labels(np.array(b"cio"), 3)
