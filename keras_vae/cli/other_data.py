"""Reads files and folders that are not the data of a run, in the way in which its training read its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

from keras_vae.data import Split, SplitDataset
from keras_vae.data.hugging_face import is_hugging_face
from keras_vae.data.load import columns_of, has_label_names, is_folder, is_name, is_table, read
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import PARTS
from keras_vae.data.unrecorded import SERVER, in_order, warn_of_labels
from keras_vae.errors import InvalidInputError
from keras_vae.files import expanded
from keras_vae.training import Run
from keras_vae.training.config import TABLE_OPTIONS
from keras_vae.training.model_file import config_of


def is_file(data: str) -> bool:
    """Returns whether the text of `--data` is a file or a folder, and not the name of a data set."""
    return bool(data) and not is_name(data) and expanded(data).exists()


def is_other_file(data: str, runs: Sequence[Path]) -> bool:
    """Returns whether data are a file or folder, but not the data of one of the runs."""
    if not is_file(data):
        return False
    configs = [Run(run).config() for run in runs if Run(run).exists]
    return not any(is_file(config.data) and expanded(data).samefile(expanded(config.data)) for config in configs)


def read_file(
    source: Path,
    data: str | None,
    runs: Sequence[Path],
    shape: tuple[int, ...] | None,
    *,
    named: bool = False,
    label_column: str | None = None,
    without_labels: bool = False,
) -> tuple[str, Parts] | None:
    """Reads a file or folder for the model at `source`; None for named data sets and for the run's own data.

    Args:
        source: a run folder or a `.keras` file.
        data: the file, the folder or the name.
        runs: the runs whose own data are not read.
        shape: shape of the examples of the model.
        named: whether the images of a folder are decoded when they are needed, so that broken ones are named, too.
        label_column: column of a table with the labels. None is that of the configuration.
        without_labels: whether the labels of a table are not read.
    """
    if data is None or not is_other_file(data, runs):
        return None
    path = expanded(data)
    config = config_of(source)
    if config is None:
        return read_unrecorded(path, str(source), {"image_shape": shape})
    options: dict[str, Any] = {"image_shape": shape}
    if has_label_names(path):
        options["label_names"] = config.label_names
        if named and is_folder(path):
            options["stream"] = True
    elif is_hugging_face(path):
        options |= {name: getattr(config, name) for name in ("label_column", "use_columns")}
    if is_table(path):
        options |= {name: getattr(config, name) for name in TABLE_OPTIONS}
        if label_column is not None:
            options["label_column"] = label_column
        elif config.label_column not in columns_of(path):
            options["label_column"] = None
        if without_labels:
            options["label_column"] = None
    return read(path, **options)


def read_unrecorded(path: Path, owner: str, options: dict[str, Any], *, conditional: bool = True) -> tuple[str, Parts]:
    """Reads a file or folder for a model without a record of its training, with a warning where that matters.

    Args:
        path: the file or folder.
        owner: the model, for messages.
        options: options of `keras_vae.data.load.read`.
        conditional: whether the order of the labels matters.
    """
    label_names = options.get("label_names")
    if is_table(path) and path.exists():
        if label_names:
            raise InvalidInputError(f"--label-names: expected a folder of images, got {path}; leave it out.")
        name, parts = read(path)
        return name, in_order(path, parts, owner)
    if is_folder(path):
        options = {**options, "stream": True}
    name, parts = read(path, **options)
    if has_label_names(path) and conditional and not label_names:
        remedy = "give --label-names" if owner == SERVER else "use the run, or a model file that a run has saved"
        warn_of_labels(path, owner, parts.label_names, f"if training had others, {remedy}")
    return name, parts


@overload
def named_split(data: SplitDataset, split: str) -> Split: ...


@overload
def named_split(data: Parts, split: str) -> Split | None: ...


def named_split(data: SplitDataset | Parts, split: str) -> Split | None:
    """Returns the split of a name, unchanged."""
    if split not in PARTS:
        raise InvalidInputError(f"--split: expected {', '.join(PARTS[:-1])} or {PARTS[-1]}; got {split!r}.")
    return getattr(data, split)


def own_split(parts: Parts, data: str | None, split: str) -> Split:
    """Returns a split of a file or folder; raises `InvalidInputError` if it has none of this name."""
    part = named_split(parts, split)
    if part is None:
        raise InvalidInputError(
            f"--split: {data} has no {split} part of its own; leave --split out, to read all of it."
        )
    return part
