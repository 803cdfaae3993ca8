"""Examples that are read when they are needed equal the same examples in memory."""

import json
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from own_process import start_file
from PIL import Image

from keras_vae import data
from keras_vae.data import lazy_array, parts, pipeline, prepare
from keras_vae.data.lazy_array import Cached, InMemory, Joined
from keras_vae.data.npy_array import NpyArray
from keras_vae.data.shuffled_range import ShuffledRange
from keras_vae.errors import InvalidInputError
from keras_vae.training import TrainingConfig, train


def pixels(n: int = 20) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 4, 4, 1), np.uint8)


def arrays_of(batches: tf.data.Dataset) -> list[list[np.ndarray]]:
    return [[part.numpy() for part in tf.nest.flatten(batch)] for batch in batches]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """40 coloured images of two labels and various sizes."""
    rng = np.random.default_rng(0)
    for number in range(40):
        folder = tmp_path / "photos" / ("cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 256, (8 + number % 3, 9, 3), np.uint8)
        Image.fromarray(image).save(folder / f"{number:02}.png")
    return tmp_path / "photos"


@pytest.mark.parametrize("binarize", [None, "dynamic", "static", "threshold"])
def test_batches_are_those_of_the_array(binarize):
    x, y = pixels(), np.arange(20)
    options = {"shuffle": True, "seed": 3, "start_epoch": 1, "start_step": 2, "binarize": binarize, "y": y}
    expected, streamed = (arrays_of(data.batches(given, 6, **options).take(7)) for given in (x, Cached(InMemory(x))))
    for batch, other in zip(expected, streamed, strict=True):
        assert [part.dtype for part in batch] == [part.dtype for part in other]
        assert all(map(np.array_equal, batch, other))


def test_the_order_of_very_many_examples_is_a_permutation_that_depends_on_the_epoch(monkeypatch):
    monkeypatch.setattr(pipeline, "MOST_SHUFFLED", 10)
    x = np.arange(30, dtype=np.float32)[:, None]
    first, second = (
        np.concatenate([batch.numpy() for batch in data.batches(x, 6, shuffle=True, start_epoch=epoch).take(5)])
        for epoch in (0, 1)
    )
    assert sorted(first[:, 0]) == sorted(second[:, 0]) == list(range(30))
    assert not np.array_equal(first, second) and not np.array_equal(first, x)
    resumed = data.batches(x, 6, shuffle=True, start_epoch=0, start_step=5).take(5)
    assert np.array_equal(np.concatenate([batch.numpy() for batch in resumed]), second)


def test_the_splits_of_very_many_examples_are_random_parts_in_an_order_that_takes_no_memory(monkeypatch):
    monkeypatch.setattr(parts, "MOST_SHUFFLED", 10)
    x, y = np.arange(40, dtype=np.float32)[:, None], np.arange(40)
    memory, lazy, labelled, other = (
        parts.Parts(split).complete("numbers", seed=seed)
        for split, seed in (
            (data.Split(x, y), 0), (data.Split(InMemory(x)), 0), (data.Split(InMemory(x), y), 0), (data.Split(x), 1)
        )
    )  # fmt: skip
    found = {name: getattr(memory, name).x[:, 0] for name in ("train", "validation", "test")}
    assert [*map(len, found.values())] == [32, 4, 4] and sorted(np.concatenate([*found.values()])) == list(range(40))
    assert not np.array_equal(found["train"], np.sort(found["train"]))
    assert not np.array_equal(other.train.x, memory.train.x)
    for name, expected in found.items():
        for split in (getattr(lazy, name), getattr(labelled, name)):
            assert np.array_equal(np.asarray(split.x)[:, 0], expected)
            assert np.array_equal(np.asarray(split.x[::-1][2:][1:])[:, 0], expected[::-1][3:])
        assert np.array_equal(getattr(memory, name).y, expected) and np.array_equal(getattr(labelled, name).y, expected)
    assert len(np.asarray(lazy.train.x[5:5])) == 0
    assert isinstance(lazy.train.x.indices, ShuffledRange) and lazy.digests() != other.digests()


@pytest.mark.parametrize(
    "key", [slice(3, 15, 2), slice(None, None, -3), slice(5, 5), np.array([4, -1, 4]), np.arange(20) % 3 == 0]
)
def test_indexing_is_that_of_numpy(key):
    x = pixels()
    joined = Joined([x[:7], x[7:8], x[8:]])
    assert np.array_equal(np.asarray(joined[key]), x[key])
    assert np.array_equal(np.asarray(joined[::-1][key]), x[::-1][key])
    assert np.array_equal(joined[-1], x[-1])


@pytest.mark.parametrize("x", [np.zeros((3, 4)), np.zeros((3, 8, 8), np.uint8), np.zeros((0, 4), np.float32)])
def test_a_lazy_array_of_another_form_is_refused(x):
    with pytest.raises(InvalidInputError, match=r"expected (a lazy array of uint8 or float32|at least one example)"):
        data.Split(InMemory(x))


@pytest.mark.parametrize("dtype", ["uint8", "bool", ">f8", "int16", "float16"])
def test_npy_files_are_read_as_in_memory(tmp_path, dtype):
    x = (pixels()[..., 0] % 2).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    small, lazy = (data.load(tmp_path / "x.npy", stream=stream) for stream in (False, True))
    assert isinstance(lazy.train.x, lazy_array.LazyArray)
    for part in ("train", "validation", "test"):
        assert np.array_equal(np.asarray(getattr(lazy, part).x), getattr(small, part).x)
    assert lazy.train.x.dtype == small.train.x.dtype


def test_a_npy_file_that_is_cut_short_or_changes_is_refused(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, pixels())
    content = path.read_bytes()
    opened = NpyArray(path)
    path.write_bytes(content[:-1])
    with pytest.raises(InvalidInputError, match=r"expected 448 bytes.*got 447; the file is cut short"):
        NpyArray(path)
    with pytest.raises(InvalidInputError, match="it has changed since it was opened"):
        opened.take([0])
    path.write_bytes(b"abc")
    with pytest.raises(InvalidInputError, match=r"expected an array written by numpy\.save"):
        NpyArray(path)


def test_a_folder_is_streamed_as_in_memory(photos):
    small, lazy = (data.load(photos, image_size=8, stream=stream) for stream in (False, True))
    for part in ("train", "validation", "test"):
        assert np.array_equal(np.asarray(getattr(lazy, part).x), getattr(small, part).x)
        assert np.array_equal(getattr(lazy, part).y, getattr(small, part).y)
    assert "decoded when they are needed" in " ".join(lazy.notes)
    before = lazy.digests()
    assert before == data.load(photos, image_size=8, stream=True).digests()
    (photos / "cat" / "01.png").write_bytes((photos / "cat" / "03.png").read_bytes() + b"0")
    assert before != data.load(photos, image_size=8, stream=True).digests()


def test_the_chosen_size_of_images_of_various_sizes_is_noted(photos):
    assert any("All are resized and cropped to 9x9, the size of the first" in note for note in data.load(photos).notes)
    assert not any("resized" in note for note in data.load(photos, image_size=8).notes)


def test_a_file_that_cannot_be_read_is_replaced_by_one_of_its_label_and_named_once(photos):
    (photos / "cat" / "05.png").write_bytes(b"no image")
    streamed = data.load(photos, image_size=8, stream=True, validation=2, test=2)
    whole = Joined([streamed.train.x, streamed.validation.x, streamed.test.x])
    with pytest.warns(UserWarning, match="skipped cat/05.png: .*cannot identify") as warned:
        first = np.asarray(whole)
    assert len([warning for warning in warned if "05.png" in str(warning.message)]) == 1
    images = [split.x.base for split in (streamed.train, streamed.validation, streamed.test)]  # kept in memory by `x`
    assert sum(int((~one.readable()).sum()) for one in images) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(first, np.asarray(whole))
    labels = np.concatenate([np.asarray(split.y) for split in (streamed.train, streamed.validation, streamed.test)])
    good = {image.tobytes(): label for image, label in zip(first, labels, strict=True)}
    assert len(good) == 39  # one image of the same label is there twice
    assert sorted(good.values()) == [0] * 19 + [1] * 20


def test_a_prepared_folder_is_the_folder(photos, tmp_path):
    (photos / "cat" / "05.png").write_bytes(b"no image")
    out = tmp_path / "prepared"
    prepare(photos, out, image_size=8, shard_bytes=192 * 7, verbose=0)
    with pytest.warns(UserWarning, match="1 of 40"):
        folder = data.load(photos, image_size=8)
    prepared = data.load(out)
    assert prepared.label_names == folder.label_names and "Skipped cat/05.png" in prepared.notes[0]
    for part in ("train", "validation", "test"):
        assert np.array_equal(np.asarray(getattr(prepared, part).x), getattr(folder, part).x)
        assert np.array_equal(getattr(prepared, part).y, getattr(folder, part).y)
    renumbered = data.load(out, label_names=["dog", "cat"])
    assert np.array_equal(np.asarray(renumbered.train.y), 1 - np.asarray(prepared.train.y))
    with pytest.raises(InvalidInputError, match="expected images of 4x4, got prepared images of 8x8"):
        data.load(out, image_size=4)
    with pytest.raises(InvalidInputError, match="it is prepared already"):
        prepare(photos, out, image_size=8)
    (shard,) = out.glob("train-00002.npy")
    shard.write_bytes(shard.read_bytes()[:-5])
    with pytest.raises(InvalidInputError, match=r"train-00002.npy: .*the file is cut short"):
        data.load(out)


def test_preparation_continues_where_it_was_interrupted(photos, tmp_path, monkeypatch):
    Image.new("L", (8, 8)).save(photos / "cat" / "00.png")  # sorted first: the first shard is begun in grey
    out, module = tmp_path / "prepared", sys.modules["keras_vae.data.prepare"]
    decode, count = module.decode, 0

    def interrupted(*arguments):
        nonlocal count
        count += 1
        if count > limit:
            raise KeyboardInterrupt
        return decode(*arguments)

    monkeypatch.setattr(module, "decode", interrupted)
    limit = 25
    with pytest.raises(KeyboardInterrupt):
        prepare(photos, out, image_size=8, shard_bytes=192 * 8, verbose=0)
    with pytest.raises(InvalidInputError, match=r"expected readable|expected image|no such|prepared"):
        data.load(out)
    count, limit = 0, 1000
    prepare(photos, out, image_size=8, shard_bytes=192 * 8, verbose=0)
    assert 0 < count <= 41 - 8, "the finished files are not decoded again"
    assert not list(out.glob("*.shard.json"))
    folder, prepared = data.load(photos, image_size=8), data.load(out)
    assert np.array_equal(np.asarray(prepared.train.x), folder.train.x)


def test_preparation_leaves_other_folders_alone(photos, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "train-00000.npy").write_text("mine")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    for source in (photos, tmp_path / "table.csv", "tfds:mnist"):
        with pytest.raises(InvalidInputError, match=r"expected a new folder.*got train-00000\.npy"):
            prepare(source, tmp_path / "mine")
    assert [path.read_text() for path in (tmp_path / "mine").iterdir()] == ["mine"]


@pytest.mark.slow
def test_a_run_on_streamed_data_is_the_run_in_memory(tmp_path):
    np.save(tmp_path / "x.npy", data.load("digits").train.x[:300])
    config = TrainingConfig(data=str(tmp_path / "x.npy"), epochs=2, options={"units": [16]}, binarize="dynamic")
    runs = [
        train(config.replace(stream=stream), tmp_path / str(stream), report=False, verbose=0)
        for stream in (False, True)
    ]
    histories = [run.read_history() for run in runs]
    assert histories[0] == histories[1]


@pytest.mark.slow
def test_a_file_that_changes_during_training_ends_it_in_one_line(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, data.load("digits").train.x[:300])
    script = textwrap.dedent(f"""
        import importlib, os, sys
        module = importlib.import_module("keras_vae.training.train")
        start = module._fit
        def fit(*arguments, **options):
            os.truncate({str(path)!r}, 1000)
            return start(*arguments, **options)
        module._fit = fit
        sys.argv = ["keras-vae", "train", "--data", {str(path)!r}, "--stream", "--epochs", "1", "--out", "run"]
        from keras_vae.cli.main import main
        main()
    """)
    (tmp_path / "script.py").write_text(script)
    process = start_file(tmp_path / "script.py", output=tmp_path / "printed.txt")
    process.join()
    printed = (tmp_path / "printed.txt").read_text()
    assert process.exitcode == 2 and printed.splitlines()[-1].endswith(
        "x.npy: it has changed since it was opened; start again."
    ), printed
    assert "Traceback" not in printed
    assert json.loads((tmp_path / "run" / "config.json").read_text())["stream"] is True


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the private memory of a process")
def test_training_on_more_data_than_memory(tmp_path):
    """2.6 GB of examples under a limit of 1.75 GiB of private memory, of which TensorFlow itself uses most."""
    np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (40_000, 2**16)).flush()  # takes no room on disk
    script = textwrap.dedent("""
        import resource, sys
        resource.setrlimit(resource.RLIMIT_DATA, (7 * 2**28, 7 * 2**28))
        sys.argv = ["keras-vae", "train", "--data", "x.npy", "--network", "mlp", "--set", "units=[4]",
                    "--latent-dim", "2", "--batch-size", "32", "--max-time", "3s", "--no-report", "--out", "run"]
        from keras_vae.cli.main import main
        main()
    """)
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    assert (tmp_path / "run" / "checkpoint.keras").exists()
