"""A run on a table or a folder: names of columns and labels, and other data that are read alike."""

import shutil
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_vae.bulk import infer
from keras_vae.cli.evaluations import check_comparable
from keras_vae.cli.exports import export_run
from keras_vae.cli.sources import (
    data_of,
    evaluation_data_of,
    examples_for_server,
    read_examples,
    texts_of_rows,
    training_examples,
)
from keras_vae.data import SplitDataset
from keras_vae.evaluation import condition_of
from keras_vae.serving import ExportOptions
from keras_vae.training import Run, TrainingConfig, load_data, train
from keras_vae.training.build import build_model
from keras_vae.training.model_file import config_of, record_of
from keras_vae.training.run_data import with_data, with_names


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


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "masked_vae", "options": {}},
        {"model": "masked_vae", "options": {"base": {"name": "table", "columns": {"visits": "count"}}}},
        {"model": "vae", "likelihood": "masked", "options": {}},
        {"model": "vae", "likelihood": "table", "options": {"likelihood": {"columns": {"visits": "count"}}}},
    ],
    ids=["masked_vae", "masked_vae with a kind", "masked", "table with a kind"],
)
def test_any_likelihood_of_a_table_gets_the_kinds_of_its_columns(config, settings):
    config = config.replace(**settings)
    likelihood = build_model(config, load_data(config)).likelihood
    visits = "count" if config.options else ("categorical", 9)
    assert getattr(likelihood, "base", likelihood).columns == ("real", visits, ("categorical", 3))


def test_another_file_is_read_whole_in_its_order(config, tmp_path, refused):
    path, data = tmp_path / "run", load_data(config)
    Run(path).start(with_names(config, data))
    (tmp_path / "new.csv").write_text("town,visits,height\nRom,3,0.5\n")
    one = read_examples(path, str(tmp_path / "new.csv"), None)
    assert one.x.tolist() == [[0.5, 3, 1]] and one.y is None, "no labels are needed"
    labelled = write(tmp_path / "more.csv", ["Ulm", "Rom"] * 10)
    more = read_examples(path, labelled, None)
    assert more.x[:, 2].tolist() == [2, 1] * 10 and more.y.tolist() == [1, 0] * 10
    assert len(evaluation_data_of(path, labelled, None)) == 20
    with refused("--split: .*more.csv has no test part of its own; leave --split out"):
        read_examples(path, labelled, "test")
    for own in (None, config.data, str(tmp_path / "run" / ".." / "people.csv")):
        np.testing.assert_array_equal(read_examples(path, own, None).x, data.test.x)
        np.testing.assert_array_equal(evaluation_data_of(path, own, None).test.x, data.test.x)
    compared = evaluation_data_of(path, labelled, None, runs=[path, tmp_path / "other"])
    assert len(compared) == 20, "of two runs neither was trained on it"


def test_a_model_file_of_a_run_reads_other_data_as_the_run_does(config, tmp_path, refused):
    path, data = tmp_path / "run", load_data(config)
    named = with_names(config.replace(binarize=None, seed=3), data)
    run = Run(path)
    run.start(named)
    model = build_model(named, data)
    run.save_model(model, "model.keras", metadata=record_of(named))
    file = shutil.copy(path / "model.keras", tmp_path / "alone.keras")
    (tmp_path / "new.csv").write_text("town,visits,height\nRom,3,0.5\n")
    np.testing.assert_array_equal(read_examples(file, str(tmp_path / "new.csv"), None).x, [[0.5, 3, 1]])
    for name in ("seed", "use_columns", "categories", "label_column"):
        assert getattr(config_of(file), name) == getattr(named, name)
    model.save(tmp_path / "other.keras")
    assert config_of(tmp_path / "other.keras") is None
    with refused("new.csv: expected numbers, as .*other.keras does not record the categories .* column 'town'"):
        read_examples(tmp_path / "other.keras", str(tmp_path / "new.csv"), None)
    (tmp_path / "numbers.csv").write_text("town,visits,height\n1,3,0.5\n")
    with pytest.warns(UserWarning, match="other.keras does not record the columns .* order: town, visits, height"):
        read_examples(tmp_path / "other.keras", str(tmp_path / "numbers.csv"), None)
    with zipfile.ZipFile(file) as archive:
        assert len(archive.namelist()) == 3, "Keras extracts an archive of more members to the disk"
    run.save_model(model, "other.keras", metadata={"data_options": {"use_columns": 3}})
    shutil.copy(path / "other.keras", tmp_path / "other.keras")
    with refused("other.keras: its record of the data is damaged .use_columns must be a list of texts"):
        read_examples(tmp_path / "other.keras", str(tmp_path / "numbers.csv"), None)


def test_what_is_sent_to_a_server_has_the_labels_that_are_named(tmp_path, refused):
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        Image.new("L", (4, 4)).save(tmp_path / "pets" / label / "1.png")
    pets, table = str(tmp_path / "pets"), tmp_path / "t.csv"
    with pytest.warns(UserWarning, match="the server does not record .* cat = 0, dog = 1; .* give --label-names"):
        assert examples_for_server(pets, None, conditional=True).y.tolist() == [0, 1]
    with warnings.catch_warnings(action="error"):
        assert examples_for_server(pets, None, label_names=["dog", "cat"], conditional=True).y.tolist() == [1, 0]
        assert len(examples_for_server(pets, None)) == 2, "labels are not sent"
    table.write_text("b,a\n1,2\n")
    with pytest.warns(UserWarning, match="the server does not record the columns .* in their order: b, a"):
        assert examples_for_server(str(table), None).x.tolist() == [[1, 2]]
    with refused("--label-names: expected a folder of images"):
        examples_for_server(str(table), None, label_names=["cat"])


def test_the_parts_of_a_file_are_kept(tmp_path, refused):
    file, x = str(tmp_path / "x.npz"), np.arange(12, dtype="float32").reshape(6, 2)
    np.savez(file, x=x[:3], x_test=x[3:], y=[0, 1, 2], y_test=[0, 1, 0])
    whole = read_examples(tmp_path / "model.keras", file, None)
    np.testing.assert_array_equal(whole.x, x)
    assert whole.y.tolist() == [0, 1, 2, 0, 1, 0]
    assert read_examples(tmp_path / "model.keras", file, "test").y.tolist() == [0, 1, 0]
    data = evaluation_data_of(tmp_path / "model.keras", file, None)
    assert isinstance(data, SplitDataset) and data.test.x.tolist() == x[3:].tolist() and len(data.train) == 3
    with refused("has no validation part of its own"):
        evaluation_data_of(tmp_path / "model.keras", file, "validation")


def test_the_labels_of_another_folder_are_those_of_the_training(tiny, tmp_path, refused):
    def write_images(*folders):
        for folder in folders:
            (tmp_path / folder).mkdir(parents=True)
            for i in range(10):
                Image.new("L", (8, 8), i).save(tmp_path / folder / f"{i}.png")

    write_images("pets/cat", "pets/dog", "more/dog", "others/dog", "others/ape")
    config = tiny(model="conditional_vae", data=str(tmp_path / "pets"))
    run, data = tmp_path / "run", load_data(config)
    Run(run).start(with_names(config, data))
    assert Run(run).config().label_names == ["cat", "dog"]
    more, others = str(tmp_path / "more"), str(tmp_path / "others")
    assert set(read_examples(run, more, None).y) == set(data_of(run, more).train.y) == {1}
    with pytest.warns(UserWarning, match="Expected the labels cat, dog; got ape too"):
        assert set(evaluation_data_of(run, others, None).y) == {1, 2}
    model = build_model(config, data)
    with pytest.warns(UserWarning), refused("expected labels from 0 to 1, .*; got labels from 1 to 2"):
        split = read_examples(run, others, None)
        model.encode(split.x, condition=condition_of(model, split.y))
    assert len(read_examples(run, "digits", None)) == 180
    assert len(training_examples(run, more)[0]) == 10 and len(training_examples(run, None)[0]) == 16


@pytest.mark.parametrize(("kind", "kept"), [("pets", ["cat", "dog"]), ("digits", None), ("new.csv", None)])
def test_the_names_of_a_configuration_are_for_data_of_their_kind(tiny, tmp_path, kind, kept):
    (tmp_path / "pets").mkdir()
    data = str(tmp_path / kind) if kind == "pets" else kind
    config = tiny(data="others", label_names=["cat", "dog"], label_column=None)
    assert with_data(config, data) == config.replace(data=data, label_names=kept)
    table = tiny(data="old.csv", label_column="kind", use_columns=["a"], categories={"kind": ["x", "y"]})
    names = {} if kind == "new.csv" else {"label_column": None, "use_columns": None, "categories": None}
    assert with_data(table, data) == table.replace(data=data, **names)


def test_the_image_size_of_the_training_is_that_of_folders_only(tiny, tmp_path):
    Run(tmp_path / "run").start(tiny(data=str(tmp_path / "images"), image_size=8))
    np.save(tmp_path / "x.npy", np.zeros((1, 8, 8, 1), "uint8"))
    assert len(read_examples(tmp_path / "run", str(tmp_path / "x.npy"), None)) == 1


@pytest.mark.slow
def test_another_table_has_the_categories_of_the_training(config, tmp_path, refused):
    run = train(config, tmp_path / "run", report=False, verbose=0)
    assert run.config().categories == {"town": ["Bonn", "Rom", "Ulm"], "kind": ["a", "b"]}
    other = read_examples(run.path, write(tmp_path / "other.csv", ["Ulm", "Rom"] * 10), "train")
    assert set(other.x[:, 2]) == {1.0, 2.0}
    with refused("column 'town': expected one of Bonn, Rom, Ulm, as in training, got 'Paris'"):
        read_examples(run.path, write(tmp_path / "more.csv", ["Ulm", "Paris"] * 10), "train")
    again = train(config, run.path, resume=True, report=False, verbose=0)
    assert again.path == run.path
    export_run(run.path, tmp_path / "served", ExportOptions(batch_sizes=(1,)), data=None, no_data=True)
    summary = infer("encode", tmp_path / "served", tmp_path / "other.csv", tmp_path / "codes")
    assert (summary.answered, summary.rejected) == (20, {})


def test_a_run_on_photographs_of_various_sizes_keeps_their_size_and_names_its_examples(tmp_path):
    (tmp_path / "photos").mkdir()
    for index in range(20):
        size = (70, 90) if index % 2 else (90, 70)
        Image.new("L", size, index).save(tmp_path / "photos" / f"{index:02}.png")
    config = TrainingConfig(data=str(tmp_path / "photos"))
    named = with_names(config, load_data(config))
    assert named.image_size == 64 and with_data(named, "digits").image_size is None
    Run(tmp_path / "new").start(named)
    Run(tmp_path / "earlier").start(config)  # of a model of another size
    for name, size in {"new": (64, 64, 1), "earlier": (90, 70, 1)}.items():
        part = read_examples(tmp_path / name, None, None, shape=size)
        assert part.x.shape == (2, *size)
        assert texts_of_rows(tmp_path / name, None, part) == [f"{image.max():02}.png" for image in part.x]
    digits = read_examples(tmp_path / "new", "digits", None)[:2]
    assert texts_of_rows(tmp_path / "new", "digits", digits) == ["test 0", "test 1"]


def test_runs_on_a_folder_are_compared_whether_they_record_the_size_or_not(tiny, tmp_path, refused):
    runs = [tmp_path / name for name in ("earlier", "new", "other")]
    for run, size in zip(runs, (None, 64, (32, 64)), strict=True):
        Run(run).start(tiny(data=str(tmp_path), image_size=size))
    assert check_comparable(runs[:2], None) == []
    with refused("expected runs of the same data"):
        check_comparable(runs[1:], None)
