"""Writes the configuration of TensorFlow Serving, and the commands to start it in a container."""

import csv
import hashlib
import io
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from google.protobuf import text_encoding

from keras_vae.files import write_whole
from keras_vae.serving.versions import is_text, versions_in

HEADER = "# Written by keras-vae export, {}. If you edit this file, keras-vae will not replace it."
IMAGE = "tensorflow/serving:${TF_SERVING_TAG:-latest}"


def write_server_files(base: str | os.PathLike, *, batch_sizes: Sequence[int]) -> dict[str, bool]:
    """Writes the configuration of TensorFlow Serving for all models under `base`, without replacing edited files.

    - `models.config`: each model with its two newest versions, the newest labelled `canary` and the other `stable`.
    - `batching_parameters.txt`: the allowed batch sizes; the last is the maximum.
    - `monitoring.config`: metrics for Prometheus at `/monitoring/prometheus/metrics`.
    - `compose.yaml`: starts TensorFlow Serving with these files by `docker compose up`.

    Args:
        base: folder of models, such as `saved_models`.
        batch_sizes: batch sizes to which the server pads its batches, in ascending order.

    Returns:
        File name -> True if the file was written, False if a user has edited it.

    Example:

    >>> write_server_files(".", batch_sizes=[1, 8])
    {'models.config': True, 'batching_parameters.txt': True, 'monitoring.config': True, 'compose.yaml': True}
    """
    base = Path(base)
    texts = {
        "models.config": _models(base),
        "batching_parameters.txt": _batching(batch_sizes),
        "monitoring.config": 'prometheus_config {\n  enable: true\n  path: "/monitoring/prometheus/metrics"\n}\n',
        "compose.yaml": COMPOSE,
    }
    return {name: _write(base / name, text) for name, text in texts.items()}


def docker_run(directory: Path) -> str:
    """Returns the command that serves one model with TensorFlow Serving."""
    source = directory.resolve()
    arguments = [
        "docker",
        "run",
        "--rm",
        "-p",
        "8500:8500",
        "-p",
        "8501:8501",
        *_mount(source, f"/models/{source.name}"),
    ]
    return shlex.join([*arguments, "-e", f"MODEL_NAME={source.name}", "tensorflow/serving"])


def _mount(source: Path, target: str) -> list[str]:
    """Returns the options of `docker run` for a folder; the shorter option `-v` does not support colons in paths."""
    if ":" not in f"{source}{target}":
        return ["-v", f"{source}:{target}"]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["type=bind", f"source={source}", f"target={target}"])
    return ["--mount", line.getvalue()]


def _models(base: Path) -> str:
    lines = ["model_config_list {"]
    for folder in sorted(entry for entry in base.iterdir() if entry.is_dir() and is_text(entry.name)):
        name = text_encoding.CEscape(folder.name, as_utf8=True)  # pyright: ignore[reportArgumentType]  # takes str too
        newest = [number for number, path in versions_in(folder).items() if (path / "saved_model.pb").exists()][-2:]
        if not newest:
            continue
        labels = {"stable": newest[0]} | ({"canary": newest[1]} if len(newest) > 1 else {})
        lines += [
            "  config {",
            f'    name: "{name}"',
            f'    base_path: "/models/{name}"',
            '    model_platform: "tensorflow"',
            "    model_version_policy { latest { num_versions: 2 } }",
            *(f'    version_labels {{ key: "{label}" value: {number} }}' for label, number in labels.items()),
            "  }",
        ]
    return "\n".join([*lines, "}", ""])


def _batching(batch_sizes: Sequence[int]) -> str:
    lines = [
        f"max_batch_size {{ value: {batch_sizes[-1]} }}",
        "batch_timeout_micros { value: 1000 }",
        "max_enqueued_batches { value: 128 }",
        f"num_batch_threads {{ value: {os.cpu_count() or 1} }}",
        *(f"allowed_batch_sizes: {size}" for size in batch_sizes),
    ]
    return "\n".join([*lines, ""])


COMPOSE = f"""\
services:
  serving:
    image: {IMAGE}
    ports: ["127.0.0.1:8500:8500", "127.0.0.1:8501:8501"]
    volumes: [".:/models:ro"]
    entrypoint: ["tensorflow_model_server"]
    command:
      - --port=8500
      - --rest_api_port=8501
      - --model_config_file=/models/models.config
      - --model_config_file_poll_wait_seconds=60
      - --allow_version_labels_for_unavailable_models=true
      - --enable_batching=true
      - --batching_parameters_file=/models/batching_parameters.txt
      - --monitoring_config_file=/models/monitoring.config
    healthcheck:
      test: ["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8501"]
    restart: unless-stopped
"""


def _write(path: Path, text: str) -> bool:
    if path.exists() and not _is_unedited(path.read_text(encoding="utf-8", errors="replace")):
        return False
    write_whole(path, lambda target: target.write_text(f"{HEADER.format(_digest(text))}\n{text}", encoding="utf-8"))
    return True


def _is_unedited(content: str) -> bool:
    header, _, text = content.partition("\n")
    return header == HEADER.format(_digest(text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
