"""The commands and the programs of the pages that need runs, files or a service: they run in a chain, with stand-ins.

`NOT_RUN` lists what no test executes, and why. The options of all commands are checked in tests/test_docs.py.
"""

import re

import keras
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from PIL import Image
from sklearn.datasets import load_wine

import keras_vae as kv
from tests.pages import PAGES, ROOT, block_with, blocks, commands

PHOTOGRAPHS = [
    ("tutorials/own_images.md", "runs/photos"),
    ("evaluation.md", "anomalies runs/photos"),
    ("evaluation.md", "neighbours runs/photos"),
    ("command_line.md", "score runs/photos"),
    ("data.md", "prepare photos"),
]
DIGITS = [
    ("command_line.md", "--init-from runs/digits"),
    ("command_line.md", "--log tensorboard"),
    ("guides/onnx_and_tflite.md", "export runs/digits"),
    ("presets.md", "keras-vae presets"),
]
RECORDS = [("scaling.md", "images/*.parquet"), ("tutorials/many_records.md", "--data records")]
TABLES = [("tutorials/tables.md", "keras-vae impute runs/wine")]
PROGRAMS = [
    ("coming_from/keras_io.md", "class VAE(keras.Model)"),
    ("coming_from/tfp_layers.md", "tfpl.MultivariateNormalTriL(4"),
    ("extending.md", "class Gumbel"),
    ("presets.md", "upload_preset"),
]

NOT_RUN = {
    # Commands.
    "./scripts/demo": "installs everything first",
    "./scripts/test": "runs these tests",
    ". .venv/bin/activate": "is for an interactive shell",
    "docker run": "needs Docker",
    "cd served_models && docker": "needs Docker",
    "scripts/launch_workers": "starts two processes, as do the tests of `distribute`",
    "keras-vae doctor": "starts ten processes; tests/cli/test_doctor.py runs it",
    "keras-vae explore": "serves a page until it is stopped; tests/explorer runs it in a browser",
    "keras-vae export runs/photos": "takes long; tests/bulk asks exports about files of images",
    "keras-vae anomalies saved_models/photos": "needs the export before it",
    "keras-vae train --log mlflow,wandb": "needs packages that the tests do not install",
    "keras-vae train --strategy": "needs several GPUs or machines; the tests of `distribute` stand in for them",
    "keras-vae encode saved_models/digits --data 'images/*.parquet' --key id --out codes    --runner": "has processes",
    "keras-vae encode served_models/digits --data records --key id --runner": "is run on Beam for bulk.md",
    "keras-vae train --import my_models": "needs another line in the module of the page",
    "keras-vae train --data digits --model vq_vae": "trains what the tutorial trains in Python",
    "keras-vae fit-prior runs/vq": "needs the run before it; tests/cli/test_latent_reports.py fits such a prior",
    "keras-vae sample runs/vq_prior": "needs the run before it",
    "keras-vae train --model beta_tc_vae --set beta=6 --data sprites": "trains what the tutorial trains in Python",
    "keras-vae evaluate runs/sprites": "needs the run before it",
    "keras-vae tune --model vae --data digits --epochs 8": "searches as the tutorial does in Python",
    # Programs.
    "from ctgan": "needs another library",
    "from sdv": "needs another library",
    "from disentanglement_lib": "needs another library",
    "from pyod": "needs another library",
    "from pythae": "needs another library",
    "import mlflow": "needs a package that the tests do not install",
    "import wandb": "needs a package that the tests do not install",
    "strategy = keras_vae.distribute": "must be the first of a process; the tests of `distribute` run such processes",
}
"""Beginning of a line of a shell, or of the first line of a program -> why no test executes it."""

RUN_BY_OTHERS = ("runs/digits", "keras-vae serve", "--runner DirectRunner")
"""What the blocks of `bash` contain that tests/test_docs.py runs."""


def lines_that_run():
    """The lines that a test runs, here, in tests/test_docs.py or in tests/test_extending.py."""
    texts = [block_with(*place) for place in (*PHOTOGRAPHS, *DIGITS, *RECORDS, *TABLES)]
    texts += [*blocks("sh"), block_with("extending.md", "my_models:bsq_vae")]
    texts += [block for block in blocks("bash") if any(each in block for each in RUN_BY_OTHERS)]
    searches = [line for block in blocks("shell") for line in block.splitlines() if " tune " in line]
    return {line for text in texts for line in text.splitlines() if not is_left_out(line)} | {*searches}


def is_left_out(line):
    return any(line.startswith(start) for start in NOT_RUN)


def lines_of_shells(page):
    """The lines that a reader may type: complete commands, and all lines in blocks of a shell."""
    lines = [line for line, is_complete in commands(page) if is_complete]
    shells = re.findall(r"^```(?:bash|shell|sh)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [*lines, *(line for shell in shells for line in shell.replace("\\\n", " ").splitlines())]


def programs(page):
    """The first lines of the blocks that are programs, but not of those in Python that tests run on all pages."""
    return re.findall(r"^```(?:py|{code-block} python)\n(?::.*\n|\n)*(.*)\n", page.read_text(), re.MULTILINE)


def test_whatever_is_on_a_page_runs_or_a_reason_is_given():
    typed = {line.strip(" &") for page in (ROOT / "README.md", *PAGES) for line in lines_of_shells(page)}
    first = {line for page in PAGES for line in programs(page)}
    run = {line.strip(" &") for line in lines_that_run()} | {
        block_with(*place).partition("\n")[0] for place in PROGRAMS
    }
    assert not {line for line in typed | first if not (line in run or is_left_out(line))}
    assert not [start for start in NOT_RUN if not any(line.startswith(start) for line in typed | first)]


def lines_of(places):
    return [line for place in places for line in block_with(*place).splitlines() if line and not is_left_out(line)]


def write_photographs(folder, names):
    rng = np.random.default_rng(0)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (20, 24, 3), "uint8")).save(folder / name)


@pytest.mark.slow
def test_the_commands_for_photographs_run(call, tmp_path):
    write_photographs(tmp_path / "photos", [f"{i}.jpg" for i in range(40)])
    write_photographs(tmp_path / "holidays", ["one.jpg", *(f"{i}.jpg" for i in range(6))])
    write_photographs(tmp_path / "labelled", [f"{label}/{i}.jpg" for label in ("cat", "dog", "owl") for i in range(6)])
    pd.DataFrame({"age": [40.5, 50.5, 60.5] * 5, "ward": ["a", "b", "c"] * 5}).to_parquet(tmp_path / "visits.parquet")
    quick = ["--epochs", "1", "--no-jit-compile", "--no-report", "--network", "mlp", "--set", "units=[8]"]
    for line in lines_of(PHOTOGRAPHS):
        line = line.replace("--image-size 64", "--image-size 8").replace(" ...", "")
        call(line, *(quick if " train " in line else []))
    made = ("runs/photos/samples.png", "strange/strangest.png", "alike/neighbours.csv", "labels/directions.npz")
    assert [name for name in made if not (tmp_path / name).exists()] == []


@pytest.mark.slow
def test_the_commands_for_a_run_and_a_preset_run(call, finished_run, short_reports, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "digits").symlink_to(finished_run)
    with short_reports():
        for number, line in enumerate(lines_of(DIGITS)):
            quick = ["--data", "digits", "--epochs", "1", "--limit", "96", "--no-jit-compile", "--no-report"]
            call(line, *([*quick, "--out", f"runs/{number}"] if " train " in line else []))
    assert (tmp_path / "digits-encode.onnx").exists() and (tmp_path / "samples.png").exists()


@pytest.mark.slow
def test_the_commands_for_records_run(call, tmp_path):
    for name in ("saved_models", "served_models"):
        (tmp_path / name).symlink_to(ROOT / "saved_models")
    images = kv.data.load("digits").test.x[:20].reshape(20, 64) / np.float32(255)
    np.save(tmp_path / "many.npy", images)
    for folder in ("images", "records"):
        (tmp_path / folder).mkdir()
        table = pa.table({"id": [str(i) for i in range(20)], "x": images.tolist()})
        pq.write_table(table, tmp_path / folder / "part.parquet")
    for number, line in enumerate(lines_of(RECORDS)):
        call(line, "--out", f"answers-{number}")
        assert (tmp_path / f"answers-{number}" / "summary.json").exists()


@pytest.mark.slow
def test_the_commands_for_a_table_run_and_impute_better_than_means(call, tmp_path):
    wine = load_wine(as_frame=True)
    table = wine.data.assign(cultivar=wine.target_names[wine.target])
    holes = np.random.default_rng(0).random(table.shape) < 0.2
    table.mask(holes).to_csv(tmp_path / "wine.csv", index=False)
    quick = ["--no-jit-compile", "--no-report", "--set", "units=[32]", "--epochs", "60", "--learning-rate", "0.01"]
    for line in lines_of(TABLES):
        call(line, *(quick if " train " in line else []))
    complete = pd.read_csv(tmp_path / "complete.csv")
    assert len(pd.read_csv(tmp_path / "rows.csv")) == 1000 and complete.notna().all(axis=None)
    assert (table == complete).to_numpy()[~holes].all()
    scaled, imputed = ((each[wine.feature_names] - wine.data.mean()) / wine.data.std() for each in (table, complete))
    errors, errors_of_means = ((each.to_numpy()[holes[:, :-1]] ** 2).mean() for each in (imputed - scaled, scaled))
    assert errors < 0.8 * errors_of_means


@pytest.mark.slow
def test_the_models_that_readers_come_from_run():
    x = np.random.default_rng(0).random((16, 8, 8, 1)).astype("float32")
    own = keras.Input((8, 8, 1))
    mean, log_var = (
        keras.layers.Dense(2)(keras.layers.Flatten()(own)),
        keras.layers.Dense(2)(keras.layers.Flatten()(own)),
    )
    encoder = keras.Model(own, [mean, log_var, mean])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(64, "sigmoid"), keras.layers.Reshape((8, 8, 1))])
    given = {"keras": keras, "ops": keras.ops, "tf": tf, "np": np, "x": x, "encoder": encoder, "decoder": decoder}
    names = run_program(PROGRAMS[0], given)
    assert names["images"].shape == (16, 8, 8, 1)
    names = run_program(PROGRAMS[1], {"tf": tf, "x": x})
    assert names["reconstructions"].mean().shape == (10, 8, 8, 1) and names["new"].mean().shape == (10, 8, 8, 1)


def test_the_part_of_a_program_about_distributions_runs():
    names = run_program(PROGRAMS[2], {"kv": kv, "tf": tf, "tfd": tfp.distributions})
    gumbel = names["Gumbel"]((3,))
    parameters = gumbel(np.zeros((2, 4), "float32"))
    assert gumbel.distribution(parameters).log_prob(np.zeros((2, 3), "float32")).shape == (2,)


def run_program(place, names):
    names = {**names, "__name__": "documentation"}
    exec(compile(block_with(*place), place[0], "exec"), names)
    return names
