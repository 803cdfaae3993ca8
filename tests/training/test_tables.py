"""A run on a table: kinds of its columns by name, its labels, and other tables that are read alike."""

import numpy as np
import pytest

from keras_vae.bulk import infer
from keras_vae.cli.exports import export_run
from keras_vae.cli.sources import examples
from keras_vae.serving import ExportOptions
from keras_vae.training import load_data, train
from keras_vae.training.build import build_model


def write(path, towns):
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal():.3f},{rng.integers(9)},{town},{'ba'[i % 2]}" for i, town in enumerate(towns)]
    path.write_text("\n".join(["height,visits,town,kind", *rows]))
    return str(path)


@pytest.fixture
def config(tiny, tmp_path):
    path = write(tmp_path / "people.csv", ["Ulm", "Bonn", "Rom"] * 20)
    options = {"units": [4], "columns": {"visits": "count"}}
    return tiny(model="tabular_vae", data=path, label_column="kind", options=options, epochs=1)


def test_kinds_are_guessed_but_where_they_are_named(config, refused):
    model = build_model(config, load_data(config))
    assert model.likelihood.columns == ("real", "count", ("categorical", 3))
    guessed = config.replace(options={"units": [4]})
    assert build_model(guessed, load_data(guessed)).likelihood.columns[1] == ("categorical", 9)
    wrong = config.replace(options={"columns": {"visit": "count"}})
    with refused("columns: Unknown column 'visit': did you mean 'visits'"):
        build_model(wrong, load_data(wrong))


@pytest.mark.slow
def test_another_table_has_the_categories_of_the_training(config, tmp_path, refused):
    run = train(config, tmp_path / "run", report=False, verbose=0)
    assert run.config().categories == {"town": ["Bonn", "Rom", "Ulm"], "kind": ["a", "b"]}
    other = examples(run.path, write(tmp_path / "other.csv", ["Ulm", "Rom"] * 10), "train")
    assert set(other.x[:, 2]) == {1.0, 2.0}
    with refused("column 'town': expected one of Bonn, Rom, Ulm, as in training, got 'Paris'"):
        examples(run.path, write(tmp_path / "more.csv", ["Ulm", "Paris"] * 10), "train")
    again = train(config, run.path, resume=True, report=False, verbose=0)
    assert again.path == run.path
    export_run(run.path, tmp_path / "served", ExportOptions(batch_sizes=(1,)), data=None, no_data=True)
    summary = infer("encode", tmp_path / "served", tmp_path / "other.csv", tmp_path / "codes")
    assert (summary.answered, summary.rejected) == (20, {})
