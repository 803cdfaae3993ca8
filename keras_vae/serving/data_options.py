"""The options with which training read its data, as a file of an export, for bulk inference on other data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from keras_vae.checks import are_texts
from keras_vae.errors import InvalidInputError, one_line

FILE = "assets.extra/data_options.json"


def write_data_options(version: Path, options: Mapping[str, Any]) -> None:
    """Writes options of `keras_vae.data.load`: of a table, or `label_names` of a folder of images."""
    (version / FILE).write_text(json.dumps(options, indent=2) + "\n")


def read_data_options(version: str) -> dict[str, Any]:
    """Reads the options of `write_data_options`; returns none if the export does not contain them.

    Raises:
        InvalidInputError: if the file is damaged.
    """
    path = tf.io.gfile.join(version, FILE)
    if not tf.io.gfile.exists(path):
        return {}
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            options = json.loads(file.read())
        if not _is_valid(options):
            raise ValueError("expected use_columns, label_column and categories, or label_names")
        return options
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path}: it is damaged ({one_line(error)}); export the model again.") from error


def _is_valid(options: Any) -> bool:
    if not isinstance(options, dict):
        return False
    if set(options) == {"label_names"}:
        return are_texts(options["label_names"])
    label_column, categories = options.get("label_column"), options.get("categories")
    return (
        set(options) <= {"use_columns", "label_column", "categories"}
        and are_texts(options.get("use_columns"))
        and (label_column is None or isinstance(label_column, str))
        and (categories is None or (isinstance(categories, dict) and all(map(are_texts, categories.values()))))
    )
