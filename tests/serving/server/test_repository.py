"""What lies in the folder is what is served."""

import logging
import os
import shutil
import threading
import time

import numpy as np
import pytest

from keras_vae.serving.server.model_folders import Policy, find_models, read_policies
from keras_vae.serving.server.repository import Repository, State
from keras_vae.serving.server.request_error import Code, RequestError


class Loaded:
    """Stands in for a version in memory; one whose file says so cannot be loaded."""

    def __init__(self, name, version, path):
        if (path / "saved_model.pb").read_text() == "broken":
            raise ValueError("not a\nmodel")
        self.name, self.version, self.path = name, version, path


@pytest.fixture
def base(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def put(base):
    def put(name, version, content="sound"):
        folder = base / name / str(version)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "saved_model.pb").write_text(content)

    return put


def states(repository, name="m"):
    return {version: status.state.name for version, status in repository.models.get(name, {}).items()}


def test_models_are_folders_of_decimal_versions(base, put, tmp_path):
    put("m", 1)
    put("m", 20)
    for other in (".hidden/1", "empty", "m/one", "m/-3", "m/1.5", "m/.export-1"):
        (base / other).mkdir(parents=True)
    (base / "file").touch()
    (tmp_path / "outside" / "1").mkdir(parents=True)
    (base / "link").symlink_to(tmp_path / "outside")
    (base / "m" / "7").symlink_to(tmp_path / "outside" / "1")
    assert {name: sorted(versions) for name, versions in find_models(base).models.items()} == {"m": [1, 20]}
    assert sorted(find_models(base / "m").models["m"]) == [1, 20]


def test_the_newest_is_served_and_the_old_one_goes_when_the_new_one_is_there(base, put):
    put("m", 1)
    repository = Repository(base, load=Loaded)
    repository.poll()
    held = repository.get("m")
    put("m", 2)
    repository.poll()
    assert repository.get("m").version == 2 and held.version == 1
    assert states(repository) == {1: "END", 2: "AVAILABLE"}
    with pytest.raises(RequestError) as refused:
        repository.get("m", 1)
    assert refused.value.code == Code.NOT_FOUND


def test_a_corrupt_version_is_told_once_and_the_old_one_keeps_serving(base, put, caplog):
    put("m", 1)
    results = []
    repository = Repository(base, load=Loaded, on_load=lambda *result: results.append(result))
    repository.poll()
    put("m", 2, "broken")
    with caplog.at_level(logging.INFO, "keras_vae.serving"):
        for _ in range(3):
            repository.poll()
    assert repository.get("m").version == 1
    assert repository.statuses("m")[2].error == "not a model"
    assert [record.getMessage() for record in caplog.records] == ["m version 2: loading failed: not a model"]
    put("m", 2, "sound at last")
    repository.poll()
    assert repository.get("m").version == 2
    assert results == [("m", 1, True), ("m", 2, False), ("m", 2, True)]


def test_what_disappears_is_served_no_more(base, put):
    put("m", 1)
    repository = Repository(base, load=Loaded)
    repository.poll()
    shutil.rmtree(base / "m")
    repository.poll()
    assert states(repository) == {1: "END"}


def test_policies_and_labels_come_from_the_configuration(base, put, caplog):
    for version in (1, 2, 3, 4):
        put("m", version)
        put("other", version)
        put("pinned", version)
    (base / "models.config").write_text(
        "model_config_list {"
        " config { name: 'm' base_path: '/models/m' model_version_policy { latest { num_versions: 2 } }"
        "  version_labels { key: 'stable' value: 3 } }"
        " config { name: 'pinned' base_path: '/models/pinned' model_version_policy { specific { versions: 2 } } } }"
    )
    repository = Repository(base, load=Loaded)
    repository.poll()
    assert [states(repository, name) for name in ("m", "other", "pinned")] == [
        {4: "AVAILABLE", 3: "AVAILABLE"},
        {4: "AVAILABLE"},
        {2: "AVAILABLE"},
    ]
    assert repository.get("m", label="stable").version == 3
    with pytest.raises(RequestError, match="Unrecognized servable version label: nothing"):
        repository.get("m", label="nothing")
    (base / "models.config").write_text("model_config_list {")
    with caplog.at_level(logging.INFO, "keras_vae.serving"):
        repository.poll()
        repository.poll()
    assert len(caplog.records) == 1 and "expected a model_config_list of TensorFlow Serving" in caplog.text
    assert repository.get("m", label="stable").version == 3


def test_all_versions_can_be_asked_for(base, put):
    put("m", 1)
    put("m", 2)
    config = "model_config_list { config { name: 'm' base_path: '/m' model_version_policy { all {} } } }"
    (base / "models.config").write_text(config)
    assert read_policies(base, Policy())["m"].select([1, 2, 3]) == {1, 2, 3}


@pytest.mark.slow
def test_a_real_export_is_warmed_up_and_forgotten(exported, tmp_path):
    import gc
    import weakref

    shutil.copytree(exported, tmp_path / "vae" / "1")
    repository = Repository(tmp_path)
    repository.poll()
    servable = repository.get("vae")
    answer = servable.run("decode", {"z": np.zeros((2, 3), "float32")})
    assert answer["reconstruction"].shape == (2, 8, 8, 1)
    gone = weakref.ref(servable)
    shutil.rmtree(tmp_path / "vae")
    repository.poll()
    del servable
    gc.collect()
    assert gone() is None
    assert repository.statuses("vae")[1].state == State.END


def test_a_folder_that_is_not_there_is_refused(tmp_path, refused):
    with refused("no such folder; expected a folder with models"):
        Repository(tmp_path / "nothing")


def test_a_run_in_place_of_exports_is_refused(tmp_path, refused):
    (tmp_path / "model.keras").touch()
    with refused("expected a folder with exported models, got one with a model.keras; export it first"):
        Repository(tmp_path)


@pytest.fixture
def lines(caplog):
    """Polls a repository some times and gives the lines of its log."""

    def lines(repository, times=3):
        caplog.clear()
        with caplog.at_level(logging.INFO, "keras_vae.serving"):
            for _ in range(times):
                repository.poll(load_seconds=0.2)
        return [record.getMessage() for record in caplog.records]

    return lines


def test_a_version_beyond_64_bits_is_left_out_with_a_line(base, put, lines):
    put("m", 1)
    put("m", 2**63)
    put("m", "9" * 200)
    repository = Repository(base, load=Loaded)
    told = [line for line in lines(repository) if "left out" in line]
    assert len(told) == 2 and all("expected a version of at most 9223372036854775807" in line for line in told)
    assert states(repository) == {1: "AVAILABLE"}
    put("m", 2)
    repository.poll()
    assert repository.get("m").version == 2


def test_a_folder_that_cannot_be_read_holds_up_no_other_and_keeps_its_models(base, put, lines, monkeypatch):
    put("a", 1)
    put("b", 1)
    repository = Repository(base, load=Loaded)
    repository.poll()
    iterdir = type(base).iterdir

    def refuse(path):
        if path == base / "a":
            raise PermissionError(13, "Permission denied", str(path))
        return iterdir(path)

    monkeypatch.setattr(type(base), "iterdir", refuse)
    (base / "loop").symlink_to(base / "loop")
    put("b", 2)
    told = lines(repository)
    assert [line for line in told if "cannot read the folder" in line and "/a:" in line] == [
        f"{base / 'a'}: cannot read the folder: Permission denied; its loaded versions remain"
    ]
    assert repository.get("a").version == 1 and repository.get("b").version == 2
    monkeypatch.undo()
    put("a", 2)
    repository.poll()
    assert repository.get("a").version == 2


def test_the_base_that_cannot_be_read_leaves_what_is_served(base, put, lines):
    put("m", 1)
    repository = Repository(base, load=Loaded)
    repository.poll()
    base.rename(base.with_name("away"))
    told = lines(repository)
    assert len(told) == 1 and "cannot read the folder" in told[0]
    assert repository.get("m").version == 1


def test_a_pipe_in_a_version_is_told_and_not_waited_for(base, put, lines):
    put("a", 1)
    for name in ("saved_model.pb", "variables/variables.index", "assets.extra/tf_serving_warmup_requests"):
        version = base / "pipes" / str(len(name))
        put("pipes", version.name)
        (version / name).parent.mkdir(exist_ok=True)
        (version / name).unlink(missing_ok=True)
        os.mkfifo(version / name)
    put("z", 1)
    repository = Repository(base, Policy(None), load=Loaded)
    told = lines(repository)
    assert sum("is not a regular file" in line for line in told) == 3
    assert [states(repository, name) for name in ("a", "z")] == [{1: "AVAILABLE"}] * 2


def test_a_model_that_hangs_holds_up_no_other(base, put, lines):
    go = threading.Event()

    def load(name, version, path):
        if name == "b":
            go.wait(30)
        return Loaded(name, version, path)

    for name in "abc":
        put(name, 1)
    repository = Repository(base, load=load)
    told = lines(repository)
    assert told.count("b: loading continues in the background") == 1
    assert [states(repository, name) for name in "abc"] == [{1: "AVAILABLE"}, {1: "LOADING"}, {1: "AVAILABLE"}]
    put("c", 2)
    repository.poll(load_seconds=0.2)
    assert repository.get("c").version == 2
    go.set()
    deadline = time.monotonic() + 20
    while states(repository, "b") != {1: "AVAILABLE"}:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_name_that_is_no_text_is_left_out(base, put, lines):
    put("m", 1)
    put(os.fsdecode(b"\xff"), 1)
    repository = Repository(base, load=Loaded)
    (line,) = [line for line in lines(repository) if "left out" in line]
    assert "expected a name in UTF-8" in line and line.encode()
    assert list(repository.models) == ["m"]
