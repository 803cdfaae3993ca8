"""Array files: keys, splits, and one line for whatever is wrong."""

import numpy as np
import pytest

from keras_vae.data import load
from keras_vae.data.arrays import read_arrays
from keras_vae.errors import InvalidInputError

X = np.arange(40, dtype=np.float32).reshape(20, 2)


def test_npy(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.testing.assert_array_equal(read_arrays(tmp_path / "x.npy").train.x, X)
    data = load(str(tmp_path / "x.npy"), validation=3, test=0.25)
    assert (data.name, len(data.train), len(data.validation), len(data.test)) == ("x", 12, 3, 5)


@pytest.mark.parametrize(
    ("x", "y"), [("x", "y"), ("images", "labels"), ("x_train", "y_train"), ("x", None), ("arr_0", None)]
)
def test_npz_keys(tmp_path, x, y):
    np.savez_compressed(tmp_path / "some.npz", **{x: X}, **({y: np.arange(20)} if y else {}))
    train = read_arrays(tmp_path / "some.npz").train
    np.testing.assert_array_equal(train.x, X)
    assert (train.y is None) if y is None else (train.y.tolist() == list(range(20)))


def test_the_second_array_is_the_labels_or_is_named_in_a_note(tmp_path):
    np.savez(tmp_path / "some.npz", X, np.arange(20) % 3)
    data = load(tmp_path / "some.npz")
    assert data.train.y is not None and data.notes == ()
    for other in (X, np.arange(20) / 3, np.arange(19)):
        np.savez(tmp_path / "some.npz", X, other)
        data = load(tmp_path / "some.npz")
        assert data.train.y is None and data.notes == ("Not used: the keys arr_1 of some.npz.",)


def test_an_array_in_fortran_order_is_read_into_memory(tmp_path):
    np.save(tmp_path / "x.npy", np.asfortranarray(X))
    parts = read_arrays(tmp_path / "x.npy", stream=True)
    np.testing.assert_array_equal(parts.train.x, X)
    assert "in Fortran order and was read into memory" in parts.notes[0]
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-5])
    with pytest.raises(InvalidInputError, match="expected numeric arrays written by numpy.save"):
        read_arrays(tmp_path / "x.npy", stream=True)


@pytest.mark.parametrize("validation", ["validation", "val"])
def test_npz_with_splits_of_its_own(tmp_path, validation):
    arrays = {"x_train": X, f"x_{validation}": X[:3], f"y_{validation}": [0, 1, 2], "x_test": X[:4]}
    np.savez(tmp_path / "some.npz", **arrays)
    data = load(tmp_path / "some.npz")
    np.testing.assert_array_equal(data.train.x, X)
    np.testing.assert_array_equal(data.test.x, X[:4])
    assert data.validation.y.tolist() == [0, 1, 2] and data.train.y is None


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"inputs": X, "b": X}, "expected a key x or images or x_train or arr_0, got b, inputs"),
        ({"x_test": X}, "expected a key x or .* got x_test"),
        ({"x": X, "y": [1, 2]}, "some.npz, key y: expected one label for each of 20 examples, got 2"),
        ({"x": X, "y": np.full(20, 1.5)}, "some.npz, key y: expected integer labels .* with 1.5"),
        ({"images": X + np.inf}, "some.npz, key images: expected finite float32 values, got 40 "),
        ({"x": np.array([{}], object)}, "pickled objects"),
    ],
)
def test_wrong_npz(tmp_path, arrays, message):
    np.savez(tmp_path / "some.npz", **arrays)
    with pytest.raises(InvalidInputError, match=message) as error:
        read_arrays(tmp_path / "some.npz")
    assert "\n" not in str(error.value)


def test_splits_of_different_shape(tmp_path):
    np.savez(tmp_path / "some.npz", x=X, x_test=X[:, :1])
    with pytest.raises(InvalidInputError, match=r"expected test examples like the training examples"):
        load(tmp_path / "some.npz")


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("keep", [0, 1, 50, -1])
def test_a_file_cut_short_is_refused_in_one_line(tmp_path, suffix, keep):
    file = tmp_path / f"cut.{suffix}"
    np.save(file, X) if suffix == "npy" else np.savez(file, x=X)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(InvalidInputError, match="cut.*expected numeric arrays written by numpy.save") as error:
        read_arrays(file)
    assert "\n" not in str(error.value)


def test_a_corrupt_member_is_refused(tmp_path):
    file = tmp_path / "bad.npz"
    np.savez(file, x=X)
    content = bytearray(file.read_bytes())
    content[200] ^= 255
    file.write_bytes(content)
    with pytest.raises(InvalidInputError, match="bad.npz: expected numeric arrays"):
        read_arrays(file)


def test_text_and_pickles_are_refused(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}, {}], object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("no array")
    for name in ("objects", "text"):
        with pytest.raises(InvalidInputError, match=f"{name}.npy: expected numeric arrays .* pickled"):
            read_arrays(tmp_path / f"{name}.npy")


@pytest.mark.parametrize("shape", ["(10000000000000, 8, 8)", "(100000, 8, 8)", "(-3, 8, 8)", "(2, 8"])
def test_headers_that_claim_what_is_not_there_are_refused(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.zeros((2, 8, 8)))
    content = (tmp_path / "x.npy").read_bytes()
    header = content[10:128].replace(b"(2, 8, 8)", shape.encode())[:117].ljust(117) + b"\n"
    (tmp_path / "x.npy").write_bytes(content[:10] + header + content[128:])
    with pytest.raises(InvalidInputError, match="x.npy: expected numeric arrays") as error:
        read_arrays(tmp_path / "x.npy")
    assert "\n" not in str(error.value)
