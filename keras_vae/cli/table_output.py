"""Writes rows of a model of a table as a table, and fills the missing values of a table."""

from pathlib import Path
from typing import Any

import numpy as np
import typer

from keras_vae.cli.sources import check_split
from keras_vae.data import Split
from keras_vae.data.arrow_tables import SUFFIXES
from keras_vae.data.load import is_table
from keras_vae.data.table import read_as_in_training
from keras_vae.data.table_rows import table_of, with_missing, write_table
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import condition_of
from keras_vae.files import expanded, new_parents, write_whole
from keras_vae.models import Autoencoder
from keras_vae.text import counted
from keras_vae.training import TrainingConfig
from keras_vae.training.model_file import config_of


def check_table(source: Path, out: Path) -> TrainingConfig | None:
    """Returns the configuration of a model if `out` is a table; None for other files. Call it before the work.

    Raises:
        InvalidInputError: if `out` is a table, and the model was not trained on one.
    """
    if out.suffix not in SUFFIXES:
        return None
    config = config_of(source)
    if config is None or not config.use_columns:
        raise InvalidInputError(
            f"--out: a {out.suffix} file needs a model that was trained on a table with column names, and {source} "
            "does not record any; write .npy."
        )
    return config


def write_rows(out: Path, rows: np.ndarray, config: TrainingConfig, labels: np.ndarray | None) -> None:
    """Writes rows like those of the training data, with a column of labels if the model has a condition."""
    table = table_of(rows, config.use_columns or (), _texts(config), config.decimals or {})
    if labels is not None and labels.ndim == 1 and config.label_column is not None:
        names = (config.categories or {}).get(config.label_column, ())
        column = table_of(labels[:, None].astype("float64"), (config.label_column,), (names,))
        table = table.append_column(config.label_column, column[0])
    _write(out, table)


def impute_table(source: Path, data: str, out: Path, *, draw: bool, seed: int, model: Autoencoder) -> None:
    """Writes the table `data` with its missing values replaced by those that the model expects, or draws."""
    config = check_table(source, out)
    path = expanded(data)
    if config is None or not is_table(data) or path.suffix.lower() not in SUFFIXES:
        raise InvalidInputError(f"--data: expected a table in a {', '.join(SUFFIXES)} file; got {data}.")
    if not model.likelihood.allows_missing:
        raise InvalidInputError(
            f"{source}: expected a model for missing values; got {model.name}. Train one with --model masked_vae."
        )
    names = config.use_columns or []
    label_column = config.label_column if model.condition is not None else None
    x, y, _ = read_as_in_training(path, use_columns=names, label_column=label_column, categories=config.categories)
    check_split(model, Split(x, y), data)
    missing, condition = np.isnan(x), condition_of(model, y)
    rows = model.impute(x, condition=condition, draw="sample" if draw else "mean", seed=seed)
    decimals = config.decimals or {}
    _write(out, with_missing(path, rows, missing, names=names, categories=_texts(config), decimals=decimals))
    typer.echo(f"Imputed: {counted(int(missing.sum()), 'value')} in {counted(int(missing.any(axis=1).sum()), 'row')}.")


def _texts(config: TrainingConfig) -> list[list[str]]:
    return [(config.categories or {}).get(name, []) for name in config.use_columns or ()]


def _write(out: Path, table: Any) -> None:
    with new_parents(out):
        write_whole(out, lambda path: write_table(table, path))
    typer.echo(f"Written: {out} ({counted(len(table), 'row')} of {counted(table.num_columns, 'column')})")
