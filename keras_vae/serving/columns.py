"""The options with which training read its table, as a file of an export."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

FILE = "assets.extra/columns.json"


def write_columns(version: Path, columns: Mapping[str, Any]) -> None:
    """Writes the options of `keras_vae.data.table.read_as_in_training` into an export."""
    (version / FILE).write_text(json.dumps(columns, indent=2) + "\n")


def read_columns(version: str) -> str | None:
    """Reads the options of `write_columns` as JSON; returns None if the export does not contain them."""
    path = tf.io.gfile.join(version, FILE)
    if not tf.io.gfile.exists(path):
        return None
    with tf.io.gfile.GFile(path) as file:
        return file.read()
