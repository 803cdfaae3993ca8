"""Tables that are read in parts: prepared once, and folders of tables; their values are those of `read_table`."""

import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from keras_vae import data
from keras_vae.data import load, prepare, prepare_table, prepared, table_blocks
from keras_vae.data.lazy_array import LazyArray
from keras_vae.training import TrainingConfig
from keras_vae.training.run_data import with_data, with_names

N = 60


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Parts of a few rows, and no prepared data in memory."""
    monkeypatch.setattr(table_blocks, "BLOCK", 128)
    monkeypatch.setattr(table_blocks, "MOST_ROWS", 7)
    monkeypatch.setattr(prepared, "LARGE", 0)


def columns() -> dict[str, list]:
    """Columns of every kind; the types of some of them show only at the end."""
    return {
        "age": [None if i % 9 == 4 else i for i in range(N)],
        "late": [*range(N - 1), 0.5],
        "smoker": [i % 3 == 0 for i in range(N)],
        "town": ["Ulm", None, "Köln, Rhein", "Bonn\nBeuel"] * (N // 4),
        "code": [*map(str, [1, 2] * (N // 2 - 1)), "1", "x"],
        "empty": [None] * N,
        "big": [2**60 + i for i in range(N)],
        "kind": ["low", "high"] * (N // 2),
    }


def write(path: Path, table: pa.Table) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    csv.write_csv(table, path) if path.suffix == ".csv" else pq.write_table(table, path, row_group_size=20)
    return path


def same(a: data.SplitDataset, b: data.SplitDataset) -> None:
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(np.asarray(getattr(a, part).x), np.asarray(getattr(b, part).x))
        np.testing.assert_array_equal(getattr(a, part).y, getattr(b, part).y)
    for name in ("column_names", "categories", "label_names", "notes"):
        assert getattr(a, name) == getattr(b, name)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "utf16.csv"])
@pytest.mark.parametrize(
    "options", [{}, {"label_column": "kind"}, {"label_column": "big", "use_columns": ["town", "late"]}]
)
def test_a_prepared_table_is_the_table(tmp_path, name, options):
    path = write(tmp_path / name, pa.table(columns()))
    if name.startswith("utf16"):
        path.write_text(path.read_text(), "utf-16")
    out = prepare(path, tmp_path / "out", shard_bytes=4 * 8 * 13, verbose=0, **options)
    lazy, table = load(out), load(path, **options)
    assert isinstance(lazy.train.x, LazyArray) and not (out / prepare_table.STATE).exists()
    same(lazy, table)


def test_a_prepared_table_is_read_as_in_training(tmp_path, refused):
    path = write(tmp_path / "t.csv", pa.table(columns()))
    out = prepare(path, tmp_path / "out", label_column="kind", verbose=0)
    config = with_names(TrainingConfig(data=str(out)), load(out))
    assert config.label_column == "kind" and config.categories["kind"] == ["high", "low"]
    same(load(out), load(with_data(config, str(path)).data, **config.data_options))
    options = {
        "use_columns": ["town", "age"],
        "categories": {"town": ["Ulm", "Köln, Rhein", "Rom", "Bonn\nBeuel"], "kind": ["low", "high"]},
        "label_column": "kind",
    }
    same(load(out, **options), load(path, **options))
    with refused("column 'town': expected one of Ulm, as in training, got 'Bonn\\\\nBeuel'"):
        load(out, use_columns=["town"], categories={"town": ["Ulm"]})
    with refused("column 'town': expected numbers, as in training, got text"):
        load(out, use_columns=["town"], categories={})
    with refused("was prepared with 'kind' as the labels, got 'age'"):
        load(out, label_column="age")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([*map(float, range(N - 1)), 1e39], "column 'a': expected finite float32 numbers, got 1e.39 in row 59"),
        ([*map(str, range(N - 1)), "abc"], r"different texts, such as '(abc|\d+)' in row \d+"),
        ([f"name {i}" for i in range(N)], "different texts, such as 'name 0' in row 0"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_file_row_and_column(tmp_path, refused, name, column, message):
    path = write(tmp_path / name, pa.table({"b": range(N), "a": column}))
    for read in (load, lambda path: prepare(path, tmp_path / "out", verbose=0)):
        with refused(message):
            read(path)
    with refused("column 'b': expected integer labels, got 0.5 in row 41; convert it"):
        write(path, pa.table({"b": [*[1.0] * 41, 0.5, 2.0], "a": range(43)}))
        prepare(path, tmp_path / "labels", label_column="b", verbose=0)


def test_a_file_with_a_bad_row_or_encoding_is_refused_in_one_line(tmp_path, refused):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 100 + "3\n")
    with refused("t.csv: expected a table with a header, got: CSV parse error"):
        prepare(path, tmp_path / "out", verbose=0)
    path.write_text("a,b\n" + "1,x\n" * 100 + "1,Köln\n", "latin-1")
    with refused("t.csv: expected text in UTF-8, got the byte 0xF6"):
        prepare(path, tmp_path / "out", verbose=0)
    pq.write_table(pa.table({"a": [[1.0]]}), tmp_path / "t.parquet")
    with refused("t.parquet, column 'a': expected numbers or .* got list<element: double>"):
        prepare(tmp_path / "t.parquet", tmp_path / "out", verbose=0)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_preparation_of_a_table_continues(tmp_path, monkeypatch, refused, suffix):
    path = write(tmp_path / f"t{suffix}", pa.table(columns()))
    out, save, calls = tmp_path / "out", np.save, itertools.count()

    def interrupted(file, x):
        if next(calls) == 3:
            raise KeyboardInterrupt
        save(file, x)

    options = {"label_column": "kind", "shard_bytes": 4 * 7 * 9, "verbose": 0}
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(path, out, **options)
    state = json.loads((out / prepare_table.STATE).read_text())
    assert len(state["shards"]) == 1
    first = (out / "train-00000.npy").stat()
    prepare(path, out, **options)
    assert (out / "train-00000.npy").stat().st_mtime_ns == first.st_mtime_ns
    same(load(out), load(path, label_column="kind"))
    with refused("it is prepared already"):
        prepare(path, out, **options)
    with refused("expected a new folder, or the same work begun before, got out;"):
        prepare(path, tmp_path, **options)


def test_a_folder_of_tables_is_one_table_with_its_splits(tmp_path, refused):
    whole = pa.table(columns())
    for name, rows in {"train-1": (20, 40), "train-0": (0, 20), "test-0": (50, 60), "validation": (40, 50)}.items():
        write(tmp_path / "shards" / f"{name}.parquet", whole.slice(rows[0], rows[1] - rows[0]))
    write(tmp_path / "shards" / "other.parquet", whole)
    (tmp_path / "shards" / "_SUCCESS").touch()
    loaded = load(tmp_path / "shards", label_column="kind")
    expected = load(write(tmp_path / "t.parquet", whole), label_column="kind")
    assert loaded.categories == expected.categories and loaded.label_names == expected.label_names
    assert "Left out 1 tables outside train, validation and test" in loaded.notes[0]
    every = np.concatenate([expected.train.x, expected.validation.x, expected.test.x])
    order = np.argsort(every[:, 1])  # of the column late, whose last value is 0.5
    assert np.array_equal(np.asarray(loaded.train.x)[1:], every[order][2:41], equal_nan=True)
    assert [len(part) for part in (loaded.train, loaded.validation, loaded.test)] == [40, 10, 10]
    same(load(prepare(tmp_path / "shards", tmp_path / "out", label_column="kind", verbose=0)), loaded)
    write(
        tmp_path / "shards" / "train-2.parquet",
        pa.table({"age": ["a"], **{k: [v[0]] for k, v in list(columns().items())[1:]}}),
    )
    with refused("train-0.parquet, column 'age': expected text, as in .*train-2.parquet, got int64"):
        load(tmp_path / "shards")
    write(tmp_path / "shards" / "train-2.parquet", pa.table({"age": [1]}))
    with refused("train-2.parquet: expected the columns of .*train-0.parquet, got none named 'late'"):
        load(tmp_path / "shards")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_table_larger_than_memory_names_the_remedy(tmp_path, monkeypatch, refused, name):
    path = write(tmp_path / name, pa.table({"a": np.arange(200_000) / 7, "b": np.arange(200_000)}))
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 2**20}))
    with refused(
        r"fits in \S+ (bytes|[KM]iB) of free memory, got about \S+ rows of 2 columns.* run `keras-vae prepare"
    ):
        load(path)
