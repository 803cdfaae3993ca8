"""Commands that write tables, with a model that has not been trained."""

import csv
from pathlib import Path

import numpy as np
import pytest

import keras_vae as kv
from keras_vae.training import Run, TrainingConfig
from keras_vae.training.model_file import record_of
from tests.cli.refusals import assert_refused

CSV = """key,age,"town, or city",income
007,,Ulm,1.50
008,31,,NA
009,45,Bonn,2.25
"""


@pytest.fixture
def model(tmp_path):
    """A model file with a record of the columns of a table."""
    kinds = ["count", ("categorical", 3), "real"]
    model = kv.zoo.masked_vae((3,), 2, base={"name": "table", "columns": kinds}, units=(4,), seed=0)
    model.adapt(np.array([[31, 0, 1.5], [45, 1, 2.25], [np.nan, 2, np.nan]], "float32"))
    columns, texts = ["age", "town, or city", "income"], {"town, or city": ["Bonn", "Köln", "Ulm"]}
    config = TrainingConfig(use_columns=columns, categories=texts, decimals={"age": 0, "income": 2})
    Run(tmp_path).save_model(model, "m.keras", metadata=record_of(config))
    return tmp_path / "m.keras"


def rows_of(path):
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def test_samples_and_reconstructions_are_written_with_names_and_texts(cli, model):
    assert cli("sample", model, "--out", "s.csv", "-n", 20)[0] == 0
    samples = rows_of("s.csv")
    assert len(samples) == 20 and [*samples[0]] == ["age", "town, or city", "income"]
    assert {row["town, or city"] for row in samples} <= {"Bonn", "Köln", "Ulm"}
    assert all(row["age"].isdecimal() and float(row["income"]) == round(float(row["income"]), 2) for row in samples)
    Path("new.csv").write_text(CSV)
    assert cli("reconstruct", model, "--data", "new.csv", "--out", "r.tsv")[0] == 0
    header, *rows = Path("r.tsv").read_text().splitlines()
    assert header == '"age"\t"town, or city"\t"income"' and len(rows) == 3


def test_imputed_values_replace_the_missing_ones_only(cli, model):
    Path("new.csv").write_text(CSV)
    code, out, _ = cli("impute", model, "--data", "new.csv", "--out", "filled.csv")
    assert code == 0 and "Imputed: 3 values in 2 rows." in out
    before, after = rows_of("new.csv"), rows_of("filled.csv")
    for old, new in zip(before, after, strict=True):
        assert {name: new[name] for name in old if old[name] not in ("", "NA")}.items() <= old.items()
    assert after[0]["age"].isdecimal() and after[1]["town, or city"] in ("Bonn", "Köln", "Ulm")
    assert 0 < float(after[1]["income"]) < 4
    cli("impute", model, "--data", "new.csv", "--out", "one.csv", "--sample", "--seed", 1)
    cli("impute", model, "--data", "new.csv", "--out", "two.csv", "--sample", "--seed", 2)
    assert rows_of("one.csv")[1]["income"] != rows_of("two.csv")[1]["income"]
    assert_refused(cli("impute", model, "--data", "new.csv", "--out", "filled.csv"), "filled.csv: it exists")


def test_what_has_no_table_is_refused(cli, model, tmp_path):
    kv.zoo.vae((3,), 2, units=(4,), seed=0).save(tmp_path / "plain.keras")
    assert_refused(cli("sample", "plain.keras", "--out", "s.csv"), "--out: a .csv file needs a model that was trained")
    assert not Path("s.csv").exists()
    assert_refused(cli("impute", model, "--data", "digits", "--out", "d.csv"), "--data: expected a table in a .csv")
