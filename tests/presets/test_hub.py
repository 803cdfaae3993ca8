"""Presets on the Hugging Face Hub, with a server of the test."""

import shutil

import pytest

import keras_vae
from keras_vae import from_preset, upload_preset
from tests.pages import block_with
from tests.presets.hub_server import TOKEN, HubServer

constants = pytest.importorskip("huggingface_hub.constants")


def set_endpoint(monkeypatch, url):
    """Does what the library does with HF_ENDPOINT, which it reads only when it is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A server in place of the Hub, and an empty cache."""
    with HubServer().running() as server:
        set_endpoint(monkeypatch, server.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server


def test_what_is_uploaded_is_downloaded_once(hub, preset, model, assert_same_weights, refused):
    address = upload_preset("hf://user/tiny", preset.folder)
    ((first, files),) = hub.repositories["user/tiny"].items()
    assert address == f"{hub.url}/user/tiny/commit/{first}"
    assert files == {path.name: path.read_bytes() for path in preset.folder.iterdir()}
    assert hub.objects.values() and len(hub.objects) == 1  # model.keras, with LFS

    assert_same_weights(from_preset("hf://user/tiny"), model)
    assert len(hub.downloads) == 3
    from_preset(f"hf://user/tiny@{first}")
    assert len(hub.downloads) == 3

    changed = files["model.keras"][:-1] + b"x"
    hub.repositories["user/tiny"]["f" * 40] = files | {"model.keras": changed}
    with refused("model.keras: expected .* cut or was changed"):
        from_preset("hf://user/tiny")
    assert_same_weights(from_preset(f"hf://user/tiny@{first}"), model)


def test_what_is_not_there_is_told_in_one_line(hub, preset, refused, monkeypatch):
    hub.repositories["user/other"] = {"e" * 40: {"README.md": b"a model of another library"}}
    for uri, message in (
        ("hf://user/nowhere", "hf://user/nowhere: it cannot be downloaded .*RepositoryNotFoundError"),
        ("hf://user/other", "no preset there"),
        ("hf://user/other@v2", "hf://user/other@v2: it cannot be downloaded .*Revision"),
        ("hf://user", "hf://user: expected hf://USER/REPO"),
    ):
        with refused(message):
            from_preset(uri)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with refused("hf://user/tiny: the upload failed .*401"):
        upload_preset("hf://user/tiny", preset.folder)
    with refused("no preset there"):
        upload_preset("hf://user/tiny", preset.folder.parent)


def test_without_a_connection_the_cache_is_read(hub, preset, model, assert_same_weights, refused, monkeypatch):
    upload_preset("hf://user/tiny", preset.folder)
    from_preset("hf://user/tiny")
    set_endpoint(monkeypatch, "http://127.0.0.1:9")
    assert_same_weights(from_preset("hf://user/tiny"), model)
    with refused("hf://user/other: it cannot be downloaded .*check the name, the connection"):
        from_preset("hf://user/other")


def test_the_program_of_the_page_runs(hub, preset, model, assert_same_weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(preset.folder, "my_vae")
    upload, *downloads = block_with("presets.md", "upload_preset").splitlines()
    names = {"kv": keras_vae}
    exec(upload, names)
    (commit,) = hub.repositories["user/my_vae"]
    for line in downloads:
        exec(line.replace("1f0c6c1", commit), names)
        assert_same_weights(names["model"], model)
