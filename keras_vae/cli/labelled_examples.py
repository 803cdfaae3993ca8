"""Loads examples with the names of their labels."""

from pathlib import Path, PurePath

import numpy as np

from keras_vae.cli.other_data import is_file, named_split, own_split, read_file
from keras_vae.cli.sources import as_evaluated, check_split, data_of
from keras_vae.data import Split
from keras_vae.data.folder_layout import arrange
from keras_vae.data.load import columns_of, is_folder, is_table, read
from keras_vae.data.row_names import names_of
from keras_vae.errors import InvalidInputError
from keras_vae.files import expanded
from keras_vae.models import Autoencoder
from keras_vae.training import TrainingConfig
from keras_vae.training.model_file import config_of


def labelled_examples(
    model: Autoencoder, source: Path, data: str | None, split: str | None, label_column: str | None
) -> tuple[Split, list[str | None] | None]:
    """Loads examples as `examples` does, and the name of the label of each; None if there are none.

    All of a file or folder is read, also of the run's own. The labels of images are the sub-folders, also if only some
    images are in one; the others have None.
    """
    table = expanded(data) if data is not None and is_file(data) and is_table(data) else None
    if label_column is not None and table is None:
        raise InvalidInputError(f"--label-column: expected --data with a table, got {data}; leave it out.")
    free = table is not None and model.condition is None  # the labels may be others than those of training
    options = {"label_column": label_column, "without_labels": free}
    own_file = read_file(source, data, (), model.event_shape, named=True, **options)
    if own_file is None:
        loaded = data_of(source, data, model.event_shape)
        part, names = named_split(loaded, split or "test"), loaded.label_names
    else:
        _, parts = own_file
        part, names = (parts.whole if split is None else own_split(parts, data, split)), parts.label_names
    files = names_of(part)
    part = check_split(model, as_evaluated(source, part), data)
    if files is not None and data is not None and is_folder(data):
        labels = [entry.label for entry in arrange([PurePath(name) for name in files])[0]]
        return part, labels if any(labels) else None
    y = part.y
    if table is not None and free:
        y, names = _labels_of_table(table, label_column, config_of(source))
    if y is None or y.ndim > 1:
        return part, None
    return part, [names[label] if 0 <= label < len(names) else str(label) for label in y]


def _labels_of_table(
    path: Path, column: str | None, config: TrainingConfig | None
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Returns the labels of a table and their names, whatever they were in training; None without such a column."""
    columns = columns_of(path)
    column = column or (config and config.label_column)
    if column is None or (column not in columns and config is not None and column == config.label_column):
        return None, ()
    others = [name for name in columns if name != column]
    _, parts = read(path, label_column=column, use_columns=others[:1])
    return parts.whole.y, parts.label_names
