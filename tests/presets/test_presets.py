"""Presets: what is saved is loaded again, and a folder that was changed is refused."""

import dataclasses
import json
import os
import shutil

import keras
import numpy as np
import pytest

from keras_vae import KL, NLL, Autoencoder, from_preset, list_presets, make_networks, save_to_preset, zoo
from keras_vae.digest import sha256_of
from keras_vae.presets import ModelCard, Preset, find_preset, is_preset
from tests.presets.conftest import CARD


def test_a_preset_holds_the_model_and_its_card(preset, model, examples, assert_same_weights, tmp_path):
    again = from_preset(preset.folder)
    assert_same_weights(again, model)
    assert (again.compiled, int(again.step)) == (True, int(model.step))
    np.testing.assert_array_equal(again.elbo(examples, seed=1), model.elbo(examples, seed=1))
    assert Preset.read(preset.folder) == preset and preset.card == CARD
    assert sorted(path.name for path in preset.folder.iterdir()) == ["README.md", "model.keras", "preset.json"]
    model.save(tmp_path / "whole.keras")
    assert preset.size < (tmp_path / "whole.keras").stat().st_size / 2  # no optimizer, compressed


def test_the_hub_reads_the_front_matter(preset):
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard.load(preset.folder / "README.md")
    assert (card.data.license, card.data.library_name, card.data.datasets) == (
        "apache-2.0",
        "keras_vae",
        ["user/noise"],
    )
    (result,) = card.data.eval_results
    assert (result.metric_value, result.dataset_type, result.metric_type) == (-3.25, "user/noise", "test_ELBO")
    assert card.data.model_name == "tiny"
    for text in ("-3.25 ± 0.50 nats per image", "`a script`", "CC0", preset.sha256, "objective: nll + kl", "epochs: 1"):
        assert text in card.text, text


def test_float16_needs_examples_and_tells_the_loss(model, examples, refused, tmp_path):
    with refused("precision: 'float16' needs examples"):
        save_to_preset(model, tmp_path / "half", precision="float16")
    assert not (tmp_path / "half").exists()
    half = save_to_preset(model, tmp_path / "half", precision="float16", examples=examples)
    again = from_preset(half.folder)
    assert {weight.dtype for weight in again.trainable_variables} == {"float32"}
    loss = model.elbo(examples).mean() - again.elbo(examples).mean()
    assert half.loss == pytest.approx(loss, abs=1e-4) and 0 < abs(half.loss) < 0.5
    assert f"changes by {-half.loss:+.4f} nats per example" in (half.folder / "README.md").read_text()


def test_weights_beyond_the_range_of_float16_keep_their_precision(tmp_path):
    model = zoo.vae((8,), 2, likelihood="normal", units=(4,), seed=0)
    kernel = model.decoder.weights[0]
    kernel.assign(kernel * 0 + 1e6)
    x = np.zeros((2, 8), "float32")
    preset = save_to_preset(model, tmp_path / "large", precision="float16", examples=x)
    np.testing.assert_array_equal(from_preset(preset.folder).decoder.weights[0], kernel)


def damaged(preset, folder, change):
    shutil.copytree(preset.folder, folder)
    record = json.loads((folder / "preset.json").read_text())
    path = folder / "model.keras"
    content = path.read_bytes()
    if change == "cut":
        path.write_bytes(content[:-100])
    elif change == "one bit":
        path.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    elif change == "missing":
        path.unlink()
    elif change == "no record":
        (folder / "preset.json").unlink()
    elif change == "no JSON":
        (folder / "preset.json").write_text('{"format": 1,')
    else:
        (folder / "preset.json").write_text(json.dumps(record | json.loads(change)))
    return folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("cut", r"model.keras: expected [\d,]+ bytes with the SHA-256 \w+..., got .* cut or was changed"),
        ("one bit", "model.keras: expected .* the file is cut or was changed"),
        ("missing", "model.keras: no such file"),
        ("no record", "no preset there"),
        ("no JSON", "preset.json: it is damaged"),
        ('{"format": 2}', "expected format 1, got 2, of a later keras_vae"),
        ('{"name": "../up"}', "name of a preset"),
        ('{"size": "1"}', "expected texts, and the size"),
        ('{"loss": "1"}', "the size and the loss as numbers"),
        ('{"facts": []}', "preset.json: it is damaged"),
        ('{"card": {"figures": [{"name": "x", "value": "y"}]}}', "figure 'x', value"),
        ('{"card": {"colour": "red"}}', "colour"),
        ('{"other": 1}', "other"),
    ],
)
def test_a_changed_preset_is_refused(preset, tmp_path, refused, change, message):
    with refused(message):
        from_preset(damaged(preset, tmp_path / "changed", change))


def test_code_in_a_preset_is_not_run(preset, tmp_path, refused, monkeypatch):
    canary = keras.layers.Lambda(lambda x: __import__("os").environ.update(PRESET_CANARY="ran") or x)
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), canary])
    hostile = Autoencoder(encoder, make_networks("mlp", (8, 8, 1), 2, units=(4,))[1], objective=NLL() + KL())
    monkeypatch.delenv("PRESET_CANARY")
    folder = tmp_path / "hostile"
    shutil.copytree(preset.folder, folder)
    keras.Model.save(hostile, folder / "model.keras")  # its own `save` refuses
    path = folder / "model.keras"
    record = dataclasses.replace(preset, size=path.stat().st_size, sha256=sha256_of(path)).as_dict()
    (folder / "preset.json").write_text(json.dumps(record))
    with refused("Lambda layer"):
        from_preset(folder)
    assert "PRESET_CANARY" not in os.environ


def test_nothing_is_written_over(model, preset, tmp_path, refused):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("")
    (tmp_path / "file").write_text("")
    shutil.copytree(preset.folder, tmp_path / "tiny")
    for name, message in (("mine", "no other files"), ("file", "it is a file"), ("tiny", "it contains a preset")):
        with refused(message):
            save_to_preset(model, tmp_path / name)
    with refused("expected letters, digits"):
        save_to_preset(model, tmp_path / "a name")
    assert not (tmp_path / "a name").exists()
    assert save_to_preset(model, tmp_path / "tiny", ModelCard("new"), overwrite=True).card.title == "new"
    assert find_preset(tmp_path / "tiny").card.title == "new"
    assert len(list((tmp_path / "tiny").iterdir())) == 3


def test_a_name_that_is_not_there_gets_the_nearest(refused):
    with refused("Unknown preset 'vae_digit': did you mean 'vae_digits'"):
        from_preset("vae_digit")


@pytest.mark.parametrize("name", ["~no_such_user/x", "x" * 5000, "a\0b"])
def test_a_text_that_cannot_be_a_path_is_no_preset(refused, name):
    assert not is_preset(name)
    with refused("^Unknown preset"):
        from_preset(name)


def test_arguments_of_another_type_are_refused(refused, model, tmp_path):
    for name in (None, 3, b"vae_digits", ["vae_digits"]):
        with refused("^preset: expected a text or a path, got"):
            from_preset(name)
    with refused("^model: expected Autoencoder, got Sequential"):
        save_to_preset(keras.Sequential(), tmp_path / "x")
    with refused("^card: expected ModelCard, got dict"):
        save_to_preset(model, tmp_path / "x", {"title": "x"})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", list_presets())
def test_an_installed_preset_is_small_and_whole(name):
    preset = find_preset(name)
    preset.model_file()
    card = preset.card
    assert preset.name == name and preset.size < 2_000_000
    assert card.data_license and card.data and card.title and card.made["command"] and card.made["keras_vae"]
    assert card.figures and all(figure.printed_by and figure.unit for figure in card.figures)
    assert preset.precision == "float32" or preset.loss is not None
    assert preset.sha256 in (preset.folder / "README.md").read_text()
