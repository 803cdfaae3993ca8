"""Tables: names of columns, texts, labels, gaps, and what is no table."""

import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from keras_vae.data import load, prepare
from keras_vae.data.arrow_tables import column_names
from keras_vae.data.table import read_as_in_training, read_table
from keras_vae.errors import LONGEST, InvalidInputError

ROWS = {
    "age": [31, 45, None, 22, 61, 38],
    "income": [1e3, 2.5e3, 1.75e3, -3e2, 0.5, 9e9],
    "smoker": [True, False, None, True, True, False],
    "town": ["Ulm", "Bonn", None, "Köln, Rhein", "Bonn", "Ulm"],
    "kind": [1.0, 0.0, 2.0, 1.0, 0.0, 2.0],
}
CSV = """age,income,smoker,town,kind
31,1000,true,Ulm,1.0
45,2500,false,Bonn,0.0
,1750.0,,,2.0
22,-300,true,"Köln, Rhein",1.0
61,0.5,true,Bonn,0.0
38,9e9,false,Ulm,2.0
"""


@pytest.fixture(params=["csv", "excel.csv", "tsv", "parquet", "dictionary.parquet"])
def table(request, tmp_path):
    path = tmp_path / f"t.{request.param}"
    if path.suffix == ".parquet":
        columns = pa.table(ROWS)
        if "dictionary" in request.param:
            columns = columns.set_column(3, "town", columns["town"].dictionary_encode())
        pq.write_table(columns, path)
    elif request.param == "excel.csv":
        lines = CSV.replace('"Köln, Rhein"', "Köln; Rhein").replace(",", ";").replace("Köln; Rhein", "'Köln, Rhein'")
        path.write_text("\ufeff" + lines.replace("'", "").replace("\n", "\r\n"))
    elif path.suffix == ".tsv":
        path.write_text(CSV.replace('"Köln, Rhein"', "K").replace(",", "\t").replace("\tK\t", "\tKöln, Rhein\t"))
    else:
        path.write_text(CSV)
    return path


def test_columns_of_every_kind_are_read(table):
    parts = read_table(table, label_column="kind")
    nan = np.nan
    expected = [
        [31, 1e3, 1, 2],
        [45, 2500, 0, 0],
        [nan, 1750, nan, nan],
        [22, -300, 1, 1],
        [61, 0.5, 1, 0],
        [38, 9e9, 0, 2],
    ]
    np.testing.assert_array_equal(parts.train.x, np.array(expected, "float32"))
    assert parts.column_names == ("age", "income", "smoker", "town")
    assert parts.categories == ((), (), (), ("Bonn", "Köln, Rhein", "Ulm"))
    assert parts.train.y.tolist() == [1, 0, 2, 1, 0, 2] and parts.label_names == ()
    assert parts.notes == ("Column town has categories: Bonn, Köln, Rhein, Ulm.", "3 values are missing (NaN).")


def test_integers_that_float32_rounds_are_noted(tmp_path):
    (tmp_path / "t.csv").write_text(
        f"key,exact,real,hash\n1,{2**24},1e30,{2**60}\n{2**24 + 1},{2**26},0.1,{2**60 + 1}\n"
    )
    (note,) = read_table(tmp_path / "t.csv").notes
    assert note.startswith("Rounded the integers above 16,777,216 in hash, key to float32")


@pytest.mark.parametrize(("suffix", "encoding"), [(".csv", "utf-8-sig"), (".csv", "utf-16"), (".tsv", "utf-16")])
def test_a_byte_order_mark_says_the_encoding(tmp_path, suffix, encoding):
    path = tmp_path / f"t{suffix}"
    path.write_text("größe,Ort\n1,Köln\n2,Ulm\n".replace(",", "," if suffix == ".csv" else "\t"), encoding)
    parts = read_table(path)
    assert (parts.column_names, parts.categories) == (("größe", "Ort"), ((), ("Köln", "Ulm")))
    assert column_names(path) == ["größe", "Ort"]


def test_another_encoding_is_not_a_missing_header(tmp_path, refused):
    for place, content in ((2, "größe,b\n1,2\n"), (11, "a,b\n1,x\n2,Köln\n")):
        (tmp_path / "t.csv").write_text(content, "latin-1")
        with refused(f"t.csv: expected text in UTF-8, got the byte 0xF6 at offset {place} .*save the file as UTF-8"):
            read_table(tmp_path / "t.csv")


def test_names_may_have_line_breaks_and_a_header_may_be_wide(tmp_path, refused):
    path = tmp_path / "t.csv"
    path.write_text('"a\nb",c\n1,x\n2,y\n')
    assert column_names(path) == list(read_table(path).column_names) == ["a\nb", "c"]
    path.write_text(",".join(f"column {i}" for i in range(20_000)) + "\n" + ",".join("1" * 20_000) + "\n")
    assert len(column_names(path)) == 20_000
    with pytest.raises(InvalidInputError, match=r"Unknown column 'label'.* \.\.\. .*column 9999\.$") as caught:
        read_table(path, label_column="label")
    assert len(str(caught.value)) <= LONGEST


def test_columns_can_be_chosen_and_texts_be_labels(table):
    parts = read_table(table, use_columns=["income", "age"])
    assert parts.column_names == ("income", "age") and parts.train.y is None
    with_gap = table
    with pytest.raises(Exception, match="expected a label in each row, got none in row 2"):
        read_table(with_gap, label_column="town")


def test_load_keeps_names_and_splits(tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text("length,width,species\n" + "".join(f"{i},{2 * i},{'ab'[i % 2]}\n" for i in range(40)))
    data = load(path, label_column="species")
    assert data.name == "flowers" and data.event_shape == (2,) and data.label_names == ("a", "b")
    assert "2 columns: length, width" in data.describe()
    for split in (data.train, data.validation, data.test):
        np.testing.assert_array_equal(split.y, split.x[:, 0] % 2)


def test_another_table_is_read_with_the_categories_of_the_first(tmp_path, refused):
    path = tmp_path / "t.csv"
    path.write_text("a,town\n1,Ulm\n2,Köln\n")
    known = {"town": ["Bonn", "Köln", "Ulm"]}
    assert read_table(path, categories=known).train.x[:, 1].tolist() == [2, 1]
    path.write_text("a,town\n1,Ulm\n2,Rom\n")
    with refused("column 'town': expected one of Bonn, Köln, Ulm, as in training, got 'Rom'"):
        read_table(path, categories=known)


def as_in_training(path, **options):
    return read_as_in_training(path, **{"use_columns": ["a", "size"], **options})


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_is_what_it_was_in_training(tmp_path, refused, suffix):
    path = tmp_path / f"t{suffix}"

    def write(**columns):
        table = pa.table(columns)
        csv.write_csv(table, path) if suffix == ".csv" else pq.write_table(table, path)

    write(a=[1.0, 2.0], size=["M", "L"], kind=["x", "y"])
    with refused("column 'size': expected numbers, as in training, got the text 'M' in row 0; replace it by a number"):
        as_in_training(path)
    known = {"size": ["L", "M"]}
    x, y, keys = as_in_training(path, categories=known)
    assert x.tolist() == [[1, 1], [2, 0]] and y is None and keys is None
    with refused("column 'kind': expected numbers, as in training, got the text 'x'"):
        as_in_training(path, categories=known, label_column="kind")
    with refused("column 'size': expected numbers, as in training, got the text 'M'"):
        read_table(path, categories={"kind": ["x", "y"]})
    x, y, keys = as_in_training(path, categories=known | {"kind": ["y", "x"]}, label_column="kind", key="kind")
    assert y.tolist() == [1, 0] and keys == ["x", "y"]
    write(a=[1.0, 2.0, 3.0], size=[2.0, None, 10.0])
    np.testing.assert_array_equal(as_in_training(path, categories={"size": ["10", "2"]})[0][:, 1], [1, np.nan, 0])
    x, y, _ = as_in_training(path, label_column="kind")
    np.testing.assert_array_equal(x[:, 1], [2, np.nan, 10])
    assert y is None, "a table may lack the labels"
    with refused("expected a label in each row, got none in row 1"):
        as_in_training(path, categories={"size": ["2", "10"]}, label_column="size", use_columns=["a"])
    write(a=[1.0, np.inf, 1e39], size=[0, 1, 2])
    assert as_in_training(path)[0][:, 0].tolist() == [1.0, np.inf, np.inf], "the model says which row it cannot use"
    with refused("column 'a': expected finite float32 numbers, got inf in row 1; correct or remove it"):
        read_table(path)
    with refused("Unknown column 'id'"):
        as_in_training(path, key="id")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("bad", ["abc", "1,5", "1_5"])
def test_the_text_among_numbers_is_named_with_its_row(tmp_path, refused, suffix, bad):
    path = tmp_path / f"t{suffix}"
    texts = ["71", "-1.5e3", None, bad, *map(str, range(30))]
    table = pa.table({"a": [0.0] * len(texts), "size": texts})
    csv.write_csv(table, path) if suffix == ".csv" else pq.write_table(table, path)
    with refused(f"expected numbers, as in training, got the text '{bad}' in row 3"):
        as_in_training(path)
    with refused(f"different texts, such as '{bad}' in row 3"):
        read_table(path)
    with refused(f"expected one of 71, -1.5e3, as in training, got '{bad}' in row 3"):
        as_in_training(path, categories={"size": ["71", "-1.5e3"]})


@pytest.mark.parametrize(
    ("texts", "remedy"),
    [
        ([f"1.234,{i}" for i in range(30)], "write the numbers with a decimal point instead of a comma"),
        (["?", *map(str, range(30))], "if '\\?' stands for a missing value, leave it empty"),
        ([f"He said {i}" for i in range(30)], "convert it, or leave it out with ignore_columns"),
    ],
)
def test_the_remedy_for_a_column_of_text_depends_on_the_texts(tmp_path, refused, texts, remedy):
    path = tmp_path / "t.csv"
    csv.write_csv(pa.table({"a": [0.0] * len(texts), "size": texts}), path)
    for read in (load, lambda path: prepare(path, tmp_path / "out", verbose=0)):
        with refused(f"column 'size': .*; {remedy}"):
            read(path)


def test_columns_that_a_later_table_lacks_are_named_at_once(tmp_path, refused):
    path = tmp_path / "t.csv"
    path.write_text("a,town\n1,Ulm\n")
    with refused('got none named b, "c, in cm"; add what is missing. The file has a, town.$'):
        read_table(path, use_columns=["a", "b", "c, in cm"], categories={})


def test_all_columns_that_cannot_be_used_are_named_at_once(tmp_path, refused):
    rows = [f"2024-01-{day:02},{day},2024-02-{day:02}" for day in range(1, 29)]
    (tmp_path / "t.csv").write_text("\n".join(["joined,visits,left", *rows]))
    with refused("column 'joined': expected numbers .*, got date32.*; .* Neither can these columns be used: left.$"):
        load(tmp_path / "t.csv")
    assert load(tmp_path / "t.csv", use_columns=["visits"]).event_shape == (1,)


def test_the_row_index_of_pandas_is_no_feature(tmp_path, refused):
    path = tmp_path / "t.parquet"

    def write(metadata):
        table = pa.table({"a": [1, 2, 3], "b": [4, 5, 6], "id": [7, 8, 9], "__index_level_0__": [0, 2, 4]})
        pq.write_table(table.replace_schema_metadata({"pandas": metadata}), path)

    for index, left_out in (
        (["__index_level_0__"], ["__index_level_0__"]),
        (["id", "__index_level_0__"], ["id", "__index_level_0__"]),
        ([{"kind": "range", "name": None, "start": 0, "stop": 3, "step": 1}], []),
    ):
        write(json.dumps({"index_columns": index}))
        parts = read_table(path)
        names = ("a", "b", "id", "__index_level_0__")
        assert parts.column_names == tuple(name for name in names if name not in left_out)
        assert [note.split(",")[0] for note in parts.notes] == [f"Left out {name}" for name in left_out]
    write(json.dumps({"index_columns": ["id"]}))
    assert read_table(path, use_columns=["id", "a"]).train.x.tolist() == [[7, 1], [8, 2], [9, 3]]
    assert read_table(path, label_column="id").train.y.tolist() == [7, 8, 9]
    write("{")
    with refused("expected pandas metadata in JSON"):
        read_table(path)


def test_decimals_are_numbers(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": pa.array([Decimal("1.25"), None], pa.decimal128(5, 2)), "b": [1, 2]}), path)
    np.testing.assert_array_equal(read_table(path).train.x, [[1.25, 1], [np.nan, 2]])


def test_texts_that_look_like_numbers_in_another_table_stay_texts(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,size\n1,4\n2,10\n3,\n")
    parts = read_table(path, categories={"size": ["10", "4", "L"]})
    np.testing.assert_array_equal(parts.train.x[:, 1], [1, 0, np.nan])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected a table with a header"),
        ("1,2\n3,4\n", "expected column names in the first line, got numbers, 1, 2; add a header"),
        ("1,2", "expected column names in the first line, got numbers, 1, 2; add a header"),
        ("a,b\n", "expected one or more rows"),
        ("a,a\n1,2\n", "expected a different name for each column"),
        ("a,\n1,2\n", "expected a different name for each column"),
        ("a,b\n1,2\n3\n", "expected a table with a header, got: CSV parse error: Expected 2 columns, got 1"),
        (
            "a,b\n" + "".join(f"1,name {i}\n" for i in range(21)),
            "column 'b': expected numbers .* got 21 different texts",
        ),
        ("a,b\n1,2020-01-01\n", "column 'b': expected numbers .* got date32"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, refused, content, message):
    path = tmp_path / "t.csv"
    path.write_text(content)
    with refused(message):
        load(path)


def test_a_damaged_parquet_file_is_refused(tmp_path, refused):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(ROWS), path)
    path.write_bytes(path.read_bytes()[:-40])
    with refused("t.parquet: expected a table with a header, "):
        load(path)
    pq.write_table(pa.table({"x": [[1.0, 2.0]]}), path)
    with refused("column 'x': expected numbers or .* got list<element: double>"):
        load(path)


def test_labels_are_whole_numbers_whatever_their_type(tmp_path, refused):
    path = tmp_path / "t.csv"
    for labels in ("1.0", "1", "1e0"):
        path.write_text(f"a,y\n5,{labels}\n6,0\n")
        assert read_table(path, label_column="y").train.y.tolist() == [1, 0]
    path.write_text("a,y\n5,1.5\n6,0\n")
    with refused("column 'y': expected integer labels, got 1.5 in row 0; convert it"):
        read_table(path, label_column="y")


def test_options_that_do_not_fit_are_refused(tmp_path, refused):
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    with refused("Unknown column 'twon': did you mean 'town'"):
        load(path, label_column="twon")
    with refused("Unknown column 'old'"):
        load(path, use_columns=["old"])
    with refused("distinct columns other than the labels"):
        load(path, use_columns=["age", "kind"], label_column="kind")
    with refused("label_column: expected a table with named columns, got digits"):
        load("digits", label_column="y")
    with refused("use_columns: expected a table with named columns, got array"):
        load(np.zeros((9, 3)), use_columns=["a"])
