"""From a run to an export that will be served."""

import json
import re
import shutil

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from PIL import Image

from keras_vae.data.images import read_image
from keras_vae.serving import ExportOptions
from keras_vae.training import Run, TrainingConfig
from tests.cli.refusals import assert_refused


@pytest.mark.slow
def test_export_counts_its_versions_and_checks_them(cli, finished_run, tmp_path):
    for version, signatures, options in (("1", 10, []), ("2", 1, ["--signature", "encode", "--no-data"])):
        code, out, err = cli("export", finished_run, *options)
        assert (code, err) == (0, "")
        assert f"Exported: saved_models/tiny/{version}\n" in out and "TensorFlow Serving can run it." in out
        rows = re.findall(r"^(\w+) +1,3,32 +\S+ +(\S+)$", out, re.MULTILINE)
        assert len(rows) == signatures and max(float(gap) for _, gap in rows) <= 1e-5
        assert "keras-vae serve saved_models/tiny" in out and "docker run" in out
    base = tmp_path / "saved_models"
    assert (base / "tiny" / "2" / "saved_model.pb").is_file()
    assert 'version_labels { key: "canary" value: 2 }' in (base / "models.config").read_text()
    assert {"compose.yaml", "batching_parameters.txt", "monitoring.config"} <= {path.name for path in base.iterdir()}
    card = (base / "tiny" / "1" / "assets.extra" / "model_card.md").read_text()
    assert "- examples: 128 training" in card and "- elbo: " in card and "- options: units = 16" in card


@pytest.mark.slow
def test_server_files_are_not_strewn_among_other_things(cli, finished_run, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").touch()
    assert cli("export", finished_run, "servable", "--signature", "encode", "--no-data")[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"notes", "servable"}
    assert cli("export", finished_run, "servable", "--signature", "encode", "--no-data", "--server-files")[0] == 0
    (tmp_path / "compose.yaml").write_text("mine")
    code, _, err = cli("export", finished_run, "servable", "--signature", "encode", "--no-data", "--server-files")
    assert code == 0 and "compose.yaml has been edited, and is left as it is" in err
    assert (tmp_path / "compose.yaml").read_text() == "mine"


@pytest.mark.slow
def test_what_training_did_to_the_pixels_is_in_the_graph(cli, command, tmp_path):
    arguments = ["--latent-dim", 2, "--limit", 128, "--epochs", 1, "--likelihood-samples", 0, "--binarize", "threshold"]
    assert cli("train", *arguments, "--set", "units=[8]", "--no-jit-compile", "--no-report", "--out", "run")[0] == 0
    assert cli("export", "run", "servable", "--signature", "encode")[0] == 0
    encode = tf.saved_model.load(str(tmp_path / "servable" / "1")).signatures["serving_default"]
    x = np.random.default_rng(0).random((5, 8, 8, 1), "float32")
    np.testing.assert_allclose(encode(x=tf.constant(x))["mean"], Run("run").model().encode(x >= 0.5).mean(), atol=1e-5)


@pytest.mark.slow
def test_a_run_without_a_report_is_exported_all_the_same(cli, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "run")
    (tmp_path / "run" / "evaluation.json").unlink()
    assert cli("export", "run", "servable", "--signature", "encode", "--no-data")[0] == 0
    card = (tmp_path / "servable" / "1" / "assets.extra" / "model_card.md").read_text()
    assert "## Training" in card and "## Metrics" not in card


@pytest.mark.slow
def test_a_signature_goes_to_onnx(cli, finished_run, tmp_path):
    code, out, _ = cli("export", finished_run, "deeper/encode.onnx", "--signature", "encode")
    assert (code, out) == (0, "Exported: deeper/encode.onnx\n")
    session = onnxruntime.InferenceSession(str(tmp_path / "deeper" / "encode.onnx"))
    assert [tensor.name for tensor in session.get_inputs()] == ["x"]
    before = (tmp_path / "deeper" / "encode.onnx").read_bytes()
    assert_refused(cli("export", finished_run, "deeper/encode.onnx"), "it exists; choose another name")
    assert (tmp_path / "deeper" / "encode.onnx").read_bytes() == before


@pytest.mark.slow
def test_check_says_whether_it_will_run(cli, finished_run, tmp_path):
    cli("export", finished_run, "servable", "--signature", "decode", "--no-data")
    code, out, err = cli("check", "servable")
    assert (code, err) == (0, "") and out.endswith("TensorFlow Serving can run it.\n")
    (tmp_path / "servable" / "1" / "variables" / "variables.index").unlink(missing_ok=True)
    (tmp_path / "servable" / "1" / "saved_model.pb").write_bytes(b"broken")
    code, out, err = cli("check", "servable/1")
    assert (code, err) == (1, "") and "PROBLEM" in out


@pytest.mark.slow
def test_a_run_whose_data_are_gone_can_do_without(cli, finished_run, tmp_path):
    config = TrainingConfig.read(finished_run / "config.json").as_dict()
    run = tmp_path / "moved"
    run.mkdir()
    for path in finished_run.glob("*.*"):
        (run / path.name).write_bytes(path.read_bytes())
    (run / "config.json").write_text(json.dumps({**config, "data": "./gone.npy"}))
    assert_refused(cli("export", "moved", "servable"), "gone.npy: no such file")
    assert cli("export", "moved", "servable", "--no-data", "--signature", "encode")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--batch-sizes 1,two", "--batch-sizes: expected integers"),
        ("--batch-sizes 8,1", "batch_sizes must be ascending integers"),
        ("--precision int4", "Unknown precision 'int4'"),
        ("--signature encod", "Unknown signature 'encod': did you mean 'encode'"),
        ("--flagged 2", "flagged must be a number > 0 and < 1"),
        ("--samples 0", "samples must be an integer >= 1"),
        ("--data digits --no-data", "--data and --no-data: expected one"),
    ],
)
def test_options_that_cannot_be_used_are_refused(cli, finished_run, tmp_path, arguments, message):
    assert_refused(cli("export", finished_run, "servable", *arguments.split()), message)
    assert not (tmp_path / "servable").exists()


def test_check_of_nothing_is_refused(cli):
    assert_refused(cli("check", "nothing"), "nothing: expected an export")


@pytest.fixture(scope="module")
def served(finished_run, tmp_path_factory):
    """The address of a local server with an export of the finished run, `tiny`."""
    from keras_vae.serving import export
    from keras_vae.serving.server import LocalServer

    base = tmp_path_factory.mktemp("served")
    export(Run(finished_run).model(), base / "tiny", check=False)
    with LocalServer(base) as server:
        yield server.url


@pytest.mark.slow
def test_a_client_asks_what_one_asks_of_the_model(cli, finished_run, served, tmp_path):
    model = Run(finished_run).model()
    assert cli("client", "status", served, "--model", "tiny") == (0, "version 1  AVAILABLE\n", "")
    assert "encode             x float32[N, 8, 8, 1] -> " in cli("client", "metadata", served, "--model", "tiny")[1]
    assert cli("client", "generate", served, "--model", "tiny", "-n", 5, "--out", "images.npy")[0] == 0
    assert np.load("images.npy").shape == (5, 8, 8, 1)
    assert cli("client", "generate", served, "--model", "tiny", "-n", 5, "--out", "images.png")[0] == 0
    assert (tmp_path / "images.png").read_bytes().startswith(b"\x89PNG")
    assert cli("client", "encode", served, "--model", "tiny", "--data", "digits", "--out", "codes.npz")[0] == 0
    from keras_vae.data import load

    np.testing.assert_allclose(np.load("codes.npz")["mean"], model.encode(load("digits").test.x[:20]).mean(), atol=1e-4)
    np.save("one.npy", load("digits").test.x[:1])
    code, out, _ = cli("client", "score", served, "--model", "tiny", "--data", "one.npy")
    assert code == 0 and out.startswith("score (1,)\n["), "a file is read whole"
    assert cli("client", "reconstruct", served, "--model", "tiny", "--out", "r.png")[0] == 0
    code, out, _ = cli("client", "score", served, "--model", "tiny", "-n", 3)
    assert code == 0 and out.startswith("score (3,)\n[")


@pytest.mark.slow
def test_a_folder_of_images_of_any_size_is_answered_in_the_order_of_its_names(cli, finished_run, served, tmp_path):
    model, random = Run(finished_run).model(), np.random.default_rng(0)
    (tmp_path / "shots").mkdir()
    for name, size in (("b.png", (9, 12)), ("a.jpg", (30, 20)), ("d.webp", (8, 8))):
        turned = Image.Exif()
        turned[0x0112] = 6
        image = Image.fromarray(random.integers(0, 255, (*size, 3)).astype("uint8"))
        image.save(tmp_path / "shots" / name, exif=turned)
    (tmp_path / "shots" / "c.png").write_bytes(b"broken")
    with pytest.warns(UserWarning, match="skipped c.png"):
        assert cli("encode", finished_run, "--data", "shots", "--out", "run.npz")[0] == 0
    with pytest.warns(UserWarning, match=r"c.png: it is left out: .*expected a PNG, JPEG"):
        assert cli("client", "encode", served, "--model", "tiny", "--data", "shots", "--out", "sent.npz")[0] == 0
    run, sent = np.load("run.npz"), np.load("sent.npz")
    assert run["names"].tolist() == sent["names"].tolist() == ["a.jpg", "b.png", "d.webp"]
    np.testing.assert_allclose(run["mean"], sent["mean"], atol=0.02)
    upright = read_image(tmp_path / "shots" / "a.jpg", (8, 8)).pixels
    grey = np.asarray(Image.fromarray(upright).convert("L"))[None, ..., None]
    np.testing.assert_allclose(run["mean"][:1], model.encode(grey).mean(), atol=1e-5)
    arguments = ["client", "score", served, "--model", "tiny", "--data", "shots/a.jpg", "--out", "one.npz"]
    assert cli(*arguments)[0] == 0 and np.load("one.npz")["score"].shape == (1,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("encod {url} --model tiny", "Unknown method 'encod': did you mean 'encode'"),
        ("encode {url} --model nothing", "NOT_FOUND: .* check the name"),
        ("encode http://127.0.0.1:1 --model tiny --timeout 0.2", "UNAVAILABLE: .* check that the server runs"),
        ("encode 127.0.0.1 --model tiny", "target: expected http"),
        ("classify {url} --model tiny", "Unknown signature 'classify'"),
        ("encode {url} --model tiny --split tets", "--split: expected"),
        ("encode {url} --model tiny --out x.png", "--out: expected a name that ends in .npz"),
        ("status {url} --model tiny --out x.npz", "--out: status is printed"),
        ("generate {url} --model tiny --version 7", "NOT_FOUND"),
        ("generate {url} --model tiny --condition 1", "expected the inputs seed; got condition, seed"),
    ],
)
def test_a_client_that_cannot_be_answered_says_why(cli, served, tmp_path, arguments, message):
    assert_refused(cli("client", *arguments.format(url=served).split()), message)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_labels_of_a_folder_are_sent_as_the_model_numbers_them(cli, tmp_path, recwarn):
    from keras_vae import zoo
    from keras_vae.serving import export
    from keras_vae.serving.server import LocalServer

    for label in ("cat", "dog, big"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        Image.new("L", (4, 4), len(label)).save(tmp_path / "pets" / label / "1.png")
    model = zoo.conditional_vae((4, 4, 1), 2, condition=2, units=(4,))
    export(model, tmp_path / "served" / "pets", check=False, options=ExportOptions(batch_sizes=(1,)))
    x = np.array([3, 8], "uint8")[:, None, None, None] * np.ones((1, 4, 4, 1), "uint8")
    with LocalServer(tmp_path / "served") as server:
        asked = ["client", "encode", server.url, "--model", "pets", "--data", "pets", "--overwrite", "--out", "z.npz"]
        for options, labels in (([], [0, 1]), (["--label-names", '"dog, big",cat'], [1, 0])):
            recwarn.clear()
            assert cli(*asked, *options)[0] == 0
            expected = model.encode(x, condition=np.array(labels)).mean()
            np.testing.assert_allclose(np.load("z.npz")["mean"], expected, atol=1e-5)
            said = "\n".join(str(warning.message) for warning in recwarn)
            assert ("the server does not record the names of its labels" in said) == (not options)
        assert_refused(cli(*asked, "--label-names", '"cat'), "--label-names: expected names divided by commas")
        np.save("x.npy", x)
        refusal = "label_names: expected a folder of images"
        assert_refused(cli(*asked[:6], "x.npy", *asked[7:], "--label-names", "cat"), refusal)
        recwarn.clear()
        assert cli(*asked, "--label-names", "ape,cat")[0] == 0
        said = "\n".join(str(warning.message) for warning in recwarn)
        assert "Expected the labels ape, cat; got dog, big too" in said and "NaN in 1 of 2 answers" in said
        with pytest.warns(UserWarning, match="NaN in 3 of 3 answers"):
            cli("client", "generate", server.url, "--model", "pets", "-n", 3, "--condition", 7)
        assert_refused(cli("client", "classify", *asked[2:]), "Unknown signature 'classify'")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("nothing", "nothing: no such folder; expected a folder with models"),
        (". --log-format xml", "Unknown log format 'xml'"),
        (". --port 70000", "port must be an integer from 0 to 65535"),
    ],
)
def test_a_server_that_cannot_be_started_says_why(cli, arguments, message):
    assert_refused(cli("serve", *arguments.split()), message)
