"""Configuration for TF Serving, read back by its own protos."""

import csv
import os
import shlex

import pytest
from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from keras_vae.serving import write_server_files
from keras_vae.serving.server_files import docker_run

FILES = ["models.config", "batching_parameters.txt", "monitoring.config", "compose.yaml"]


@pytest.fixture
def base(tmp_path):
    """Two models, of three and one versions, and things that are none."""
    for version in ("digits/1", "digits/9", "digits/10", "faces/4", "notes/old", "empty/1"):
        (tmp_path / version).mkdir(parents=True)
        if not version.startswith("empty"):
            (tmp_path / version / "saved_model.pb").touch()
    return tmp_path


def test_every_model_has_its_newest_versions_and_labels(base):
    assert write_server_files(base, batch_sizes=[1, 8]) == dict.fromkeys(FILES, True)
    config = text_format.Parse((base / "models.config").read_text(), ModelServerConfig()).model_config_list.config
    assert [(model.name, model.base_path) for model in config] == [
        ("digits", "/models/digits"),
        ("faces", "/models/faces"),
    ]
    assert [dict(model.version_labels) for model in config] == [{"stable": 9, "canary": 10}, {"stable": 4}]
    assert {model.model_version_policy.latest.num_versions for model in config} == {2}


def test_the_last_allowed_batch_size_is_the_maximum(base):
    write_server_files(base, batch_sizes=[1, 8, 64])
    lines = (base / "batching_parameters.txt").read_text().splitlines()
    assert "max_batch_size { value: 64 }" in lines
    assert [line for line in lines if line.startswith("allowed")][-1] == "allowed_batch_sizes: 64"


def test_metrics_are_where_they_are_said_to_be(base):
    write_server_files(base, batch_sizes=[1])
    text = (base / "monitoring.config").read_text()
    assert "enable: true" in text and 'path: "/monitoring/prometheus/metrics"' in text


def test_what_a_person_has_edited_stays(base):
    write_server_files(base, batch_sizes=[1])
    (base / "models.config").write_text(
        (base / "models.config").read_text().replace("num_versions: 2", "num_versions: 5")
    )
    (base / "compose.yaml").write_text("mine")
    edited = (base / "models.config").read_text()
    (base / "faces" / "5").mkdir()
    (base / "faces" / "5" / "saved_model.pb").touch()
    written = write_server_files(base, batch_sizes=[1, 2])
    assert written == {**dict.fromkeys(FILES, True), "models.config": False, "compose.yaml": False}
    assert (base / "models.config").read_text() == edited and (base / "compose.yaml").read_text() == "mine"
    assert "allowed_batch_sizes: 2" in (base / "batching_parameters.txt").read_text()


def test_the_container_is_told_where_the_model_lies(base):
    assert f"-v {base / 'digits'}:/models/digits -e MODEL_NAME=digits" in docker_run(base / "digits")


ODD = ("it's", 'a "b"', "two\nlines", "a\\b", "a:b,c", "é", "$(reboot)")


def test_names_are_escaped(tmp_path):
    for name in (*ODD, os.fsdecode(b"\xff")):
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "1" / "saved_model.pb").touch()
    write_server_files(tmp_path, batch_sizes=[1])
    text = (tmp_path / "models.config").read_text(encoding="utf-8")
    config = text_format.Parse(text, ModelServerConfig()).model_config_list.config
    assert {(model.name, model.base_path) for model in config} == {(name, f"/models/{name}") for name in ODD}
    assert write_server_files(tmp_path, batch_sizes=[1])["models.config"]


@pytest.mark.parametrize("name", ODD)
def test_the_line_for_docker_is_one_command_whatever_the_name(tmp_path, name):
    words = shlex.split(docker_run(tmp_path / name))
    assert words[:3] == ["docker", "run", "--rm"] and words[-3:] == ["-e", f"MODEL_NAME={name}", "tensorflow/serving"]
    option, value = words[-5:-3]
    if ":" not in name:
        assert (option, value) == ("-v", f"{tmp_path / name}:/models/{name}")
    else:
        parts = next(csv.reader([value]))
        assert option == "--mount" and parts == ["type=bind", f"source={tmp_path / name}", f"target=/models/{name}"]
