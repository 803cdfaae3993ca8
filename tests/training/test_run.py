"""A run folder: written whole or not at all, and never at the cost of what is not the run's own."""

import csv
import os
import shutil
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from keras_vae.evaluation import Picture, Result
from keras_vae.plots import plot_samples
from keras_vae.training import Run, TrainingConfig, environment, train, write_report


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "run")
    run.start(TrainingConfig(latent_dim=3))
    return run


def fill(run):
    for name in ("history.csv", "checkpoint.keras", "model.keras", "evaluation.json", "evaluation.html"):
        run[name].write_text(name)
    for name in ("pictures", "logs"):
        run[name].mkdir()
        (run[name] / "inside").write_text(name)


def test_a_new_run_has_its_configuration_and_environment(run):
    assert set(contents(run.path)) == {"config.json", "environment.json"}
    assert Run.open(run.path).config() == TrainingConfig(latent_dim=3)
    assert run.read_json("environment.json") == environment()
    assert {"keras_vae", "python", "tensorflow", "keras", "numpy"} <= set(environment())


def test_a_write_that_fails_half_way_leaves_the_old_content_and_nothing_else(run):
    run.write_text("evaluation.html", "old")
    before = contents(run.path)

    def fail(path):
        path.write_text("ne")
        raise OSError(28, "No space left on device")

    class Model:
        save = staticmethod(fail)

    for name in ("evaluation.html", "model.keras"):
        with pytest.raises(OSError, match="No space left"):
            run.save_model(Model, name)
        assert contents(run.path) == before


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError, SystemExit])
def test_an_interrupted_write_leaves_the_old_content_and_nothing_else(run, interruption):
    run.write_history({"epoch": [1], "loss": [0.5]})
    before = contents(run.path)

    class Model:
        def save(self, path):
            path.write_text("half")
            raise interruption

    with pytest.raises(interruption):
        run.save_model(Model(), "history.csv")
    assert contents(run.path) == before


def test_a_text_that_cannot_be_encoded_leaves_the_old_content(run):
    run.write_text("evaluation.html", "old")
    before = contents(run.path)
    with pytest.raises(UnicodeEncodeError):
        run.write_text("evaluation.html", "half\ud800")
    assert contents(run.path) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_foreign_files_is_left_alone(tmp_path, refused, overwrite):
    folder = tmp_path / "photos"
    (folder / "pictures").mkdir(parents=True)
    for name in ("history.csv", "model.keras", "pictures/cat.png", "notes.txt"):
        (folder / name).write_text("mine")
    before = contents(folder)
    with refused("choose another --out"):
        Run(folder).start(TrainingConfig(), overwrite=overwrite)
    assert contents(folder) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_left_alone(tmp_path, refused, overwrite):
    path = tmp_path / "out"
    path.write_text("mine")
    with refused("out: it is a file"):
        Run(path).start(TrainingConfig(), overwrite=overwrite)
    assert path.read_text() == "mine"


def test_a_run_is_replaced_only_when_told_so(run, refused):
    fill(run)
    before = contents(run.path)
    with refused("--resume to continue, --overwrite to start again, or another --out"):
        run.start(TrainingConfig(latent_dim=4))
    assert contents(run.path) == before
    run.start(TrainingConfig(latent_dim=4), overwrite=True)
    assert set(contents(run.path)) == {"config.json", "environment.json"}
    assert run.config().latent_dim == 4


def test_an_empty_folder_is_free(tmp_path):
    Run(tmp_path).start(TrainingConfig())
    assert Run(tmp_path).exists


def test_clear_removes_the_files_of_the_run_and_no_other(run):
    fill(run)
    (run.path / "notes.txt").write_text("mine")
    (run.path / "thesis").mkdir()
    (run.path / "thesis" / "model.keras").write_text("mine too")
    run.clear()
    assert contents(run.path) == {"notes.txt": b"mine", "thesis/model.keras": b"mine too"}


@pytest.mark.slow
def test_a_users_notes_survive_overwriting(tmp_path, tiny):
    run = train(tiny(epochs=1), tmp_path / "run", verbose=0)
    (run.path / "notes.txt").write_text("mine")
    train(tiny(epochs=1, seed=1), run.path, overwrite=True, verbose=0)
    assert (run.path / "notes.txt").read_text() == "mine"
    assert run.config().seed == 1


def test_a_refused_configuration_does_not_cost_the_run_that_it_would_have_replaced(run, tiny, refused):
    fill(run)
    before = contents(run.path)
    for bad in ({"model": "vea"}, {"likelihood": "bernouli"}, {"options": {"widths": [3]}}, {"binarize": "dynamci"}):
        with refused():
            train(tiny(**bad), run.path, overwrite=True, verbose=0)
        assert contents(run.path) == before


def test_a_folder_below_a_file_cannot_be_written(tmp_path, tiny):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="Not a directory"):
        train(tiny(), tmp_path / "file" / "run", verbose=0)
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_without_permission_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            Run(tmp_path / "run").start(TrainingConfig())
    finally:
        tmp_path.chmod(0o700)


def test_no_run_is_told_apart_from_an_unfinished_one(tmp_path, run, refused):
    with refused("nowhere: no run there .*; train one with --out"):
        Run.open(tmp_path / "nowhere")
    with refused(f"no run there .*; name a run in it, such as {run.path}"):
        Run.open(tmp_path)
    with refused("the run has no model yet; continue with `keras-vae train --resume --out"):
        Run.open(run.path).model()


metrics = st.lists(st.floats(allow_nan=False), min_size=4, max_size=4)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.sampled_from(["loss", "val_loss", "kl", "elbo"]), metrics, min_size=1))
def test_the_history_keeps_every_bit_of_a_float(tmp_path_factory, metrics):
    run = Run(tmp_path_factory.mktemp("run"))
    history = {"epoch": [1, 2, 3, 4], **metrics}
    run.write_history(history)
    assert run.read_history() == history
    with run["history.csv"].open(newline="") as file:
        assert next(csv.reader(file)) == list(history)


def test_no_history_is_an_empty_one(run):
    assert run.read_history() == {}
    run.write_history({"epoch": [], "loss": []})
    assert run.read_history() == {}


DAMAGED_HISTORIES = {
    "empty": b"",
    "no epoch": b"loss\n1.0\n2.0\n",
    "two headers": b"epoch,loss\nepoch,loss\n1,2.0\n",
    "two columns of one name": b"epoch,loss,loss\n1,2.0,2.0\n",
    "cut in a number": b"epoch,loss\n1,2.0\n2,1.",
    "cut in a row": b"epoch,loss\n1,2.0\n2\n",
    "another order": b"epoch,loss\n2,2.0\n1,2.0\n",
    "an endless epoch": b"epoch\ninf\n",
    "half an epoch": b"epoch\n1.5\n",
    "no number": b"epoch,loss\n1,x\n",
    "a cell too many": b"epoch,loss\n1,2,3\n",
    "no text": b"\xff\n\xfe",
    "a zero": b"epoch\n\0\n",
}


@pytest.mark.parametrize("content", DAMAGED_HISTORIES.values(), ids=DAMAGED_HISTORIES)
def test_a_damaged_history_is_one_line(run, refused, content):
    run["history.csv"].write_bytes(content)
    with refused("history.csv: it is damaged"):
        run.read_history()


@pytest.mark.slow
def test_a_picture_is_whole_or_not_there(finished_run, tmp_path, full_disk):
    shutil.copytree(finished_run, tmp_path / "run")
    run = Run(tmp_path / "run")
    x = np.random.default_rng(0).random((16, 8, 8, 1))
    results = {"samples": Result("?", {}, pictures={"samples": Picture("Samples.", lambda: plot_samples(x))})}
    before = contents(run["pictures"])
    with full_disk(2000), pytest.raises(OSError, match="File too large"):
        write_report(run, results, {})
    assert contents(run["pictures"]) == before


def test_what_json_keeps_it_gives_back(run):
    content = {"elbo": -1.0 / 3, "examples": 180, "nested": [1, None, "ü"]}
    run.write_json("evaluation.json", content)
    assert run.read_json("evaluation.json") == content


def test_a_run_that_was_killed_while_it_started_starts_again(run, tmp_path, refused):
    tiny = run.config()
    run["config.json"].unlink()
    (run.path / ".data.json.partial-abc").mkdir()
    Run(run.path).start(tiny)
    assert run.exists
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "environment.json").write_text("{}")
    with refused("it exists and is not empty"):
        Run(tmp_path / "mine").start(tiny)


def test_a_run_that_is_half_cleared_is_a_run(run, monkeypatch):
    run["history.csv"].write_text("epoch\n1\n")
    unlink = Path.unlink

    def fails(path, **options):
        if path.name == "history.csv":
            raise OSError("killed")
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", fails)
    with pytest.raises(OSError, match="killed"):
        run.clear()
    assert run.exists
