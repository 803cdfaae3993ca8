"""The scripts run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


def run(*command, **environment):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", ["demo", "test", "setup"])
def test_shell_scripts_are_sound(script):
    run("bash", "-n", SCRIPTS / script)


def test_the_benchmark_prints_rates():
    table = run(sys.executable, SCRIPTS / "benchmark", "--rounds", "1", "--epochs", "1")
    rows = {line.split("  ")[0]: float(line.split()[-1]) for line in table.splitlines()[1:]}
    assert set(rows) == {"keras_vae training", "keras_vae encoding", "keras_vae under mixed_bfloat16, encoding"}
    assert all(rate > 0 for rate in rows.values())


def test_the_zoo_table_has_a_row_for_each_model_and_keeps_what_is_finished(tmp_path):
    models = ["ae", "vae", "masked_vae", "tabular_vae"]
    quick = ["--epochs", "2", "--samples", "3", "--out", tmp_path]
    table = run(sys.executable, SCRIPTS / "zoo_table", *quick, "--models", *models[:2])
    assert [line.split("`")[1] for line in table.splitlines() if "`" in line] == models[:2]
    before = (tmp_path / "vae.json").stat().st_mtime_ns
    table = run(sys.executable, SCRIPTS / "zoo_table", *quick, "--models", *models)
    assert (tmp_path / "vae.json").stat().st_mtime_ns == before
    rows = {line.split("`")[1]: line.split("|")[3:-1] for line in table.splitlines() if "`" in line}
    assert list(rows) == models and {len(row) for row in rows.values()} == {7}
    assert (tmp_path / "table.md").read_text().strip() in table


@pytest.fixture
def mnist():
    if not (Path(os.environ.get("TFDS_DATA_DIR", "")) / "mnist").is_dir():
        pytest.skip("TFDS_DATA_DIR does not name a folder with mnist")


def test_the_reproduction_of_burda_runs(mnist, tmp_path):
    quick = ["--epochs", "1", "--limit", "256", "--likelihood-samples", "2", "--out", tmp_path / "run"]
    assert "log-likelihood" in run(sys.executable, SCRIPTS / "reproduce_burda", *quick)
    assert (tmp_path / "run" / "report.html").exists()


def test_a_claim_of_the_zoo_is_tried(mnist):
    printed = run(sys.executable, SCRIPTS / "reproduce_zoo", "prior", "--epochs", "1", "--limit", "1000")
    assert "mixture of 20 normals" in printed and "MAF" in printed


@pytest.mark.slow
def test_the_reproduction_of_burda_reaches_its_figure(mnist, tmp_path):
    run(sys.executable, SCRIPTS / "reproduce_burda", "--epochs", "50", "--out", tmp_path / "run")
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["log_likelihood"] > -91.0


def test_a_sweep_of_beta_draws_its_frontier_and_keeps_what_is_finished(tmp_path):
    sweep = [SCRIPTS / "rate_distortion", "--betas", "0.5", "4", "--epochs", "1", "--limit", "200", "--out", tmp_path]
    printed = run(sys.executable, *sweep)
    lines = (tmp_path / "rate_distortion.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["beta", "0.5", "4"] and "Balance: beta = " in printed
    assert (tmp_path / "rate_distortion.png").read_bytes().startswith(b"\x89PNG")
    before = (tmp_path / "beta-4.keras").stat().st_mtime_ns
    assert run(sys.executable, *sweep) == printed
    assert (tmp_path / "beta-4.keras").stat().st_mtime_ns == before


@pytest.mark.slow
def test_the_study_of_disentanglement_runs(tmp_path):
    quick = ["--seeds", "2", "--epochs", "1", "--limit", "256", "--pool", "150", "--out", tmp_path]
    table = run(sys.executable, SCRIPTS / "study_disentanglement", *quick)
    assert {"MIG", "UDR", "IRS"} <= {line.split("|")[1].strip() for line in table.splitlines() if "|" in line}
    assert (tmp_path / "rate_distortion.png").exists() and (tmp_path / "scores.png").exists()


@pytest.mark.slow
def test_the_study_of_regularisation_runs(mnist, tmp_path):
    quick = ["--epochs", "1", "--limit", "1000", "--quick", "--out", tmp_path]
    table = run(sys.executable, SCRIPTS / "study_regularization", *quick)
    assert "holes, share of prior draws" in table and "AE, fitted prior" in table
