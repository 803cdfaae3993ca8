import json

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from keras_vae.data import load, prepare
from keras_vae.training import TrainingConfig, train

ROWS = [f"A{i:03},{i % 7},{i / 3:.2f},{'xy'[i % 2]}" for i in range(60)]


@pytest.fixture
def table(tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(["id,age,size,kind", *ROWS]))
    return tmp_path / "t.csv"


@pytest.mark.parametrize("form", ["file", "folder", "prepared"])
def test_the_columns_of_the_examples_are_the_others(table, tmp_path, form):
    source = table
    if form == "folder":
        source = tmp_path / "folder"
        source.mkdir()
        (source / "train.csv").write_bytes(table.read_bytes())
    elif form == "prepared":
        source = prepare(table, tmp_path / "prepared", label_column="kind", ignore_columns=["id"], verbose=0)
    ignored = ["age"] if form == "prepared" else ["id", "age"]
    data = load(source, label_column="kind", ignore_columns=ignored)
    assert data.column_names == ("size",) and data.label_names == ("x", "y")


def test_a_row_index_of_pandas_stays_left_out(tmp_path):
    columns = pa.table(
        {"id": np.arange(30), "a": np.arange(30.0), "b": np.arange(30.0), "__index_level_0__": [*range(30)]}
    )
    written_by_pandas = {"pandas": json.dumps({"index_columns": ["__index_level_0__"]})}
    parquet.write_table(columns.replace_schema_metadata(written_by_pandas), tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet", ignore_columns=["id"]).column_names == ("a", "b")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ignore_columns": ["idd"]}, "t.csv: Unknown column 'idd': did you mean 'id'"),
        ({"ignore_columns": ["id"], "use_columns": ["age"]}, "expected one of the two, got both"),
        ({"ignore_columns": ["id", "kind"], "label_column": "kind"}, "'kind' is the column with the labels"),
        ({"ignore_columns": ["id", "age", "size", "kind"]}, "expected columns beside the ignored ones, got none"),
        ({"ignore_columns": "id"}, "expected a list of names of columns; got 'id'"),
    ],
)
def test_what_cannot_be_ignored_is_told_in_one_line(table, refused, options, message):
    with refused(message):
        load(table, **options)


def test_only_tables_have_columns_to_ignore(refused):
    with refused("ignore_columns: expected a table, got 'digits'; leave ignore_columns out"):
        load("digits", ignore_columns=["id"])


@pytest.mark.slow
def test_a_run_records_the_other_columns_and_resumes_with_the_same_options(table, tmp_path, tiny):
    config = tiny(model="tabular_vae", data=str(table), ignore_columns=["id"], epochs=1, options={"units": [4]})
    run = train(config, tmp_path / "run", verbose=0, report=False)
    recorded = run.config()
    assert (recorded.use_columns, recorded.ignore_columns) == (["age", "size", "kind"], None)
    train(config.replace(epochs=2), run.path, resume=True, verbose=0, report=False)
    assert isinstance(recorded, TrainingConfig) and len(run.read_history()["epoch"]) == 2
