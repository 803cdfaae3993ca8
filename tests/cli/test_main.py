"""The command line: what it writes when used well, and the one line it answers when not."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from rich.text import Text
from typer.main import get_command

from keras_vae import KL, NLL, Autoencoder, __version__, make_networks, zoo
from keras_vae.cli.main import COMMANDS, PANELS, app
from keras_vae.data import load
from keras_vae.data.table import read_table
from keras_vae.evaluation import QUESTIONS
from keras_vae.training import Run, TrainingConfig, load_data
from tests.cli.refusals import assert_refused

NAMES = {command.__name__.replace("_", "-"): command for command in COMMANDS}


@pytest.fixture
def write(cli):
    """Calls the command with `--out` and reads what it wrote."""

    def write(*arguments, out):
        code, said, complaint = cli(*arguments, "--out", out)
        assert (code, complaint) == (0, ""), complaint
        assert said.startswith(f"Written: {out} (")
        if out.endswith(".png"):
            with Image.open(out) as image:
                image.load()
                return image.format, np.asarray(image.convert("L"))
        loaded = np.load(out)
        return loaded if isinstance(loaded, np.ndarray) else dict(loaded)

    return write


@pytest.fixture(scope="module")
def model(finished_run):
    return Run(finished_run).model()


@pytest.fixture(scope="module")
def test_split(finished_run):
    return load_data(Run(finished_run).config()).test


# Help


def test_help_lists_every_command(cli):
    code, out, err = cli("--help")
    assert (code, err) == (0, "")
    assert all(re.search(rf"\b{name}\b", out) for name in NAMES)
    assert re.findall(r"^╭─ (\w+) ─", out, re.MULTILINE)[1:] == [*PANELS]
    assert (0, out, "") == cli("-h")


@pytest.mark.parametrize("name", NAMES)
def test_each_command_explains_itself(cli, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = cli(name, "--help")
    texts = [parameter.help or "" for parameter in get_command(app).commands[name].params]
    assert [Text.from_markup(text).plain for text in texts] == texts, "Rich takes a part of it for markup"
    assert (code, err) == (0, "")
    assert " ".join(NAMES[name].__doc__.split()) in " ".join(out.split())
    assert f"keras-vae {name}" in out


def test_every_key_of_the_configuration_is_an_option_with_its_default(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    text = cli("train", "--help")[1]
    config = TrainingConfig()
    for name in set(config.as_dict()) - {"options", "categories", "decimals"}:  # which the data decide
        assert f"--{'import' if name == 'imports' else name.replace('_', '-')} " in text, name
    for name in ("model", "data", "learning_rate", "seed", "validation"):
        assert re.search(rf"--{name.replace('_', '-')}\b.*default: {getattr(config, name)}\]", text), name


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["export", "-h"], ["--version"]], ids=" ".join)
def test_help_and_version_do_not_wait_for_tensorflow(command, arguments):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", command, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert done.stdout.strip().startswith(("Usage: keras-vae", f"keras_vae {__version__}"))
    imported = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "keras_vae" in imported
    assert not imported & {"tensorflow", "keras", "numpy", "matplotlib", "sklearn"}


# What is refused


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, finished_run):
    """A folder of things that cannot be used."""
    shelf = tmp_path_factory.mktemp("shelf")
    whole = (finished_run / "model.keras").read_bytes()
    random = np.random.default_rng(0)
    (shelf / "random.keras").write_bytes(random.bytes(5000))
    (shelf / "empty.keras").write_bytes(b"")
    (shelf / "truncated.keras").write_bytes(whole[: len(whole) // 2])
    (shelf / "text.keras").write_text("not a model")
    (shelf / "folder.keras").mkdir()
    with zipfile.ZipFile(shelf / "other.keras", "w") as archive:
        archive.writestr("letter.txt", "Dear Keras,")
    with zipfile.ZipFile(shelf / "hollow.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
    (shelf / "model.h5").write_bytes(whole)
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(shelf / "foreign.keras")

    canary = keras.layers.Lambda(lambda x: __import__("os").environ.update(KERAS_VAE_CANARY="ran") or x)
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), canary])
    decoder = make_networks("mlp", (8, 8, 1), 2, units=(4,))[1]
    hostile = Autoencoder(encoder, decoder, objective=NLL() + KL())
    keras.Model.save(hostile, shelf / "lambda.keras")  # its own `save` refuses

    unfinished = Run(shelf / "unfinished")
    unfinished.start(TrainingConfig())
    (shelf / "garbled").mkdir()
    (shelf / "garbled" / "config.json").write_text('{"epochs": 2')
    (shelf / "config.json").write_text('{"latent_dims": 2}')
    (shelf / "null.json").write_text('{"model": null}')
    shutil.copytree(finished_run, shelf / "undigested")
    (shelf / "undigested" / "data.json").write_text("[]")

    x = random.random((40, 8, 8, 1), "float32")
    np.save(shelf / "good.npy", x)
    np.save(shelf / "wide.npy", x * 2)
    np.save(shelf / "nan.npy", np.where(np.arange(40)[:, None, None, None] % 2 == 0, np.nan, x))
    np.save(shelf / "narrow.npy", x[:, :, :5])
    np.save(shelf / "strings.npy", np.full((40, 3), "a"))
    np.save(shelf / "objects.npy", np.full((40, 3), None), allow_pickle=True)
    np.save(shelf / "none.npy", x[:0])
    np.save(shelf / "one.npy", x[:1])
    np.savez(shelf / "keys.npz", a=x)
    (shelf / "text.npy").write_text("1 2 3")
    (shelf / "table.xls").write_text("1,2,3")
    (shelf / "table.csv").write_text("1,2,3")
    (shelf / "nothing").mkdir()
    (shelf / "broken").mkdir()
    for name in ("a.png", "b.jpg"):
        (shelf / "broken" / name).write_bytes(b"\x89PNG\r\n\x1a\n" + random.bytes(100))
    (shelf / "taken.npy").write_bytes(b"mine")
    (shelf / "taken.npz").write_bytes(b"mine")
    (shelf / "taken.png").write_bytes(b"mine")
    return shelf


TRAIN = "train --epochs 1 --limit 64 --set units=[4] --no-jit-compile --out run"
BAD_TRAINING = {
    "model": ("--model vea", "Unknown model 'vea': did you mean 'vae'"),
    "data": ("--data mnits", "Unknown data set 'mnits': did you mean 'mnist'"),
    "likelihood": ("--likelihood bernouli", "Unknown likelihood 'bernouli': did you mean 'bernoulli'"),
    "network": ("--network cnov", "Unknown network 'cnov': did you mean 'conv'"),
    "binarize": ("--binarize dynamci", "Unknown binarization 'dynamci': did you mean 'dynamic'"),
    "decay": ("--decay square", "Unknown decay 'square'.* Known: auto, cosine, linear, none"),
    "dtype policy": ("--dtype-policy float33", "Unknown dtype_policy 'float33': did you mean 'float32'"),
    "latent_dim 0": ("--latent-dim 0", "latent_dim must be an integer >= 1; got 0"),
    "latent_dim -3": ("--latent-dim -3", "latent_dim must be an integer >= 1; got -3"),
    "epochs 0": ("--epochs 0", "epochs must be an integer >= 1; got 0"),
    "batch_size 0": ("--batch-size 0", "batch_size must be an integer >= 1"),
    "learning_rate 0": ("--learning-rate 0", "learning_rate must be a positive number; got 0"),
    "learning_rate nan": ("--learning-rate nan", "learning_rate must be a positive number; got nan"),
    "learning_rate inf": ("--learning-rate inf", "learning_rate must be a positive number; got inf"),
    "seed -1": ("--seed -1", "seed must be an integer from 0 to"),
    "huge seed": (f"--seed {2**70}", "seed"),
    "limit 0": ("--limit 0", "limit must be an integer >= 1"),
    "validation 0": ("--validation 0", "validation: expected a fraction"),
    "test 1.5": ("--test 1.5", "test: expected a fraction"),
    "image size": ("--image-size 16", "image_size: digits has a fixed size"),
    "small images for conv": ("--network conv --data {shelf}/narrow.npy", "of at least 8x8, got .8, 5, 1."),
    "option without value": ("--set units", "--set: expected OPTION=VALUE"),
    "option without name": ("--set =3", "--set: expected OPTION=VALUE"),
    "option with a space": ("--set a_b=1 --set 4u=2", "--set: expected OPTION=VALUE .*'4u=2'"),
    "unknown option": ("--set latent_dims=3", "zoo.vae: unknown option 'latent_dims'; did you mean 'latent_dim'"),
    "option of another network": ("--set filters=[3]", "zoo.vae: network 'mlp' .*takes no option 'filters'"),
    "option of another recipe": ("--model ae --beta 4", "zoo.ae: unknown option 'beta'; it takes"),
    "warm-up of no weight": ("--model ae --warmup-epochs 1", "warmup_epochs: the model 'ae' has no weight that rises"),
    "recipe that is not there": ("--model nowhere:recipe", "--model nowhere: no module of this name"),
    "beta that is none": ("--model beta_vae --set beta=four", "weight of 'kl' must be a finite number"),
    "beta of vae": ("--model vae --beta 4", "beta"),
    "free bits": ("--free-bits -1", "free_bits must be a number >= 0"),
    "target of another model": (
        "--model beta_vae --target-rate 9",
        "--target-rate: the model 'beta_vae' does not find",
    ),
    "target and beta": ("--beta 2 --target-rate 9", "--target-rate: training finds the weight .* --beta would have no"),
    "target and free bits": ("--free-bits 2 --target-error 1", "--target-error: .* --free-bits would have no effect"),
    "target without a unit": ("--target-rate 20bytes", "zoo.geco_vae: target_rate must be .*got '20bytes'"),
    "latents twice": (
        "--model ladder_vae --latent-dim 3 --set levels=[2,4]",
        "--latent-dim and --set levels: expected one of the two",
    ),
    "target twice": ("--target-rate 3 --set target_rate=5", "--target-rate and --set target_rate: expected one of"),
    "likelihood twice": (
        "--likelihood normal --set likelihood.name=laplace",
        "likelihood: expected one, got 'normal' and, in the options, 'laplace'",
    ),
    "warm-up twice": (
        "--model beta_vae --warmup-epochs 1 --set warmup_steps=5",
        "warmup_epochs and the option warmup_steps: expected one of the two",
    ),
    "two targets": ("--target-rate 9 --target-error 1", "zoo.geco_vae: expected one target"),
    "target and warm-up": ("--target-rate 9 --warmup-epochs 1", "the model 'geco_vae' has no weight that rises"),
    "zero units": ("--set units=[0]", "units"),
    "units that are none": ('--set units=["a"]', "units"),
    "activation": ("--set activation=rleu", "Unknown activation 'rleu': did you mean 'relu'"),
    "rate of no critic": ("--critic-learning-rate 0.1", "critic_learning_rate: the model 'vae' has no critic; leave"),
    "option that is the command's": ("--set seed=3", "seed"),
    "resume and overwrite": ("--resume --overwrite", "--resume and --overwrite: expected one of the two"),
    "no such configuration": ("--config nowhere.json", "nowhere.json: cannot read the configuration"),
    "unknown key": ("--config {shelf}/config.json", "'latent_dims': did you mean 'latent_dim'"),
    "null": ("--config {shelf}/null.json", "null.json: model must be a text; got None"),
    "NaN": ("--data {shelf}/nan.npy", "nan, train split: expected finite numbers, got NaN"),
    "outside 0 and 1": ("--data {shelf}/wide.npy --likelihood bernoulli", r"expected values in \[0, 1\]"),
    "binarize outside 0 and 1": ("--data {shelf}/wide.npy --binarize dynamic", r"in \[0, 1\]"),
    "strings": ("--data {shelf}/strings.npy", "strings.npy.*expected numbers"),
    "objects": ("--data {shelf}/objects.npy", "objects.npy: expected numeric arrays .* pickled objects"),
    "text": ("--data {shelf}/text.npy", "text.npy: expected numeric arrays"),
    "no examples": ("--data {shelf}/none.npy", "none.npy.*expected at least one example"),
    "one example": ("--data {shelf}/one.npy", "expected one or more examples for training"),
    "keys": ("--data {shelf}/keys.npz", "keys.npz: expected a key x"),
    "pattern": ("--data {shelf}/*.npy", "no such file or folder .*; give one; only bulk inference reads patterns"),
    "another kind of file": ("--data {shelf}/table.xls", "table.xls: expected a folder of images"),
    "table without rows": ("--data {shelf}/table.csv", "table.csv: expected column names in the first line"),
    "no such file": ("--data {shelf}/nowhere.npy", "nowhere.npy: no such file or folder"),
    "empty folder": ("--data {shelf}/nothing", "nothing: expected readable PNG"),
    "corrupt images": ("--data {shelf}/broken", "broken: expected readable PNG.*2 files"),
}
BAD_USE = {
    "missing run": ("sample {shelf}/nowhere --out x.npy", "nowhere: no run there"),
    "folder that is no run": ("sample {shelf}/nothing --out x.npy", "nothing: no run there"),
    "unfinished run": ("sample {shelf}/unfinished --out x.npy", "the run has no model yet; continue with `keras-vae"),
    "garbled run": ("encode {shelf}/garbled --out x.npz", "has no model yet|expected a configuration in JSON"),
    "digests": ("evaluate {shelf}/undigested --quick", "data.json: it is damaged"),
    "label and example": ("traverse {run} --label 3 --example 0 --out x.npy", "--label and --example: expected one"),
    "label": ("traverse {run} --label 3 --out x.npy", "--label: .* takes no label"),
    "missing model": ("sample {shelf}/nowhere.keras --out x.npy", "nowhere.keras: no such file"),
    **{
        name: (f"sample {{shelf}}/{name}.keras --out x.npy", rf"{name}\.keras: it is not a \.keras file, or a damaged")
        for name in ("random", "empty", "truncated", "text")
    },
    "folder as model": ("sample {shelf}/folder.keras --out x.npy", "folder.keras: no such file"),
    "zip of something else": ("sample {shelf}/other.keras --out x.npy", "other.keras: Keras cannot read it"),
    "zip of nothing": ("sample {shelf}/hollow.keras --out x.npy", "hollow.keras: Keras cannot read it"),
    "another suffix": ("sample {shelf}/model.h5 --out x.npy", r"model\.h5"),
    "foreign model": ("sample {shelf}/foreign.keras --out x.npy", "expected an Autoencoder .* it holds a Sequential"),
    "data of a model file": ("encode {run}/model.keras --out x.npz", "name it with --data"),
    "example of a model file": ("traverse {run}/model.keras --example 0 --out x.npy", "model.keras: a model file"),
    "split": ("encode {run} --split tets --out x.npz", "--split: expected train, validation or test; got 'tets'"),
    "split of evaluate": ("evaluate {run} --split tets", "--split: expected train"),
    "split of a model file": ("encode {run}/model.keras --data digits --split x --out x.npz", "--split: expected"),
    "example": ("traverse {run} --example 128 --out x.npy", "--example: expected an index from 0 to 127; got 128"),
    "negative example": ("traverse {run} --example -1 --out x.npy", "--example: expected an index from 0 to 127"),
    "pairs": ("interpolate {run} --pairs 65 --out x.npy", "--pairs: expected at most 64, for 128 examples; got 65"),
    "dimensions": (
        "traverse {run} --dimensions a --out x.npy",
        "--dimensions: expected integers, such as 8,16; got 'a'",
    ),
    "span": ("traverse {run} --span nan --out x.npy", "span|finite"),
    "data of another shape": ("encode {run} --data {shelf}/narrow.npy --out x.npz", r"expected shape \(N, 8, 8, 1\)"),
    "question": ("evaluate {run} --only likelyhood", "Unknown question 'likelyhood': did you mean 'likelihood'"),
    "features": ("evaluate {run} --features pac --quick", "did you mean 'pca'"),
    "unknown data": ("evaluate {run} --data mnits", "did you mean 'mnist'"),
    "data that are NaN": ("reconstruct {run} --data {shelf}/nan.npy --out x.npy", "expected finite"),
    "described data": ("data {shelf}/text.npy", "text.npy: expected numeric arrays"),
    "unknown described data": ("data mnits", "did you mean 'mnist'"),
    "suffix of arrays": ("encode {run} --out x.npy", "in .npz, .csv, .tsv or .parquet; got 'x.npy'"),
    **{
        f"suffix of {name}": (f"{name} {{run}} --out x.jpg", "--out: expected a name that ends in .png or .npy")
        for name in ("traverse", "interpolate")
    },
    **{
        f"suffix of {name}": (f"{name} {{run}} --out x.jpg", "in .png, .npy, .csv, .tsv or .parquet; got 'x.jpg'")
        for name in ("reconstruct", "sample")
    },
    "no suffix": ("sample {run} --out x", "in .png, .npy, .csv, .tsv or .parquet; got 'x'"),
    "a limit in bulk": ("reconstruct {run} --out x --limit 5", "--limit: it needs an --out that is a file"),
    "a table of images": ("sample {run} --out x.csv", "a .csv file needs a model that was trained on a table"),
    "taken arrays": ("encode {run} --out {shelf}/taken.npz", "taken.npz: it exists; use --overwrite"),
    **{
        f"taken by {name}": (f"{name} {{run}} --out {{shelf}}/taken.{kind}", "it exists; use --overwrite")
        for name, kind in (("reconstruct", "png"), ("sample", "npy"), ("traverse", "npy"), ("interpolate", "png"))
    },
    "out below a file": ("sample {run} --out {shelf}/taken.npy/x.npy", "taken.npy"),
    "export into a file": (
        "export {run} {shelf}/taken.npy",
        "taken.npy: expected a folder for versions of the model, got a file",
    ),
    "export among other things": ("export {run} {shelf}/broken", "a folder with numbered versions, got 'a.png'"),
    "export of no run": ("export {shelf}/nothing", "no run there"),
}


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("arguments", "message"), BAD_TRAINING.values(), ids=BAD_TRAINING)
def test_training_that_cannot_work_is_refused_before_anything_is_written(cli, tmp_path, shelf, arguments, message):
    result = cli(*TRAIN.split(), *(part.format(shelf=shelf) for part in arguments.split()))
    assert_refused(result, message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "message"), BAD_USE.values(), ids=BAD_USE)
def test_a_use_that_cannot_work_is_refused_and_nothing_is_changed(
    cli, tmp_path, finished_run, shelf, arguments, message
):
    before = contents(shelf) | contents(finished_run)
    result = cli(*(part.format(shelf=shelf, run=finished_run) for part in arguments.split()))
    assert_refused(result, message)
    assert contents(shelf) | contents(finished_run) == before
    assert not contents(tmp_path)


@pytest.mark.parametrize("use", ["evaluate run", "compare one two", "sample run --out x.npy", "score run --out x.npz"])
def test_a_seed_out_of_range_is_refused_before_anything_is_loaded(cli, use):
    code, _, err = cli(*use.split(), "--seed", -1)
    assert code == 2 and "Traceback" not in err
    assert "--seed must be an integer from 0 to 2147483647; got -1" in err


def test_code_in_a_model_file_is_never_run(cli, shelf):
    def ran():
        return os.environ.pop("KERAS_VAE_CANARY", None)

    ran()
    for arguments in (["sample", "--out", "x.npy"], ["encode", "--data", "digits", "--out", "x.npz"], ["export"]):
        assert_refused(
            cli(arguments[0], shelf / "lambda.keras", *arguments[1:]), "carries a Lambda layer, .* never run"
        )
        assert not ran()
    keras.saving.load_model(shelf / "lambda.keras", safe_mode=False)
    assert ran(), "the file is not the threat that it is taken for"


def test_a_run_that_exists_is_not_trained_over(cli, finished_run):
    before = contents(finished_run)
    result = cli("train", "--epochs", 1, "--out", finished_run)
    assert_refused(result, "--resume to continue, --overwrite to start again")
    assert contents(finished_run) == before


def test_a_run_is_not_trained_into_a_file(cli, shelf):
    for more in ([], ["--overwrite"], ["--resume"]):
        assert_refused(
            cli("train", "--out", shelf / "taken.npy", *more),
            "taken.npy: it is a file; expected a folder for the run",
        )
    assert (shelf / "taken.npy").read_bytes() == b"mine"


def test_a_folder_that_is_no_run_is_not_overwritten(cli, shelf):
    before = contents(shelf / "broken")
    assert_refused(cli("train", "--out", shelf / "broken", "--overwrite"), "it is not a run, so --overwrite leaves it")
    assert contents(shelf / "broken") == before


def test_a_run_goes_on_only_as_it_began(cli, finished_run):
    result = cli("train", "--resume", "--out", finished_run, "--seed", 5)
    assert_refused(result, r"it was started with another configuration \(seed: 0 -> 5\)")


@pytest.mark.slow
def test_a_process_of_its_own_says_one_line_too(command, tmp_path, shelf):
    arguments = [*TRAIN.split(), "--data", shelf / "broken"]
    done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert_refused((done.returncode, done.stdout, done.stderr), "expected readable PNG")


# What works


@pytest.mark.slow
def test_training_prints_a_verdict_and_where_the_report_is(cli, tiny, tmp_path):
    code, out, err = cli(*TRAIN.split(), "--latent-dim", 2, "--free-bits", 0.5, "--seed", 3)
    assert (code, err) == (0, "")
    run = Run(tmp_path / "run")
    config = run.config()
    assert (config.latent_dim, config.seed, config.options) == (2, 3, {"units": [4], "free_bits": 0.5})
    assert re.search(r"^The mean log-likelihood of a test example is at least -?\d+\.\d\d nats", out, re.MULTILINE)
    assert out.endswith("Report: run/evaluation.html\n")


@pytest.mark.slow
def test_the_options_of_the_command_change_a_configuration_from_a_file(cli, tiny, finished_run, tmp_path):
    given = ["--config", finished_run / "config.json", "--epochs", 1, "--set", "activation=tanh"]
    assert cli("train", *given, "--out", "run")[0] == 0
    differences = Run(tmp_path / "run").config().differences(Run(finished_run).config())
    assert differences == {"epochs": (1, 2), "options": ({"units": [16], "activation": "tanh"}, {"units": [16]})}


@pytest.mark.slow
def test_without_out_the_run_is_named_after_model_and_data(cli, tiny, shelf, tmp_path):
    code, _, err = cli(*TRAIN.split()[:-2], "--model", "beta_vae", "--data", shelf / "good.npy")
    assert (code, err) == (0, "")
    assert Run(tmp_path / "runs" / "beta_vae-good")["model.keras"].is_file()


@pytest.mark.slow
def test_resuming_needs_nothing_but_the_folder(cli, tiny, tmp_path):
    assert cli(*TRAIN.split(), "--latent-dim", 3, "--decay", "none")[0] == 0
    code, _, err = cli("train", "--resume", "--out", "run", "--epochs", 2)
    assert (code, err) == (0, "")
    run = Run(tmp_path / "run")
    assert run.read_history()["epoch"] == [1, 2]
    assert (run.config().latent_dim, run.config().epochs) == (3, 2)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_encode_writes_posteriors_and_labels(write, finished_run, model, split):
    written = write("encode", finished_run, "--split", split, out="codes.npz")
    expected = getattr(load_data(Run(finished_run).config()), split)
    posterior = model.encode(expected.x)
    assert set(written) == {"mean", "stddev", "labels"}
    assert written["mean"].shape == written["stddev"].shape == (128, 2)
    np.testing.assert_allclose(written["mean"], posterior.mean(), atol=1e-6)
    np.testing.assert_allclose(written["stddev"], posterior.stddev(), atol=1e-6)
    np.testing.assert_array_equal(written["labels"], expected.y)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_codes_and_scores_are_written_as_a_table(write, cli, finished_run, suffix):
    arrays = write("encode", finished_run, out="codes.npz")
    assert cli("encode", finished_run, "--out", f"codes.{suffix}")[0] == 0
    parts = read_table(f"codes.{suffix}", label_column="labels")
    assert parts.column_names == ("mean_0", "mean_1", "stddev_0", "stddev_1")
    np.testing.assert_array_equal(parts.train.x, np.concatenate([arrays["mean"], arrays["stddev"]], axis=1))
    np.testing.assert_array_equal(parts.train.y, arrays["labels"])


def test_encode_reads_other_data(write, finished_run, shelf, model):
    written = write("encode", finished_run, "--data", shelf / "good.npy", out="codes.npz")
    expected = np.load(shelf / "good.npy")
    assert set(written) == {"mean", "stddev"}
    np.testing.assert_allclose(written["mean"], model.encode(expected).mean(), atol=1e-6)


@pytest.mark.slow
def test_one_example_of_a_file_is_answered(write, cli, finished_run, model, tmp_path):
    x = np.full((1, 8, 8, 1), 0.5, "float32")
    np.save(tmp_path / "one.npy", x)
    given = (finished_run, "--data", "one.npy")
    np.testing.assert_allclose(write("reconstruct", *given, out="x.npy"), model.reconstruct(x), atol=1e-6)
    assert write("score", *given, out="e.npz")["elbo"].shape == (1,)
    assert_refused(cli("encode", *given, "--split", "test", "--out", "c.npz"), "has no test part of its own")
    assert_refused(cli("encode", finished_run, "--data", "", "--out", "c.npz"), "expected a name, a path or an array")


@pytest.mark.slow
def test_reconstruct_writes_what_the_model_gives_back(write, finished_run, model, test_split):
    written = write("reconstruct", finished_run, "--limit", 7, out="x.npy")
    np.testing.assert_allclose(written, model.reconstruct(test_split.x[:7]), atol=1e-6)
    drawn = write("reconstruct", finished_run, "--limit", 7, "--sample", "--seed", 3, out="drawn.npy")
    np.testing.assert_allclose(drawn, model.reconstruct(test_split.x[:7], draw="sample", seed=3), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("flag", [[], ["--pixels"]], ids=["mean", "pixels"])
def test_sample_is_repeated_by_its_seed(write, finished_run, model, flag):
    one, same, other = (
        write("sample", finished_run, "-n", 5, "--seed", seed, *flag, out=f"{i}.npy")
        for i, seed in enumerate((3, 3, 4))
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3
    np.testing.assert_allclose(one, model.sample(5, seed=3, draw="sample" if flag else "mean"), atol=1e-6)


@pytest.mark.slow
def test_traverse_starts_at_the_prior_mean_or_at_an_example(write, finished_run, model, test_split):
    values = np.linspace(-2, 2, 5)
    arguments = ["traverse", finished_run, "--span", 2, "--steps", 5]
    paths = write(*arguments, out="prior.npy")
    assert paths.shape == (2, 5, 8, 8, 1)
    np.testing.assert_allclose(paths, model.traverse(values=values), atol=1e-6)
    np.testing.assert_allclose(paths[0, 2], paths[1, 2], atol=1e-6)
    paths = write(*arguments, "--example", 4, "--dimensions", "1", out="example.npy")
    np.testing.assert_allclose(paths, model.traverse(test_split.x[4], values=values, dimensions=[1]), atol=1e-6)


@pytest.mark.slow
def test_interpolate_walks_between_examples_chosen_by_the_seed(write, finished_run, model, test_split):
    arguments = ["interpolate", finished_run, "--pairs", 3, "--steps", 4]
    one, same, other = (write(*arguments, "--seed", s, out=f"{i}.npy") for i, s in enumerate((1, 1, 2)))
    assert one.shape == (3, 4, 8, 8, 1)
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3
    known = model.reconstruct(test_split.x)
    for end in (*one[:, 0], *one[:, -1]):
        assert np.abs(known - end).max(axis=(1, 2, 3)).min() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reconstruct", "sample", "traverse", "interpolate"])
def test_pictures_are_drawn_and_replaced_only_when_told_so(cli, write, finished_run, name):
    kind, pixels = write(name, finished_run, out="deeper/x.png")
    assert kind == "PNG"
    assert pixels.std() > 1
    assert_refused(cli(name, finished_run, "--out", "deeper/x.png"), "it exists")
    write(name, finished_run, "--overwrite", out="deeper/x.png")


@pytest.mark.slow
def test_evaluate_answers_every_question_in_json(cli, finished_run):
    code, out, err = cli("evaluate", finished_run, "--json", "--quick", "--samples", 5)
    assert (code, err) == (0, "")
    answers = json.loads(out)
    assert list(answers) == [*QUESTIONS, "training"]
    of_the_run = Run(finished_run).read_json("evaluation.json")["answers"]
    for question, answer in of_the_run.items():
        for name, value in answer.items():
            expected = value if isinstance(value, list) else pytest.approx(value, rel=1e-4, abs=1e-6)
            assert answers[question][name] == expected, name
    assert "no known factors" in answers["disentanglement"]["notes"][0]


@pytest.mark.slow
def test_evaluate_prints_words_and_figures(cli, finished_run):
    only = ["--only", "likelihood", "--only", "information"]
    code, out, err = cli("evaluate", finished_run, "--quick", "--samples", 0, "--split", "validation", *only)
    assert (code, err) == (0, "")
    assert "How well does the model explain the data?" in out and "latent space" not in out
    figures = {line.split()[0]: line.split()[1] for line in out.splitlines() if line.startswith("    ")}
    elbo = Run(finished_run).read_history()["val_elbo"][-1]
    assert float(figures["elbo"]) == pytest.approx(elbo, rel=1e-4)
    assert "log_likelihood" not in figures and int(figures["latent_dim"]) == 2


@pytest.mark.slow
def test_evaluate_writes_a_report_beside_the_model(cli, finished_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    code, out, _ = cli("evaluate", run, "--only", "completeness", "--quick", "--report")
    assert code == 0 and out.endswith(f"Report: {run / 'evaluation.html'}\n")
    written = Run(run).read_json("evaluation.json")
    assert written["settings"]["quick"] and "holes" in written["answers"]["completeness"]
    html = (run / "evaluation.html").read_text()
    assert "data:image/png;base64" in html and "vae on digits" in html
    shutil.copy(run / "model.keras", tmp_path / "alone.keras")
    assert cli("evaluate", "alone.keras", "--data", "digits", "--only", "samples", "--quick", "--report")[0] == 0
    assert (tmp_path / "alone-evaluation.html").exists()


@pytest.mark.slow
def test_compare_puts_runs_side_by_side(cli, finished_run, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(finished_run, tmp_path / name)
    asked = ["--quick", "--only", "information", "--only", "samples"]
    code, out, _ = cli("compare", "one", "two", "--out", "both", *asked)
    assert code == 0 and out.endswith("Written: both/comparison.html\n")
    header, *rows = (tmp_path / "both" / "comparison.csv").read_text().splitlines()
    assert header == "question,figure,unit,one,one standard error,two,two standard error"
    values = {row.split(",")[1]: row.split(",")[-4::2] for row in rows}
    assert values["reconstruction_mse"][0] == values["reconstruction_mse"][1]
    assert "Samples of two." in (tmp_path / "both" / "comparison.html").read_text()
    assert_refused(cli("compare", "one", "two", "--out", "both", *asked), "it contains a comparison; use --overwrite")
    assert cli("compare", "one", "two", "--out", "both", "--overwrite", *asked)[0] == 0
    assert_refused(cli("compare", "one", "two", "--out", "one"), "expected a folder with no other files")
    assert_refused(cli("compare", "one"), "expected two or more runs")
    assert_refused(cli("compare", "one", "./one"), "expected different runs")
    assert_refused(cli("compare", "one", "three"), "no run there")
    np.save(tmp_path / "wide.npy", np.zeros((3, 8, 9, 1)))
    refusal = r"compare: one cannot be evaluated on these data: wide.npy: expected shape \(N, 8, 8, 1\)"
    assert_refused(cli("compare", "one", "two", "--data", "wide.npy", "--out", "other"), refusal)
    config = Run(tmp_path / "two").config().replace(data="mnist")
    Run(tmp_path / "two").write_json("config.json", config.as_dict())
    assert_refused(cli("compare", "one", "two", "--out", "other"), "expected runs of the same data")


def test_models_lists_the_recipes(cli):
    code, out, err = cli("models")
    assert (code, err) == (0, "")
    indented = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert indented == list(zoo.RECIPES)
    assert "Plain autoencoder" in out


def test_data_lists_names_and_describes_sources(cli, shelf):
    code, out, err = cli("data")
    assert (code, err) == (0, "")
    assert {"digits", "mnist", "celeb_a"} <= {line.split()[0] for line in out.splitlines() if line}
    assert cli("data", "digits")[1].startswith("digits\n  examples: 1437 training, 180 validation, 180 test\n")
    assert "shape (8, 8, 1), float32" in cli("data", shelf / "good.npy")[1]


@pytest.mark.slow
def test_a_model_file_is_as_good_as_its_run(cli, write, finished_run, model):
    file = finished_run / "model.keras"
    np.testing.assert_allclose(write("sample", file, out="s.npy"), model.sample(64, seed=0), atol=1e-6)
    assert write("traverse", file, out="t.npy").shape == (2, 11, 8, 8, 1)
    whole = load("digits").test
    codes = write("encode", file, "--data", "digits", out="c.npz")
    np.testing.assert_allclose(codes["mean"], model.encode(whole.x).mean(), atol=1e-6)
    np.testing.assert_array_equal(codes["labels"], whole.y)
    reconstructed = write("reconstruct", file, "--data", "digits", out="r.npy")
    np.testing.assert_allclose(reconstructed, model.reconstruct(whole.x[:20]), atol=1e-6)
    assert write("interpolate", file, "--data", "digits", out="i.npy").shape == (5, 10, 8, 8, 1)
    code, out, err = cli(
        "evaluate", file, "--data", "digits", "--json", "--samples", 2, "--only", "likelihood", "--quick"
    )
    assert (code, err) == (0, "")
    assert json.loads(out)["likelihood"]["examples"] == 180
    code, out, err = cli("export", file, "servable", "--signature", "encode")
    assert (code, err) == (0, "")
    assert "Exported: servable/1\n" in out


@pytest.mark.slow
def test_a_model_file_that_was_never_compiled_is_evaluated_or_refused(cli, write, tmp_path):
    zoo.vae((8, 8, 1), 2, units=(4,)).save(tmp_path / "fresh.keras")
    assert write("sample", "fresh.keras", "-n", 2, out="s.npy").shape == (2, 8, 8, 1)
    result = cli("evaluate", "fresh.keras", "--data", "digits", "--samples", 0, "--json", "--quick")
    if result[0] == 0:
        assert json.loads(result[1])["likelihood"]["examples"] == 180
    else:
        assert_refused(result, "compile")


@pytest.mark.slow
def test_an_autoencoder_without_a_prior_does_what_it_can(cli, write, tmp_path):
    model = zoo.ae((8, 8, 1), 2, units=(4,))
    model.compile()
    model.save(tmp_path / "ae.keras")
    codes = write("encode", "ae.keras", "--data", "digits", out="c.npz")
    np.testing.assert_array_equal(codes["stddev"], 0)
    assert_refused(cli("sample", "ae.keras", "--out", "s.npy"), "ae: it has no prior")
    assert_refused(cli("traverse", "ae.keras", "--out", "t.npy"), "ae: it has no prior")
    code, out, _ = cli("evaluate", "ae.keras", "--data", "digits", "--json", "--quick")
    assert code == 0 and "elbo" not in json.loads(out)["likelihood"]
    code, out, _ = cli("export", "ae.keras", "servable")
    assert code == 0 and "generate" not in out


def test_a_warning_is_one_plain_line():
    code = (
        "import warnings\nfrom keras_vae.cli.quiet import plain_warnings\n"
        "with plain_warnings():\n    warnings.warn('two\\nlines')\n    warnings.warn('old', DeprecationWarning)\n"
        "warnings.warn('in Python')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines() == ["Warning: two lines", "<string>:6: UserWarning: in Python"]


# The strangest examples


@pytest.fixture
def oddities(tmp_path):
    """Digits in a folder `good`, noise in a folder `odd`, and a broken file."""
    random = np.random.default_rng(0)
    images = {"good": load("digits").test.x[:20, ..., 0], "odd": random.integers(0, 255, (3, 9, 12))}
    for name, drawn in images.items():
        (tmp_path / "mixed" / name).mkdir(parents=True)
        for index, image in enumerate(drawn):
            Image.fromarray(image.astype("uint8")).save(tmp_path / "mixed" / name / f"{index:02}.png")
    (tmp_path / "mixed" / "good" / "z.png").write_bytes(b"broken")
    return tmp_path / "mixed"


@pytest.mark.slow
def test_anomalies_are_found_listed_and_drawn(cli, finished_run, oddities):
    with pytest.warns(UserWarning, match="skipped good/z.png"):
        code, said, _ = cli("anomalies", finished_run, "--data", oddities, "--top", 3)
    assert code == 0 and re.search(r"combined +1\.000 +1\.000", said)
    assert "Left out: 1 of 24 images, which cannot be read; summary.json names them." in said
    assert re.search(r"\n1% of the usual examples score above \d\.?\d*; here \d+ of 23 do\.", said)
    rows = list(csv.DictReader(Path("anomalies/scores.csv").read_text().splitlines()))
    assert len(rows) == 23 and {row["name"][:4] for row in rows[:3]} == {"odd/"}
    assert float(rows[0]["combined"]) >= float(rows[1]["combined"]) and rows[0]["is_anomaly"] == "True"
    assert Path("anomalies/strangest.png").read_bytes().startswith(b"\x89PNG")
    assert_refused(cli("anomalies", finished_run, "--data", oddities), "it contains scores; use --overwrite")
    (oddities / "loose.png").write_bytes((oddities / "odd" / "00.png").read_bytes())
    asked = ["anomalies", finished_run, "--data", oddities, "--overwrite", "--normal"]
    assert_refused(cli(*asked, "good"), "expected a label of each example, got none of 1, such as loose.png")
    (oddities / "loose.png").unlink()
    assert_refused(cli(*asked, "good,odd"), "expected labels of usual and of other examples, got only good, odd")
    with pytest.warns(UserWarning, match="skipped"):
        assert cli(*asked, "odd", "--score", "error", "--format", "parquet")[0] == 0
    assert {path.name for path in Path("anomalies").iterdir()} == {"scores.parquet", "strangest.png", "summary.json"}


DIGITS = Path(__file__).parents[2] / "saved_models" / "digits"


@pytest.mark.slow
def test_anomalies_with_an_export_are_found_in_bulk(cli, oddities):
    code, said, _ = cli("anomalies", DIGITS, "--data", oddities, "--top", 3, "--out", "bulk")
    assert code == 0 and "23 answered, 1 rejected (unreadable image: 1)" in said
    rows = list(csv.DictReader(Path("bulk/strangest.csv").read_text().splitlines()))
    assert len(rows) == 3 and {row["name"][:4] for row in rows} == {"odd/"}
    assert Path("bulk/strangest.png").read_bytes().startswith(b"\x89PNG") and Path("bulk/answers").is_dir()
    asked = ["anomalies", DIGITS, "--data", oddities, "--out", "more"]
    assert_refused(cli(*asked, "--reference", oddities), "--reference: it needs a run, and MODEL is an export")
    assert_refused(cli(*asked, "--score", "eror"), "Unknown score 'eror': did you mean 'error'")
    assert not Path("more").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--runner DirectRunner", "--runner: it needs an export in place of the run; leave it out"),
        ("--top 0%", "--top: expected a number such as 20, or a share such as 1%; got '0%'"),
        ("--score eror", "Unknown score 'eror': did you mean 'error'"),
        ("--quantile 1", "--quantile: expected a number between 0 and 1"),
        ("--format xls", "Unknown format 'xls'"),
        ("--label-column x", "--label-column: expected --data with a table"),
        pytest.param(
            "--normal 1,2,3,4,5,6,7,8,9,0", "expected labels of usual and of other examples", marks=pytest.mark.slow
        ),
    ],
)
def test_anomalies_that_cannot_be_asked_for(cli, finished_run, tmp_path, arguments, message):
    assert_refused(cli("anomalies", finished_run, *arguments.split()), message)
    assert not list(tmp_path.iterdir())
