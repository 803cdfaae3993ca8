"""Data sets of Hugging Face's library, made here and saved to disk."""

import sys

import numpy as np
import pytest
from PIL import Image

from keras_vae.data import hugging_face, load, prepare
from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.row_names import names_of

datasets = pytest.importorskip("datasets", reason="the extra huggingface is not installed")


@pytest.fixture
def pictures():
    """Pictures of two classes, with splits."""
    rng = np.random.default_rng(0)
    kinds = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})

    def split(n):
        images = [Image.fromarray(rng.integers(0, 256, (9, 8 + i % 2, 3), np.uint8)) for i in range(n)]
        return datasets.Dataset.from_dict({"img": images, "label": [i % 2 for i in range(n)]}, kinds)

    return datasets.DatasetDict({"train": split(20), "test": split(6)})


def test_images_are_read_in_memory_and_lazily_alike(pictures, tmp_path, refused):
    pictures.save_to_disk(str(tmp_path / "saved"))
    small, lazy = (load(tmp_path / "saved", image_size=8, stream=stream) for stream in (False, True))
    assert small.name == "saved" and small.label_names == ("cat", "dog") and len(small.test) == 6
    for part in ("train", "validation", "test"):
        assert np.array_equal(np.asarray(getattr(lazy, part).x), getattr(small, part).x)
        assert np.array_equal(getattr(lazy, part).y, getattr(small, part).y)
        assert np.array_equal(names_of(getattr(lazy, part)), names_of(getattr(small, part)))
    assert names_of(small.test)[:2].tolist() == ["test/0", "test/1"]
    assert isinstance(lazy.train.x, LazyArray) and small.train.x.shape[1:] == (8, 8, 3)
    assert lazy.digests() == load(tmp_path / "saved", image_size=8, stream=True).digests()
    assert any("All are resized and cropped to 9x8" in note for note in load(pictures).notes)
    with refused("label_names: expected a folder of images"):
        load(tmp_path / "saved", label_names=["dog", "cat"])


def test_images_that_cannot_be_read_are_skipped_or_replaced(pictures):
    broken = pictures["train"].cast_column("img", datasets.Image(decode=False)).to_list()
    broken[3]["img"], broken[5]["img"] = {"bytes": b"no image", "path": None}, None
    broken[7]["img"]["path"] = "photos/7.png"
    broken = datasets.Dataset.from_list(broken, pictures["train"].features)
    with pytest.warns(UserWarning, match="2 of 20 images cannot be read. Skipped train/3: .*cannot identify"):
        small = load(broken, image_size=8, stream=False, validation=2, test=2)
    assert len(small.train) == 14
    names = [name for part in (small.train, small.validation, small.test) for name in names_of(part)]
    assert sorted(names) == sorted(
        {*(f"train/{row}" for row in range(20)), "photos/7.png"} - {"train/3", "train/5", "train/7"}
    )
    lazy = load(broken, image_size=8, stream=True, validation=2, test=2)
    with pytest.warns(UserWarning, match="dataset: skipped train/[35]: "):
        assert np.asarray(lazy.train.x).shape == (16, 8, 8, 3)


def test_labels_follow_their_names_and_a_missing_one_stays_missing(tmp_path):
    names = {"train": ["cat", "dog"], "test": ["dog", "cat"]}
    splits = {}
    for part, of_part in names.items():
        kinds = datasets.Features({"x": datasets.Value("float32"), "label": datasets.ClassLabel(names=of_part)})
        rows = {"x": [0.0, 1.0, 2.0] * 10, "label": [None, of_part.index("cat"), of_part.index("dog")] * 10}
        splits[part] = datasets.Dataset.from_dict(rows, kinds)
    datasets.DatasetDict(splits).save_to_disk(str(tmp_path / "saved"))
    prepare(tmp_path / "saved", tmp_path / "prepared", verbose=0)
    for source in ("saved", "prepared"):
        loaded = load(tmp_path / source)
        for split in (loaded.train, loaded.test):
            assert np.array_equal(split.y, np.asarray(split.x)[:, 0] - 1), "cat is 0, dog is 1"
    integers = load(datasets.Dataset.from_dict({"x": [[1.0, 2.0]] * 30, "a": range(30), "label": [0, 1, 2] * 10}))
    assert integers.column_names == ("a",) and len(np.unique(np.asarray(integers.train.y))) == 3


def test_numbers_lists_and_labels(refused):
    n = 30
    rows = {
        "a": [None, *range(2**24 + 1, 2**24 + n)],
        "b": [0.5] * n,
        "text": ["x"] * n,
        "vector": [[i, 2.0, 3.0] for i in range(n)],
        "kind": ["low", "high", "low"] * (n // 3),
    }
    features = datasets.Dataset.from_dict(rows).features
    features["vector"] = datasets.Sequence(datasets.Value("float64"), length=3)
    made = datasets.Dataset.from_dict(rows, features)
    table = load(made, use_columns=["b", "a"], label_column="kind")
    assert table.column_names == ("b", "a") and table.label_names == ("high", "low")
    assert np.isnan(np.concatenate([table.train.x, table.validation.x, table.test.x])).sum() == 1
    assert [note for note in table.notes if "missing" in note] == ["1 values are missing (NaN)."]
    assert any("Rounded the integers above 16,777,216 in a to float32" in note for note in table.notes)
    both = [load(made, stream=stream) for stream in (False, True)]
    assert both[0].event_shape == (5,) and "Left out text, kind: no numbers" in both[0].notes[0]
    assert np.array_equal(np.asarray(both[1].train.x), both[0].train.x, equal_nan=True)
    assert load(made, use_columns=["vector"]).event_shape == (3,)
    with refused("expected a column of images, or columns of numbers .* text .string.*; name them with use_columns"):
        load(made, use_columns=["text"])
    with refused("Unknown column 'vectro'.* did you mean 'vector'"):
        load(made, use_columns=["vectro"])


def test_arrays_of_uint8_are_pixels():
    x = np.random.default_rng(0).integers(0, 256, (20, 9, 8), np.uint8)
    features = datasets.Features({"x": datasets.Array2D((9, 8), "uint8")})
    made = datasets.Dataset.from_dict({"x": list(x)}, features)
    assert load(made).train.x.dtype == np.uint8 and load(made).event_shape == (9, 8, 1)


def test_what_cannot_be_loaded_is_refused_in_one_line(monkeypatch, pictures, refused):
    def unreachable(*_):
        raise ConnectionError("Couldn't reach 'nobody/nothing' on the Hub\n(ProxyError)")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with refused("hf:nobody/nothing: expected hf:NAME .* got: Couldn't reach .*; check the name and the network"):
        load("hf:nobody/nothing")
    with refused("got IterableDataset; load it without streaming"):
        load(pictures["train"].to_iterable_dataset())
    monkeypatch.setitem(sys.modules, "datasets", None)
    with refused(r"run: pip install 'keras_vae\[huggingface\]'"):
        hugging_face.read_hugging_face("hf:mnist")
