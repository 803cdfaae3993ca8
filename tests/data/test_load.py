"""What a source may be."""

import sys
from pathlib import Path

import numpy as np
import pytest

from keras_vae.data import load, names
from keras_vae.errors import InvalidInputError
from keras_vae.progress import progress


def test_digits():
    data = load("digits")
    assert [len(split) for split in (data.train, data.validation, data.test)] == [1437, 180, 180]
    assert data.event_shape == (8, 8, 1) and data.train.x.dtype == np.uint8
    assert set(np.unique(data.train.x)) == {round(255 * level / 16) for level in range(17)}
    assert data.label_names == tuple("0123456789") and set(data.train.y) == set(range(10))
    everything = np.concatenate([split.x for split in (data.train, data.validation, data.test)])
    assert len(np.unique(everything.reshape(-1, 64), axis=0)) == 1797, "an example is in two splits"


def test_an_array_and_the_limit():
    x = np.arange(300, dtype=np.float32).reshape(100, 3)
    whole, few = load(x, seed=5), load(x, seed=5, limit=12)
    assert [len(split) for split in (few.train, few.validation, few.test)] == [12, 10, 10]
    np.testing.assert_array_equal(few.train.x, whole.train.x[:12])
    assert len(load(x, limit=1000).train) == 80
    with pytest.raises(InvalidInputError, match="limit must be an integer >= 1; got 0"):
        load(x, limit=0)


def test_names_win_over_folders(tmp_path, monkeypatch):
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(load("digits").train) == 1437
    with pytest.raises(InvalidInputError, match="digits: expected readable PNG"):
        load("./digits")


@pytest.mark.parametrize(
    "source", ["nowhere.npz", "./nowhere", "/nowhere/at/all", "data/images", Path("nowhere"), "~/no.such.npy"]
)
def test_a_path_that_does_not_exist(source):
    with pytest.raises(InvalidInputError, match="no such file or folder"):
        load(source)


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "a.txt").write_text("1,2")
    with pytest.raises(InvalidInputError, match="a.txt: expected a folder of images, or a .npy, .npz, .csv, "):
        load(tmp_path / "a.txt")


@pytest.mark.parametrize("source", [3, None, "", [[1, 2]]])
def test_no_source_at_all(source):
    with pytest.raises(InvalidInputError, match="source: expected a name, a path or an array"):
        load(source)


def test_image_size_is_refused_where_it_means_nothing(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((10, 3)))
    for source in ("digits", np.zeros((10, 8, 8)), tmp_path / "x.npy"):
        with pytest.raises(InvalidInputError, match="image_size: .* has a fixed size"):
            load(source, image_size=8)


@pytest.mark.parametrize("size", [0, -3, 8.0, (8,), (8, 8, 3), (8, 0), "8"])
def test_unusable_image_sizes(tmp_path, size):
    with pytest.raises(InvalidInputError, match="image_size: expected|image_size must be"):
        load(tmp_path, image_size=size)


def test_names_are_a_copy():
    names().clear()
    assert "digits" in names()


def test_progress_passes_on_and_shows_only_long_work(capsys, monkeypatch):
    assert list(progress(range(5), 5, "Counting", after=-1)) == list(range(5))
    assert capsys.readouterr() == ("", ""), "no terminal"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress(range(5), 5, "Counting")) == list(range(5))
    assert capsys.readouterr() == ("", "")
    assert list(progress(range(5), 5, "Counting", after=-1)) == list(range(5))
    out, err = capsys.readouterr()
    assert out == "" and "Counting" in err
    assert list(progress(range(5), 5, "Counting", after=-1, verbose=0)) == list(range(5))
    assert capsys.readouterr() == ("", "")
