"""A search ends with the best of its trials, and goes on where it was."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from keras_tuner.src import utils as tuner_files
from keras_tuner.src.distribute import oracle_chief
from PIL import Image

from keras_vae.errors import LostWorkerError
from keras_vae.training import Run, TrainingConfig
from keras_vae.tuning import Axis, tune, workers
from keras_vae.tuning.saved_search import whole_files

CONFIG = TrainingConfig(
    model="beta_vae", epochs=2, limit=96, options={"units": [8]}, jit_compile=False, likelihood_samples=0, decay="none"
)
SPACE = [Axis("latent_dim", low=2, high=6), Axis("beta", low=0.25, high=4.0, log=True)]


def rows(out):
    return json.loads((out / "trials.json").read_text())


def by_trial(out):
    """The values of each trial that keras-tuner holds, and when it was written."""
    files = sorted((out / "trials").glob("trial_*/trial.json"))
    trials = [json.loads(path.read_text()) for path in files]
    return {trial["trial_id"]: (trial["status"], trial["hyperparameters"]["values"]) for trial in trials}


@pytest.fixture(scope="module", autouse=True)
def with_short_reports(short_reports):
    with short_reports():
        yield


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    out = tmp_path_factory.mktemp("search") / "search"
    return out, tune(CONFIG, out, space=SPACE, tuner="bayesian", max_trials=3, verbose=0)


@pytest.mark.slow
def test_the_best_trial_becomes_a_run(searched):
    out, best = searched
    found = rows(out)
    assert [row["status"] for row in found] == ["COMPLETED"] * 3
    top = max(found, key=lambda row: row["score"])
    assert best.path == out / "best" and best.config().latent_dim == top["values"]["latent_dim"]
    assert best.config().options["beta"] == top["values"]["beta"]
    assert best.read_history()["val_elbo"][-1] == pytest.approx(top["figures"]["val_elbo"], rel=1e-5)


def test_scores_do_not_depend_on_the_weights_that_are_searched(searched):
    for row in rows(searched[0]):
        figures = row["figures"]
        assert row["score"] == figures["val_elbo"] == pytest.approx(-figures["val_nll"] - figures["val_kl"], rel=1e-4)


def test_the_search_is_drawn(searched):
    for name in ("search.png", "rate_distortion.png"):
        with Image.open(searched[0] / name) as image:
            assert min(image.size) > 200


@pytest.mark.slow
def test_more_trials_repeat_none_and_a_better_one_takes_the_place_of_the_best_run(
    searched, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "another")  # as if the search went on with workers
    out = tmp_path / "search"
    shutil.copytree(searched[0], out)
    before, first = by_trial(out), Run(out / "best")
    first.write_json("config.json", first.config().replace(latent_dim=17).as_dict())
    best = tune(CONFIG, out, space=SPACE, tuner="bayesian", max_trials=4, resume=True, verbose=1)
    after = by_trial(out)
    assert len(before) == 3 and len(after) == 4
    assert {name: after[name] for name in before} == before
    *earlier, last = (row["score"] for row in rows(out))
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["3"])
    assert (line.split()[-1] == "*") == (last > max(earlier))
    top = max(rows(out), key=lambda row: row["score"])["values"]
    assert (best.config().latent_dim, best.config().options["beta"]) == (top["latent_dim"], top["beta"])
    assert len(best.read_history()["epoch"]) == 2


@pytest.mark.slow
def test_hyperband_and_an_objective_to_be_minimised(tmp_path, capsys):
    config, objective = CONFIG.replace(epochs=4), "reconstruction_mse"
    out = tmp_path / "search"
    best = tune(config, out, space=SPACE, tuner="hyperband", objective=objective, max_trials=2, verbose=1)
    found = rows(out)
    assert len(found) == 2 and all(row["score"] == row["figures"][objective] for row in found)
    assert best.config().latent_dim == min(found, key=lambda row: row["score"])["values"]["latent_dim"]
    lines = [
        line for line in capsys.readouterr().out.splitlines() if "beta" in line or line.split()[:1] in (["0"], ["1"])
    ]
    assert objective in lines[0] and lines[1].split()[-1] == "*"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tuner": "hyperbnd"}, "Unknown tuner 'hyperbnd': did you mean 'hyperband'"),
        ({"objective": "val_loss"}, "Unknown objective 'val_loss'.*NAME:min or NAME:max"),
        ({"objective": "val_loss:up"}, "expected NAME:min or NAME:max"),
        ({"max_trials": 0}, "max_trials must be an integer >= 1"),
        ({"space": [Axis("latent_dmi", [2])]}, "latent_dmi"),
    ],
)
def test_what_cannot_be_searched_is_refused(tmp_path, refused, changes, message):
    with refused(message):
        tune(CONFIG, tmp_path / "search", **{"space": SPACE, "verbose": 0, **changes})
    assert not (tmp_path / "search" / "best").exists()


def test_another_search_is_refused(searched, refused):
    out, _ = searched
    with refused("use --resume to continue"):
        tune(CONFIG, out, space=SPACE, tuner="bayesian", max_trials=3, verbose=0)
    with refused(r"had another objective \(val_elbo\)"):
        tune(CONFIG, out, space=SPACE, tuner="bayesian", max_trials=3, objective="val_nll", resume=True, verbose=0)
    with refused(r"had another max_trials \(3\)"):
        tune(CONFIG, out, space=SPACE, tuner="bayesian", max_trials=1, resume=True, verbose=0)


def test_a_folder_of_something_else_is_left_alone(tmp_path, refused):
    (tmp_path / "mine.txt").write_text("mine")
    for resume in (False, True):
        with refused("it exists and is not empty; choose another --out"):
            tune(CONFIG, tmp_path, space=SPACE, resume=resume, verbose=0)


@pytest.fixture
def command_of_the_search(command, tmp_path):
    """What starts the search of `CONFIG` in a process of its own."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIG.as_dict()))
    axes = ["--space", "latent_dim=2:6", "--space", "beta=0.25:4:log"]
    return [command, "tune", "--config", str(tmp_path / "config.json"), "--tuner", "random", *axes]


@pytest.mark.slow
def test_a_killed_search_loses_no_trial_and_repeats_none(tmp_path, command_of_the_search):
    out = tmp_path / "search"
    arguments = [*command_of_the_search, "--max-trials", "4", "--resume", "--out", str(out)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 200
    while len(completed(out)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = completed(out)
    assert 2 <= len(before) < 4
    tune(CONFIG, out, space=SPACE, tuner="random", max_trials=4, resume=True, verbose=0)
    after = completed(out)
    assert len(after) == 4 and {name: after[name] for name in before} == before
    assert len({json.dumps(values) for _, values in after.values()}) == 4
    assert (out / "best" / "evaluation.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["as a trial began", "as a trial ended"])
def test_a_kill_between_two_files_of_a_search(searched, tmp_path, killed):
    out = shutil.copytree(searched[0], tmp_path / "search")
    shutil.rmtree(out / "best")
    before = completed(out)
    files = [out / "trials" / "oracle.json", out / "trials" / "trial_2" / "trial.json"]
    oracle, trial = (json.loads(file.read_text()) for file in files)
    oracle["end_order"].remove("2")
    if killed == "as a trial began":
        oracle["start_order"].remove("2")
        trial |= {"status": "RUNNING", "score": None}
        del before["2"]
    else:
        oracle["ongoing_trials"] = {"tuner0": "2"}
    for file, content in zip(files, (oracle, trial), strict=True):
        file.write_text(json.dumps(content))
    tune(CONFIG, out, space=SPACE, tuner="bayesian", max_trials=3, resume=True, verbose=0)
    after = completed(out)
    assert len(after) == 3 and {name: after[name] for name in before} == before
    assert json.loads(files[0].read_text())["end_order"] == ["0", "1", "2"]


def test_a_file_of_a_search_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "oracle.json"
    with whole_files():
        tuner_files.save_json(str(path), [1])
        with pytest.raises(TypeError):
            tuner_files.save_json(str(path), [1, object()])
    assert json.loads(path.read_text()) == [1]


@pytest.mark.parametrize(("end", "told"), [("sys.exit(3)", "with code 3"), ("os.kill(os.getpid(), 9)", "signal 9")])
def test_a_chief_does_not_wait_for_workers_that_have_failed(monkeypatch, end, told):
    monkeypatch.setattr(workers, "SETTLE", 0.1)
    command = [sys.executable, "-c", f"import os, sys; {end}"]
    expected = f"a worker of the search .*{told}; continue the search with --resume"
    with pytest.raises(LostWorkerError, match=expected), workers.workers(command, 2):
        oracle_chief.start_server(SimpleNamespace())
    assert workers.ROLE not in os.environ


@pytest.mark.slow
def test_a_full_disk_ends_the_search_which_then_goes_on(tmp_path, full_disk):
    out = tmp_path / "search"
    with full_disk(10_000), pytest.raises(OSError, match=r"File too large.*checkpoint\.weights\.h5"):
        tune(CONFIG, out, space=SPACE, tuner="random", max_trials=2, verbose=0)
    assert not completed(out)
    tune(CONFIG, out, space=SPACE, tuner="random", max_trials=2, resume=True, verbose=0)
    assert len(completed(out)) == 2
    names = {path.name for path in (out / "trials" / "trial_0").iterdir()}
    assert names == {"build_config.json", "checkpoint.weights.h5", "trial.json"}


def completed(out):
    found = {}
    for path in (out / "trials").glob("trial_*/trial.json"):
        trial = json.loads(path.read_text())
        if trial["status"] == "COMPLETED":
            found[trial["trial_id"]] = (trial["score"], trial["hyperparameters"]["values"])
    return found


@pytest.mark.slow
def test_workers_share_the_trials(tmp_path, command_of_the_search):
    out = tmp_path / "search"
    arguments = [*command_of_the_search, "--max-trials", "2", "--workers", "2", "--out", str(out)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(completed(out)) == len(rows(out)) == 2
    assert f"Best: {out / 'best'}" in done.stdout
