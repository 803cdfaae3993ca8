"""The scripts run."""

import importlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import keras_vae as kv
from keras_vae.data.tfds import read_tfds

SCRIPTS = Path(__file__).parents[1] / "scripts"


def run(*command, **environment):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def call(monkeypatch, capsys):
    """Runs a Python script in this process, which has imported TensorFlow: name, arguments -> what it prints."""

    def call(script, *arguments):
        monkeypatch.syspath_prepend(str(SCRIPTS))
        monkeypatch.setattr(sys, "argv", [str(SCRIPTS / script), *map(str, arguments)])
        try:
            runpy.run_path(str(SCRIPTS / script), run_name="__main__")
        except SystemExit as end:
            assert not end.code, capsys.readouterr().err
        return capsys.readouterr().out

    return call


def first_line(script):
    return script.read_text(errors="replace").partition("\n")[0]


OF_PYTHON = sorted(path.name for path in SCRIPTS.iterdir() if path.is_file() and "/python" in first_line(path))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project's scripts over this environment, which counts as installed."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(SCRIPTS, project / "scripts")
    for name in ("setup.cfg", "pyproject.toml"):
        shutil.copy(SCRIPTS.parent / name, project)
    (project / ".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        (project / ".venv" / path.name).symlink_to(path)
    (project / ".venv" / "installed").unlink(missing_ok=True)
    wanted = run("bash", "-c", f"cd {project} && cat setup.cfg pyproject.toml | cksum")
    (project / ".venv" / "installed").write_text(wanted)
    return project


def test_a_script_needs_no_active_environment(project, tmp_path):
    """In a bare environment, from a folder that is not the project's."""
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(SCRIPTS.parent)}
    command = [project / "scripts" / "launch_workers", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=bare, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: launch_workers ") and "./scripts/launch_workers 2 --" in done.stdout


def test_every_python_script_finds_the_environment(project, tmp_path):
    assert {"zoo_table", "chaos", "benchmark"} <= set(OF_PYTHON)
    python = project / "stub" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "$PWD" "$@"')
    python.chmod(0o755)
    (project / ".venv" / "bin").unlink()
    (project / ".venv" / "bin").symlink_to(python.parent)
    for name in OF_PYTHON:
        script = project / "scripts" / name
        assert os.access(script, os.X_OK), name
        done = subprocess.run(
            [script, "a b"], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}, cwd=tmp_path
        )
        assert done.stdout == f"{tmp_path} {script} a b\n", done.stderr


@pytest.mark.parametrize("script", ["demo", "test", "setup", "python"])
def test_shell_scripts_are_sound(script):
    run("bash", "-n", SCRIPTS / script)


@pytest.mark.slow
def test_the_benchmark_prints_rates():
    table = run(sys.executable, SCRIPTS / "benchmark", "--rounds", "1", "--epochs", "1", "--images", "3328")
    rows = {line.split("  ")[0]: float(line.split()[-1]) for line in table.splitlines()[1:]}
    assert set(rows) == {"keras_vae training", "keras_vae encoding", "keras_vae under mixed_bfloat16, encoding"}
    assert all(rate > 0 for rate in rows.values())


@pytest.mark.slow
def test_the_zoo_table_has_a_row_for_each_model_and_keeps_what_is_finished(call, tmp_path):
    models = ["ae", "tabular_vae"]
    quick = ["--epochs", "2", "--samples", "3", "--out", tmp_path]
    table = call("zoo_table", *quick, "--models", "ae")
    assert [line.split("`")[1] for line in table.splitlines() if "`" in line] == ["ae"]
    before = (tmp_path / "ae.json").stat().st_mtime_ns
    table = call("zoo_table", *quick, "--models", *models)
    assert (tmp_path / "ae.json").stat().st_mtime_ns == before
    rows = {line.split("`")[1]: line.split("|")[3:-1] for line in table.splitlines() if "`" in line}
    assert list(rows) == models and {len(row) for row in rows.values()} == {6}
    assert (tmp_path / "table.md").read_text().strip() in table


read_once = cache(read_tfds)


@pytest.fixture
def mnist(monkeypatch):
    """MNIST, which is read once for all scripts."""
    if not (Path(os.environ.get("TFDS_DATA_DIR", "")) / "mnist").is_dir():
        pytest.skip("TFDS_DATA_DIR does not name a folder with mnist")
    monkeypatch.setattr(importlib.import_module("keras_vae.data.load"), "read_tfds", read_once)


@pytest.mark.slow
@pytest.mark.xdist_group("mnist")
def test_a_claim_of_the_zoo_is_tried(mnist, call):
    printed = call("reproduce_zoo", "prior", "--epochs", "1", "--limit", "256")
    assert "mixture of 20 normals" in printed and "MAF" in printed


@pytest.mark.slow
@pytest.mark.xdist_group("mnist")
def test_a_trial_of_a_published_result_is_not_repeated_and_not_recorded(mnist, call, tmp_path):
    recorded = SCRIPTS.parent / "docs" / "reproduced.json"
    before = recorded.read_text() if recorded.exists() else None
    trial = ["--epochs", "1", "--limit", "200", "--samples", "5", "--out", tmp_path, "iwae_k5"]  # starts with vae_k1
    row = call("reproduce", *trial).splitlines()[-1]
    title, obtained, published, difference = (cell.strip() for cell in row.split("|")[1:5])
    assert title.startswith("IWAE, k = 5") and published.startswith("-85.54 (") and difference.endswith("not reached")
    assert -300 < float(obtained.split(" ± ")[0]) < -120
    weights = (tmp_path / "iwae_k5-0" / "model.keras").stat().st_mtime_ns
    assert call("reproduce", *trial).splitlines()[-1] == row
    assert (tmp_path / "iwae_k5-0" / "model.keras").stat().st_mtime_ns == weights
    assert before == (recorded.read_text() if recorded.exists() else None)

    made = ["--runs", tmp_path, "iwae_mnist_k5"]
    with pytest.raises(AssertionError, match="it is a trial, with another configuration; give another --out"):
        call("make_presets", *made)
    assert f"log-likelihood, bound with 5 samples: {obtained} nats" in call("make_presets", "--out", tmp_path, *made)
    card = kv.presets.find_preset(tmp_path / "iwae_mnist_k5").card
    assert card.made["command"] == "scripts/reproduce iwae_k5" and card.figures[0].published == -85.54
    assert kv.from_preset(tmp_path / "iwae_mnist_k5").latent_shape == (50,)


@pytest.mark.slow
def test_a_sweep_of_beta_draws_its_frontier_and_keeps_what_is_finished(call, tmp_path):
    sweep = ["rate_distortion", "--betas", "0.5", "4", "--epochs", "1", "--limit", "200", "--out", tmp_path]
    printed = call(*sweep)
    lines = (tmp_path / "rate_distortion.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["beta", "0.5", "4"] and "Balance: beta = " in printed
    assert (tmp_path / "rate_distortion.png").read_bytes().startswith(b"\x89PNG")
    before = (tmp_path / "beta-4.keras").stat().st_mtime_ns
    assert call(*sweep) == printed
    assert (tmp_path / "beta-4.keras").stat().st_mtime_ns == before


@pytest.mark.slow
def test_the_study_of_disentanglement_runs_and_keeps_what_is_finished(call, tmp_path):
    quick = ["--seeds", "0", "--steps", "10", "--images", "300", "--models", "VAE", "--out", tmp_path]
    table = call("study_disentanglement", *quick)
    assert {"MIG", "DCI disentanglement"} <= {line.split("|")[1].strip() for line in table.splitlines() if "|" in line}
    assert len(json.loads((tmp_path / "0-0.json").read_text())["curve"]) == 10
    for name in ("disentanglement.png", "sprites.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    before = (tmp_path / "0-0.keras").stat().st_mtime_ns
    assert table.endswith(call("study_disentanglement", *quick))
    assert (tmp_path / "0-0.keras").stat().st_mtime_ns == before


@pytest.mark.slow
@pytest.mark.xdist_group("mnist")
def test_the_study_of_regularisation_runs(mnist, call, tmp_path):
    quick = ["--epochs", "1", "--limit", "300", "--quick", "--models", "AE", "VAE", "--out", tmp_path]
    table = call("study_regularization", *quick)
    assert "samples from the prior in holes, share" in table
    assert "| | AE | VAE | AE, fitted prior |" in table


@pytest.mark.slow
@pytest.mark.xdist_group("mnist")
def test_the_study_of_the_weight_of_the_kl_keeps_what_is_finished(mnist, call, tmp_path):
    quick = ["--epochs", "1", "--limit", "200", "--settings", "β = 1", "0.015", "--out", tmp_path]
    table = call("study_balance", *quick)
    settings = [line.split("|")[2].strip() for line in table.splitlines()[2:] if line]
    assert settings == ["β = 1", "β = 1", "0.015"]  # β of a fixed and of a learned scale
    assert (tmp_path / "balance.png").read_bytes().startswith(b"\x89PNG")
    before = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.keras")}
    assert call("study_balance", *quick) == table and len(before) == 3
    assert before == {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.keras")}


@pytest.mark.slow
@pytest.mark.xdist_group("mnist")
def test_the_study_of_optimizers_ends_by_the_time_of_the_processor(mnist, call, tmp_path):
    quick = ["--minutes", "0.02", "--optimizers", "schedule_free", "--rates", "0.005", "--out", tmp_path]
    printed = call("study_optimizers", *quick)
    points = json.loads((tmp_path / "schedule_free--0.005-1.2.json").read_text())
    assert points[0]["elbo"] + 30 < points[-1]["elbo"] < -80 and 1.2 <= points[-1]["seconds"] < 3
    assert f"| `schedule_free` | 128 | {points[-1]['epochs']:.0f} | {points[-1]['elbo']:.2f} |" in printed
    assert (tmp_path / "optimizers.png").exists()
    assert call("study_optimizers", *quick) == printed[printed.index("|") :]  # trains nothing


@pytest.mark.slow
def test_the_study_of_verdicts_finds_them_right(call, tmp_path):
    quick = ["--sets", "digits", "--models", "copies", "few steps", "--epochs", "1", "--out", tmp_path]
    lines = call("study_verdicts", *quick).splitlines()
    assert "| digits | copies |" in lines[3] and "WRONG" not in lines[2] + lines[3]
    assert lines[3].count("**") == 6 and (tmp_path / "digits-few-steps" / "model.keras").exists()


@pytest.mark.slow
def test_the_study_of_neighbours_has_a_row_for_each_distance_and_each_direction(call, tmp_path):
    printed = call("study_neighbours", "--sets", "digits", "--epochs", "1", "--seeds", "1", "--out", tmp_path)
    rows = {line.split("|")[1].strip(): float(line.split("|")[2]) for line in printed.splitlines() if "0." in line}
    assert {"pixels", "PCA", "means", "noise", "not moved", "mean, 1x", "probe, 2x"} <= set(rows)
    assert all(0 <= value <= 1 for value in rows.values()) and rows["pixels"] > 0.9


@pytest.mark.slow
def test_the_study_of_anomalies_runs(call, tmp_path):
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    random = np.random.default_rng(0)
    for index in range(130):
        Image.fromarray(random.integers(0, 255, (4, 5, 3)).astype("uint8")).resize((70, 66)).save(
            photographs / f"{index}.png"
        )
    quick = ["--sets", "photographs", "table", "--epochs", "1", "--limit", "60", "--out", tmp_path / "out"]
    lines = call("study_anomalies", "--photographs", photographs, *quick).splitlines()
    assert "| held-out photograph | noise | blank | inverted | drawings | breast cancer |" in lines[0]
    assert [line.split("`")[1] for line in lines[2:4]] == ["combined", "score_distance"]


@pytest.mark.slow
def test_the_study_of_photographs_keeps_what_is_finished(call, tmp_path):
    photographs, out = tmp_path / "photographs", tmp_path / "out"
    photographs.mkdir()
    for index in range(50):
        pixels = np.random.default_rng(index).integers(0, 255, (4, 5, 3)).astype("uint8")
        Image.fromarray(pixels).resize((70, 66)).save(photographs / f"{index}.png")
    quick = [photographs, "--sets", "recipes-64", "--models", "sigma_vae", "--limit", "40", "--out", out]
    first = call("study_photographs", *quick).splitlines()
    assert first[-3].startswith("| model | pixels |") and first[-1].startswith("| sigma_vae | 64 | 8 | 40 | 3 |")
    trained = out / "sigma_vae-64-40-3" / "model.keras"
    before = trained.stat().st_mtime_ns
    assert call("study_photographs", *quick).splitlines()[-1] == first[-1] and trained.stat().st_mtime_ns == before
    assert (out / "recipes-64.png").exists()


@pytest.mark.slow
def test_the_benchmark_of_bulk_work_loses_no_key(call):
    printed = call("benchmark_bulk", "--vectors", "2000", "--bad", "10", "--ways", "here", "beam")
    assert re.findall(r"^(\w+) +2,000 +1,990 +10 ", printed, re.MULTILINE) == ["here", "beam"]


@pytest.mark.slow
def test_the_benchmark_of_memory_has_a_row_for_a_question():
    arguments = ["--questions", "samples", "--images", "60"]
    rows = [line.split() for line in run(sys.executable, SCRIPTS / "benchmark_memory", *arguments).splitlines()]
    assert [row[0] for row in rows] == ["question", "samples"]
    assert all(float(cell) >= 0 for row in rows[1:] for cell in row[1:])


@pytest.mark.slow
def test_the_benchmark_of_streams_has_a_row_for_each_source():
    quick = ["--images", "400", "--network", "mlp", "--sources", "prepared", "folder"]
    table = run(sys.executable, SCRIPTS / "benchmark_streams", *quick)
    rows = [line.split() for line in table.splitlines()[2:]]
    assert [row[0] for row in rows] == ["prepared", "folder"]
    assert all(float(cell) > 0 for row in rows for cell in (*row[1:4], row[5]))


@pytest.mark.slow
def test_the_benchmark_of_serving_has_a_row_for_each_cell():
    if shutil.which("h2load") is None:
        pytest.skip("h2load, of Debian's package nghttp2-client, is not on the PATH")
    arguments = ["--seconds", "1", "--clients", "2", "--rows", "1", "--signatures", "encode", "--units", "8"]
    lines = run(sys.executable, SCRIPTS / "benchmark_serving", *arguments).splitlines()
    cells = [line.split()[:5] for line in lines if line.startswith("encode")]
    expected = [["encode", protocol, "1", "2", batching] for batching in ("on", "off") for protocol in ("rest", "grpc")]
    assert cells == expected
    assert all(int(line.split()[9]) == 0 for line in lines if line.startswith("encode"))


def test_photographs_are_made_without_a_download(tmp_path):
    folder = tmp_path / "photographs"
    printed = run(SCRIPTS / "make_photographs", folder, "--images", "30", "--broken", "2", "--sideways", "1")
    assert "30 files" in printed and len(list(folder.iterdir())) == 30
    data = kv.data.load(str(folder), image_size=32, validation=5, test=5)
    assert sum(map(len, (data.train, data.validation, data.test))) == 28  # broken files are left out
    sizes = {Image.open(path).size for path in folder.iterdir() if path.stat().st_size > 200}
    assert len(sizes) > 5 and all(64 <= side <= 192 for size in sizes for side in size)
    with pytest.raises(AssertionError, match="not an empty folder"):
        run(SCRIPTS / "make_photographs", folder)


@pytest.mark.slow
def test_the_study_of_codebooks_has_a_row_for_each_quantizer(call, tmp_path):
    small = ("--data", "digits", "--sizes", "64", "--steps", "2", "--limit", "64", "--out", tmp_path)
    rows = [
        line.split(" | ") for line in call("study_codebooks", *small).splitlines() if line.startswith("| keras_vae")
    ]
    assert [row[1] for row in rows] == ["vq", "vq, gradient", "fsq", "lfq"]
    for _, _, codes, error in rows:
        perplexity, used = map(float, codes.split(", "))
        assert 1 <= perplexity <= used + 0.5 <= 64.5  # the perplexity is rounded
        assert 0 < float(error.strip(" |")) < 1


def test_a_folder_of_the_name_does_not_hide_the_package(tmp_path):
    """As in the folder that contains a clone, with the editable install of scripts/setup."""
    (tmp_path / "keras_vae").mkdir()
    code = "import importlib.util; print(importlib.util.find_spec('keras_vae').origin)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip().endswith("__init__.py"), done.stdout
