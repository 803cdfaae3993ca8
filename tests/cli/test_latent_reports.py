import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vae.cli.outputs import check_folder
from keras_vae.data import load
from keras_vae.files import PARTIAL
from keras_vae.models import load_model
from keras_vae.zoo import hyperspherical_vae, vq_vae
from tests.cli.refusals import assert_refused


@pytest.fixture
def folder(tmp_path):
    """Digits in a folder for each label, and a broken file."""
    digits = load("digits").test
    for label in (0, 1):
        (tmp_path / "digits" / f"d{label}").mkdir(parents=True)
        for index, image in enumerate(digits.x[digits.y == label][:12, ..., 0]):
            Image.fromarray(image).save(tmp_path / "digits" / f"d{label}" / f"{index:02}.png")
    (tmp_path / "digits" / "d1" / "z.png").write_bytes(b"broken")
    return tmp_path / "digits"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*skipped d1/z.png")
def test_the_nearest_examples_are_listed_and_drawn(cli, finished_run, folder):
    code, said, _ = cli("neighbours", finished_run, "--data", folder, "-n", 3)
    assert code == 0 and "Written: neighbours (neighbours.csv, neighbours.png)" in said
    rows = list(csv.DictReader(Path("neighbours/neighbours.csv").read_text().splitlines()))
    assert len(rows) == 24 * 3 and rows[0]["query"] == "d0/00.png"
    train, row = rows[0]["neighbour"].split()
    assert train == "train" and 0 <= int(row) < len(load("digits").train)
    assert float(rows[0]["distance"]) <= float(rows[1]["distance"])
    assert Path("neighbours/neighbours.png").read_bytes().startswith(b"\x89PNG")
    assert_refused(cli("neighbours", finished_run, "--data", folder), "it contains results; use --overwrite")
    assert cli("neighbours", finished_run, "--data", folder, "--among", folder, "--overwrite", "-n", 2)[0] == 0
    rows = list(csv.DictReader(Path("neighbours/neighbours.csv").read_text().splitlines()))
    assert all(row["query"] != row["neighbour"] and row["neighbour"] != "d1/z.png" for row in rows)
    assert_refused(
        cli("neighbours", finished_run, "--data", folder, "--among", folder, "--overwrite", "-n", 25),
        "--count: expected at most 24, the number of other examples, got 25",
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*skipped d1/z.png")
def test_the_direction_of_each_label_is_found_and_drawn(cli, finished_run, folder):
    code, said, _ = cli("directions", finished_run, "--data", folder)
    assert code == 0 and "d0" in said and "AUROC" in said
    rows = list(csv.DictReader(Path("directions/directions.csv").read_text().splitlines()))
    assert [(row["label"], row["examples"]) for row in rows] == [("d0", "12"), ("d1", "12")]
    found = np.load("directions/directions.npz")
    np.testing.assert_allclose(found["directions"][0], -found["directions"][1], rtol=1e-4)
    assert Path("directions/directions.png").read_bytes().startswith(b"\x89PNG")
    Path("directions/mine.txt").write_text("mine")
    assert_refused(cli("directions", finished_run, "--overwrite"), "expected a folder with no other files")


def test_what_cannot_be_searched_is_refused(cli, finished_run, tmp_path):
    model = finished_run / "model.keras"
    assert_refused(cli("neighbours", model, "--data", "digits"), "name examples with --among")
    assert_refused(cli("neighbours", finished_run, "-n", 10**6), "--count: expected at most")
    assert not list(tmp_path.iterdir())


def test_directions_need_labels(cli, finished_run, tmp_path):
    np.save(tmp_path / "x.npy", load("digits").test.x)
    assert_refused(cli("directions", finished_run, "--data", tmp_path / "x.npy"), "expected data with labels")
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.slow
def test_a_fitted_prior_explains_the_latents_better(cli, finished_run):
    code, said, _ = cli("fit-prior", finished_run, "--components", 3)
    assert code == 0 and "mixture of 3 normals, fitted to the latents of" in said
    assert float(said.split("changes by ")[1].split(",")[0]) > 0
    assert Path("fitted_prior/samples.png").read_bytes().startswith(b"\x89PNG")
    fitted, before = load_model("fitted_prior/model.keras"), load_model(finished_run / "model.keras")
    assert fitted.prior.components == 3
    x = load("digits").test.x[:5]
    np.testing.assert_array_equal(fitted.encode(x).mean(), before.encode(x).mean())
    assert cli("evaluate", "fitted_prior/model.keras", "--data", "digits", "--only", "likelihood", "--quick")[0] == 0
    assert_refused(cli("fit-prior", finished_run), "it contains results; use --overwrite")


@pytest.mark.slow
def test_the_prior_of_discrete_latents_is_autoregressive(cli, tmp_path):
    np.save("x.npy", load("digits").test.x[:40])
    vq_vae((8, 8, 1), 2, codebook_size=4, units=(8,), seed=0).save("vq.keras")
    code, said, _ = cli("fit-prior", "vq.keras", "--reference", "x.npy")
    assert code == 0 and said.startswith("autoregressive prior")
    assert load_model("fitted_prior/model.keras").prior.categories == 4


def test_a_prior_that_does_not_fit_the_latents_is_refused(cli, finished_run, tmp_path):
    assert_refused(cli("fit-prior", finished_run, "--prior", "autoregressive"), "expected mixture or flow")
    assert_refused(cli("fit-prior", finished_run, "--prior", "flow", "--components", 3), "expected a mixture, got flow")
    assert_refused(cli("fit-prior", finished_run, "--prior", "gaussian"), "Unknown --prior 'gaussian'")
    assert_refused(cli("fit-prior", finished_run / "model.keras"), "name usual examples with --reference")
    vq_vae((8, 8, 1), 2, codebook_size=4, units=(8,)).save(tmp_path / "vq.keras")
    options = ("--reference", "digits", "--prior", "flow")
    assert_refused(cli("fit-prior", tmp_path / "vq.keras", *options), "expected autoregressive")
    hyperspherical_vae((8, 8, 1), 3, units=(8,)).save(tmp_path / "sphere.keras")
    options = ("--reference", tmp_path / "missing.npy")  # not read: the model is looked at first
    assert_refused(cli("fit-prior", tmp_path / "sphere.keras", *options), "PowerSpherical, all on a sphere")
    np.save(tmp_path / "one.npy", load("digits").test.x[:1])
    one = ("--reference", tmp_path / "one.npy")
    assert_refused(cli("fit-prior", finished_run, *one), "--reference: expected two or more examples, got 1; use")
    assert_refused(cli("fit-prior", finished_run, *one, "--components", 3), "--components: expected at most 1, one for")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.npy", "sphere.keras", "vq.keras"]


def test_what_a_killed_process_left_does_not_count_as_a_file_of_the_user(tmp_path):
    (tmp_path / f".model.keras{PARTIAL}1").mkdir()
    check_folder(tmp_path, ("model.keras",), content="results", overwrite=False)
