import numpy as np
import pytest

from keras_vae.checks import check_event_shape, check_integer, check_seed


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None, np.float32(2)])
def test_what_is_no_positive_integer(refused, value):
    with refused("size must be an integer >= 1; got"):
        check_integer("size", value)


def test_what_is_one():
    assert check_integer("size", np.int32(3)) == 3
    assert check_integer("size", 0, least=0) == 0


@pytest.mark.parametrize("value", [-1, 2**31, 0.5, "a", [1, 2], None])
def test_what_is_no_seed(refused, value):
    with refused("seed must be an integer from 0"):
        check_seed(value)


@pytest.mark.parametrize(("shape", "expected"), [(8, (8,)), ([2, 3], (2, 3)), ((np.int64(4),), (4,))])
def test_event_shapes(shape, expected):
    assert check_event_shape("x", shape) == expected
