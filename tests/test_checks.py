import numpy as np
import pytest

from keras_vae.checks import check_event_shape, check_integer, check_nats, check_number, check_seed


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


@pytest.mark.parametrize(
    ("value", "bounds", "expected"),
    [
        (1, {"above": 0, "below": 1}, "a number > 0 and < 1; got 1"),
        (-1, {"least": 0, "most": 1}, "a number from 0 to 1; got -1"),
        (0, {"above": 0}, "a positive number; got 0"),
        (0.5, {"least": 1}, "a number >= 1; got 0.5"),
        (3, {"most": 2}, "a number <= 2; got 3"),
        (float("nan"), {}, "a finite number; got nan"),
        (float("inf"), {"above": 0}, "a positive number; got inf"),
        (10**400, {}, "a finite number; got 1000"),
        (-1e39, {}, r"a number of float32, at most 3.4e\+38; got -1e\+39"),
        (True, {}, "a finite number; got True"),
        ("1", {}, "a finite number; got '1'"),
        (2**31, {"most": 2**31 - 1, "integer": True}, "an integer <= 2147483647; got 2147483648"),
        (1.0, {"integer": True}, "an integer; got 1.0"),
    ],
)
def test_what_is_no_number_in_a_range(refused, value, bounds, expected):
    with refused(f"^rate must be {expected}"):
        check_number("rate", value, **bounds)


def test_numbers_become_those_of_python():
    for value in (2, np.float32(2), np.int8(2), np.float16(2), np.longdouble(2)):
        number = check_number("rate", value, least=2, most=2)
        assert type(number) is float and number == 2
    assert type(check_number("size", np.int8(2), integer=True)) is int


@pytest.mark.filterwarnings("error::RuntimeWarning")  # of NumPy, if a number does not fit the type of another
def test_numbers_of_small_and_of_large_types_are_compared_without_a_warning(refused):
    for value in (np.float16(3), np.float32(3), np.int8(3)):
        assert check_number("rate", value, most=1e300) == check_number("rate", value, below=2**40) == 3
    for value in (np.float16("inf"), np.longdouble("inf"), np.longdouble("nan")):
        with refused("rate must be a finite number"):
            check_number("rate", value)


@pytest.mark.parametrize("value", [0, -1, "0bits", "-3bits", "1e3", "inf", float("nan"), 10**400, "20bytes", True, [5]])
def test_what_is_no_amount_of_information(refused, value):
    with refused("^rate must be a positive amount of information"):
        check_nats("rate", value)
