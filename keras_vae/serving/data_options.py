"""The options with which training read its data, as a file of an export, for bulk inference on other data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

FILE = "assets.extra/data_options.json"


def write_data_options(version: Path, options: Mapping[str, Any]) -> None:
    """Writes options of `keras_vae.data.load`: of a table, or `label_names` of a folder of images."""
    (version / FILE).write_text(json.dumps(options, indent=2) + "\n")


def read_data_options(version: str) -> dict[str, Any]:
    """Reads the options of `write_data_options`; returns none if the export does not contain them."""
    path = tf.io.gfile.join(version, FILE)
    if not tf.io.gfile.exists(path):
        return {}
    with tf.io.gfile.GFile(path) as file:
        return json.loads(file.read())
