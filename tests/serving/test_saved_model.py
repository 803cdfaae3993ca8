"""A version is whole or not there."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
import recipes
import tensorflow as tf

from keras_vae.data import Split
from keras_vae.serving import ExportOptions, check_export, export

write = partial(export, check=False)


@pytest.mark.slow
def test_a_difference_is_seen(small, tmp_path):
    encode = ExportOptions(signature="encode")
    version, changed = (
        write(model, tmp_path / name, options=encode)
        for name, model in (("model", small), ("other", with_other_weights(small)))
    )
    shutil.copy(version / "assets.extra" / "recorded_answers.npz", changed / "assets.extra")
    found = check_export(changed)
    assert any("serving_default: differs from the model by" in problem for problem in found.problems)


def with_other_weights(model):
    """The same model with larger weights."""
    copy = type(model).from_config(model.get_config())
    copy.set_weights([1.1 * weight for weight in model.get_weights()])
    return copy


def test_only_what_is_asked_is_stored(exported, tmp_path, small):
    stored = {name for name, _ in tf.train.list_variables(str(exported / "variables" / "variables"))}
    assert not [name for name in stored if "momentum" in name or "optimizer" in name.lower()]


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "signature"), [("vae", "encode"), ("vq_vae", "generate")])
def test_a_single_signature_has_its_weights_in_the_graph(tmp_path, recipe, signature):
    """Those of a prior too, whose draws are a loop in a loop."""
    model = recipes.create(recipe)
    version = write(model, tmp_path / "model", options=ExportOptions(signature=signature))
    served = tf.saved_model.load(str(version)).signatures
    assert list(served) == ["serving_default"] and not served["serving_default"].variables
    assert sum(file.stat().st_size for file in (version / "variables").iterdir()) < 1000
    if signature == "encode":
        x = np.random.default_rng(0).random((3, 8, 8, 1), "float32")
        np.testing.assert_allclose(served["serving_default"](x=x)["mean"], model.encode(x).mean(), atol=1e-6)
    else:
        draws = served["serving_default"](seed=tf.constant([[0, 1], [0, 2], [0, 1]]))["sample"].numpy()
        assert np.array_equal(draws[0], draws[2]) and not np.array_equal(draws[0], draws[1])


def test_the_model_card_tells_what_there_is(exported):
    card = (exported / "assets.extra" / "model_card.md").read_text()
    for told in (
        "| `generate` | `seed` int32 (B, 2) | `sample` float32 (B, 8, 8, 1) |",
        "objective: nll + kl",
        "anomaly: combined above",
        "batch sizes: 1, 4",
        "`elbo`: evidence lower bound in nats",
    ):
        assert told in card  # fmt: skip


@pytest.mark.slow
def test_what_the_user_knows_goes_into_the_card(small, tmp_path):
    version = write(small, tmp_path / "model", card={"Data": {"name": "two numbers"}, "Limits": {"use": "in tests"}})
    assert "## Data\n\n- name: two numbers\n" in (version / "assets.extra" / "model_card.md").read_text()


@pytest.mark.slow
def test_a_model_that_a_server_cannot_run_is_not_published(small, tmp_path, monkeypatch, refused):
    monkeypatch.setattr(type(small), "posterior_of", lambda self, x, *_, **__: unserved(self, x))
    with refused("nothing was published: Python in the graph"):
        export(small, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def unserved(model, x):
    """q(z | x) by way of Python."""
    x = tf.ensure_shape(tf.numpy_function(np.negative, [x], tf.float32), x.shape)
    return model.posterior.distribution(model.posterior_parameters(x))


@pytest.mark.slow
def test_without_the_extra_there_is_no_warm_up(small, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vae.serving.saved_model.is_installed", lambda module: False)
    version = export(small, tmp_path / "model")
    assert {path.name for path in (version / "assets.extra").iterdir()} == {"model_card.md", "recorded_answers.npz"}
    (note,) = check_export(version).notes
    assert note.startswith("tf_serving_warmup_requests is missing") and "keras_vae[serving]" in note


@pytest.mark.parametrize(
    ("training", "message"),
    [
        (np.zeros((5, 3)), "training: expected shape"),
        (np.full((5, 2), np.nan), "training: expected"),
        (np.zeros((6, 2)), "training: expected more than 5 examples besides the 20% for calibration, got 5"),
    ],
)
def test_training_examples_that_cannot_be_used_are_refused(small, tmp_path, refused, training, message):
    with refused(message):
        write(small, tmp_path / "model", training=Split(training))
    assert not (tmp_path / "model").exists()


def test_a_model_that_diverged_has_no_scores_of_anomalies(small, tmp_path, refused):
    diverged = type(small).from_config(small.get_config())
    diverged.set_weights([np.nan * weight for weight in small.get_weights()])
    with refused("expected finite scores of the calibration examples, got NaN or infinity for "):
        write(diverged, tmp_path / "model", training=Split(np.random.default_rng(0).random((20, 2), "float32")))


@pytest.mark.slow
def test_versions_count_up(tmp_path, small):
    folder = tmp_path / "deeper" / "model"
    assert [write(small, folder) for _ in range(2)] == [folder / "1", folder / "2"]
    shutil.rmtree(folder / "1")
    assert write(small, folder) == folder / "3"
    assert {path.name for path in folder.iterdir()} == {"2", "3"}
    assert {path.name for path in folder.parent.iterdir()} == {"model"}


@pytest.mark.slow
def test_versions_are_ordered_as_numbers(tmp_path, small):
    for name in ("9", "10"):
        (tmp_path / "model" / name).mkdir(parents=True)
    assert write(small, tmp_path / "model").name == "11"


@pytest.mark.slow
def test_the_folder_may_be_the_current_one(tmp_path, monkeypatch, small):
    folder = tmp_path / "model"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert [write(small, ".").name for _ in range(2)] == ["1", "2"]
    assert {path.name for path in folder.iterdir()} == {"1", "2"}


@pytest.mark.parametrize("foreign", ["notes.txt", "config.json", "7"])
def test_a_folder_of_other_things_is_left_alone(tmp_path, small, refused, foreign):
    (tmp_path / "model" / "1").mkdir(parents=True)
    (tmp_path / "model" / foreign).write_text("mine")
    with refused(f"expected an empty folder or a folder with numbered versions, got '{foreign}'"):
        write(small, tmp_path / "model")
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"1", foreign}
    assert (tmp_path / "model" / foreign).read_text() == "mine"


def test_a_file_is_left_alone(tmp_path, small, refused):
    (tmp_path / "model").write_text("mine")
    with refused("model: expected a folder for versions of the model, got a file"):
        write(small, tmp_path / "model")
    assert (tmp_path / "model").read_text() == "mine"


@pytest.fixture
def after_writing(monkeypatch):
    """Has something done when TensorFlow has written the model, before the export goes on."""

    def after_writing(act):
        save = tf.saved_model.save

        def save_and_act(*arguments, **options):
            save(*arguments, **options)
            act()

        monkeypatch.setattr(tf.saved_model, "save", save_and_act)

    return after_writing


@pytest.mark.slow
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
def test_an_interrupted_export_leaves_no_version(tmp_path, monkeypatch, after_writing, small, interruption):
    def interrupt():
        raise interruption

    after_writing(interrupt)
    with pytest.raises(interruption):
        write(small, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert write(small, tmp_path / "model").name == "1"


@pytest.mark.slow
def test_a_watcher_sees_a_version_only_when_it_is_whole(tmp_path, after_writing, small):
    seen = []
    after_writing(lambda: seen.append(sorted(entry.name for entry in (tmp_path / "model").iterdir())))
    version = write(small, tmp_path / "model")
    assert seen == [[]]
    assert {path.name for path in version.iterdir()} >= {"saved_model.pb", "variables"}


@pytest.mark.slow
def test_exporting_says_nothing_and_leaves_the_model_as_it_was(tmp_path, capfd, caplog, small):
    caplog.set_level("INFO", "tensorflow")  # the level in a notebook
    before = small.get_weights()
    write(small, tmp_path / "model")
    assert capfd.readouterr().out == "" and not caplog.messages
    for own, kept in zip(small.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, kept)


EXPORTER = """
import sys
import keras_vae as kv
from keras_vae.serving import export
model = kv.zoo.vae((2,), 1, units=(2,), seed=0)
print("ready", flush=True)
while True:
    export(model, sys.argv[1], check=False)
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_whole_versions_alone(tmp_path):
    for attempt in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", EXPORTER, str(tmp_path / "model")], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "ready\n"
        while attempt == 0 and not (tmp_path / "model" / "1").exists():  # however busy the machine is
            time.sleep(0.1)
        time.sleep(1.0 + 0.37 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
    versions = sorted((tmp_path / "model").iterdir(), key=lambda path: int(path.name))
    assert [path.name for path in versions] == [str(i + 1) for i in range(len(versions))] and versions
    for version in versions:
        assert (version / "assets.extra" / "model_card.md").is_file()
        assert set(tf.saved_model.load(str(version)).signatures) >= {"serving_default", "encode"}


@pytest.mark.slow
def test_two_exports_at_once_get_two_numbers(tmp_path, small, monkeypatch):
    rename = type(tmp_path).rename

    def rename_after_another(path, target):
        if not target.exists():
            target.mkdir()
            (target / "saved_model.pb").touch()
            monkeypatch.setattr(type(tmp_path), "rename", rename)
        return rename(path, target)

    monkeypatch.setattr(type(tmp_path), "rename", rename_after_another)
    assert write(small, tmp_path / "model").name == "2"


LOADER = """
import json
import sys
import numpy as np
import tensorflow as tf
signatures = tf.saved_model.load(sys.argv[1]).signatures
x = tf.constant(np.load(sys.argv[2]))
print(json.dumps(signatures["score"](x=x)["elbo"].numpy().tolist()))
assert not {"keras_vae", "tensorflow_probability"} & set(sys.modules)
"""


@pytest.mark.slow
def test_a_process_with_nothing_but_tensorflow_can_serve_it(tmp_path, exported, images):
    np.save(tmp_path / "x.npy", images(3))
    done = subprocess.run(
        [sys.executable, "-c", LOADER, str(exported), str(tmp_path / "x.npy")],
        capture_output=True, text=True, timeout=120, cwd=tmp_path, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = tf.saved_model.load(str(exported)).signatures["score"](x=tf.constant(images(3)))["elbo"]
    np.testing.assert_allclose(json.loads(done.stdout), expected, rtol=1e-5)
