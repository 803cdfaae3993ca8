"""Rows of numbers become tables again, and missing values of a file are replaced."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keras_vae.data.table import read_table
from keras_vae.data.table_rows import decimals_of, table_of, with_missing, write_table

NAMES, TEXTS = ("size, in m", "town", "visits"), ((), ("Bonn", 'Köln "am" Rhein; Ufer'), ())
ROWS = np.array([[0.1, 1, 3], [2.5, 0, np.nan], [np.nan, np.nan, 12]], "float32")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_a_table_that_is_written_is_read_again(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    table = table_of(ROWS, NAMES, TEXTS)
    assert [str(kind) for kind in table.schema.types] == ["double", "string", "int64"]
    write_table(table, path)
    parts = read_table(path)
    assert (parts.column_names, parts.categories) == (NAMES, TEXTS)
    np.testing.assert_array_equal(parts.train.x, ROWS)


def test_a_mean_is_written_as_the_nearest_text(tmp_path):
    rows, texts = np.array([[0.4], [0.9], [-3], [7], [np.nan]]), ("Bonn", "Ulm")
    assert table_of(rows, ("town",), (texts,)).to_pydict() == {"town": ["Bonn", "Ulm", "Bonn", "Ulm", None]}
    (tmp_path / "t.csv").write_text("key,town\n1,\n2,\n3,\n4,\n5,Ulm\n")
    filled = with_missing(tmp_path / "t.csv", rows, np.arange(5)[:, None] < 4, names=("town",), categories=(texts,))
    assert filled["town"].to_pylist() == ["Bonn", "Ulm", "Bonn", "Ulm", "Ulm"]


def test_numbers_have_the_decimals_of_the_training_data():
    x = np.array([[31, 1e9, -0.25, 1 / 3, 12345.67, np.nan], [np.nan, 7, 2, 2, 0.5, np.nan]], "float32")
    assert decimals_of(x) == [0, 0, 2, None, 2, 0]
    names = ("age", "income", "change")
    table = table_of(np.array([[23.4, 5.5e8, -0.001]], "float32"), names, ((), (), ()), {"age": 0, "change": 2})
    assert table.to_pydict() == {"age": [23], "income": [550000000], "change": [0]}
    assert table_of(np.array([[1e30], [2]]), ("mass",), ((),), {"mass": 0}).to_pydict() == {"mass": [1e30, 2]}


CSV = """key,joined,note,age,member,income,town
007,2020-01-02,"a ""b"", c",,True,1.50,Ulm
008,2020-01-03,,31,,NA,
009,2020-01-04,x,45,False,2.25,Bonn
"""


def test_only_the_missing_values_of_a_csv_file_change(tmp_path):
    path, out = tmp_path / "t.csv", tmp_path / "filled.csv"
    path.write_text(CSV)
    rows = np.array([[40.7, 0.2, 9, 9], [9, 0.2, 1.8123, 0], [9, 9, 9, 9]], "float32")
    missing = np.array([[1, 0, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0]], bool)
    names, texts = ("age", "member", "income", "town"), ((), (), (), ("Bonn", "Ulm"))
    filled = with_missing(path, rows, missing, names=names, categories=texts, decimals={"age": 0, "income": 2})
    write_table(filled, out)
    assert out.read_text().replace('"', "").splitlines() == [
        "key,joined,note,age,member,income,town",
        "007,2020-01-02,a b, c,41,True,1.50,Ulm",
        "008,2020-01-03,,31,False,1.81,Bonn",
        "009,2020-01-04,x,45,False,2.25,Bonn",
    ]


def test_the_columns_of_a_parquet_file_keep_their_types(tmp_path, refused):
    path = tmp_path / "t.parquet"
    columns = {
        "age": pa.array([None, 31], pa.int16()),
        "member": pa.array([True, None]),
        "income": pa.array([1.5, float("nan")], pa.float32()),
        "town": pa.array(["Ulm", None]).dictionary_encode(),
        "empty": pa.nulls(2),
        "rate": pa.array([None, 2.0]),
    }
    pq.write_table(pa.table(columns), path)
    rows = np.array([[40.7, 1, 9, 9, 3.4, 6.6], [9, 0.8, 1.8, 0, 2.2, 9]])
    missing = np.array([[1, 0, 0, 0, 1, 1], [0, 1, 1, 1, 1, 0]], bool)
    texts = ((), (), (), ("Bonn", "Ulm"), (), ())
    filled = with_missing(path, rows, missing, names=tuple(columns), categories=texts, decimals={"rate": 0})
    assert [str(kind) for kind in filled.schema.types] == ["int16", "bool", "float", "string", "double", "double"]
    assert [column.to_pylist() for column in filled.columns] == [
        [41, 31], [True, True], [1.5, pytest.approx(1.8)], ["Ulm", "Bonn"], [3.4, 2.2], [7, 2],
    ]  # fmt: skip
    beyond = with_missing(path, rows * 1e9, missing, names=tuple(columns), categories=texts)
    assert beyond["age"].to_pylist() == [32767, 31]
    with refused("expected 1 rows, as when it was read first, got 2"):
        with_missing(path, rows[:1], missing[:1], names=tuple(columns), categories=texts)
