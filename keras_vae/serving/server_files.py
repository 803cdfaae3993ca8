"""What TF Serving is started with, beside the models: its configuration, and how to start it in a container."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from keras_vae.files import write_whole
from keras_vae.serving.versions import versions_in

MARK = "# Made by keras-vae export, {}. Edit it, and it will be left as it is."
IMAGE = "tensorflow/serving:${TF_SERVING_TAG:-latest}"


def write_server_files(base: str | os.PathLike, *, batch_sizes: Sequence[int]) -> dict[str, bool]:
    """Writes TF Serving's configuration for all models under `base`; what a person has edited stays as it is.

    - `models.config`: each model with its two newest versions, labelled `canary` and, the one before, `stable`.
    - `batching_parameters.txt`: the allowed batch sizes, of which the last is the maximum.
    - `monitoring.config`: metrics for Prometheus at `/monitoring/prometheus/metrics`.
    - `compose.yaml`: starts TF Serving with all of them; `docker compose up`.

    Args:
        base: the folder of models, such as `saved_models`.
        batch_sizes: the sizes that the server pads batches to, rising.

    Returns:
        File name -> whether it was written; False where it had been edited.

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
    """The command that serves one model with TF Serving."""
    name = directory.resolve().name
    return (
        f'docker run --rm -p 8500:8500 -p 8501:8501 -v "{directory.resolve()}:/models/{name}" '
        f"-e MODEL_NAME={name} tensorflow/serving"
    )


def _models(base: Path) -> str:
    lines = ["model_config_list {"]
    for folder in sorted(entry for entry in base.iterdir() if entry.is_dir()):
        newest = [number for number, path in versions_in(folder).items() if (path / "saved_model.pb").exists()][-2:]
        if not newest:
            continue
        labels = {"stable": newest[0]} | ({"canary": newest[1]} if len(newest) > 1 else {})
        lines += [
            "  config {",
            f'    name: "{folder.name}"',
            f'    base_path: "/models/{folder.name}"',
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
    if path.exists() and not _is_ours(path.read_text(errors="replace")):
        return False
    write_whole(path, lambda target: target.write_text(f"{MARK.format(_digest(text))}\n{text}"))
    return True


def _is_ours(content: str) -> bool:
    mark, _, text = content.partition("\n")
    return mark == MARK.format(_digest(text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
