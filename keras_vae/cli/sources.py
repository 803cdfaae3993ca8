"""Loads models and examples for commands."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, overload

import numpy as np
import tensorflow_probability as tfp
import typer

from keras_vae.data import Split, SplitDataset, load
from keras_vae.data.folder_layout import arrange
from keras_vae.data.hugging_face import is_hugging_face
from keras_vae.data.lazy_array import LazyArray, sample
from keras_vae.data.load import columns_of, has_label_names, is_folder, is_name, is_table, read
from keras_vae.data.parts import Parts
from keras_vae.data.row_names import names_of, readable
from keras_vae.data.split_dataset import PARTS
from keras_vae.data.unrecorded import SERVER, in_order, warn_of_labels
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import condition_of
from keras_vae.files import expanded
from keras_vae.models import Autoencoder, load_model
from keras_vae.models.data_range import check_new_examples
from keras_vae.text import counted
from keras_vae.training import Run, TrainingConfig, evaluation_data, evaluation_split, load_data, with_data
from keras_vae.training.config import TABLE_OPTIONS
from keras_vae.training.model_file import config_of
from keras_vae.training.run import BEST

tfd = tfp.distributions


def model_of(source: Path) -> Autoencoder:
    """Loads the model of a run folder or a `.keras` file."""
    if source.suffix == ".keras":
        model = load_model(source)
    else:
        run = Run.open(source)
        model = run.model()
        if not run.is_finished:
            epochs = len(run.read_history().get("epoch", ()))
            typer.echo(
                f"Note: the training of {source} has not ended (epoch {epochs} of {run.config().epochs}); "
                f"this is its {'best epoch' if run[BEST].exists() else 'last checkpoint'}. Continue it with "
                f"`keras-vae train --resume --out {shlex.quote(str(source))}`.",
                err=True,
            )
    if not model.compiled:
        model.compile()
    return model


def examples(model: Autoencoder, source: Path, data: str | None, split: str | None) -> Split:
    """Loads the examples for a command, as `read_examples`, and checks that `model` takes them."""
    return check_split(model, read_examples(source, data, split, shape=model.event_shape), data)


def read_examples(source: Path, data: str | None, split: str | None, *, shape: tuple[int, ...] | None = None) -> Split:
    """Loads the examples for the model at `source`, binarised once if its run binarises.

    The images of a folder are decoded when they are needed; one that cannot be decoded is known by `readable`.

    Args:
        source: a run folder or a `.keras` file.
        data: a file, a folder or the name of a data set. None reads the run's own data.
        split: `"train"`, `"validation"` or `"test"`. None reads all of a file or folder that is not the run's own
            data, and the test part of other data.
        shape: shape of the examples of the model, to which images are brought. None keeps their size.
    """
    own_file = _read_file(source, data, (source,), shape, named=True)
    if own_file is None:
        part = named_split(data_of(source, data, shape), split or "test")
        if data is not None and split is None and is_file(data):
            typer.echo(
                f"Note: {source} was trained on {data}; this is its test part of {counted(len(part), 'example')}, "
                "--split selects another.",
                err=True,
            )
    else:
        _, parts = own_file
        part = parts.whole if split is None else _own_split(parts, data, split)
    return _as_evaluated(source, part)


def labelled_examples(
    model: Autoencoder, source: Path, data: str | None, split: str | None, label_column: str | None
) -> tuple[Split, list[str | None] | None]:
    """Loads examples as `examples` does, and the name of the label of each; None if there are none.

    All of a file or folder is read, also of the run's own. The labels of images are the sub-folders, also if only some
    images are in one; the others have None.
    """
    if label_column is not None and not (data is not None and is_file(data) and is_table(data)):
        raise InvalidInputError(f"--label-column: expected --data with a table, got {data}; leave it out.")
    table = expanded(data) if data is not None and is_file(data) and is_table(data) else None
    free = table is not None and model.condition is None  # the labels may be others than those of training
    options = {"label_column": label_column, "without_labels": free}
    own_file = _read_file(source, data, (), model.event_shape, named=True, **options)
    if own_file is None:
        loaded = data_of(source, data, model.event_shape)
        part, names = named_split(loaded, split or "test"), loaded.label_names
    else:
        _, parts = own_file
        part, names = (parts.whole if split is None else _own_split(parts, data, split)), parts.label_names
    files = names_of(part)
    part = check_split(model, _as_evaluated(source, part), data)
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


def reference_examples(model: Autoencoder, source: Path, reference: str | None) -> tuple[Split, Split | None]:
    """Returns the usual examples for anomaly scores, and those of the validation part of the run's own data."""
    if reference is None and not Run(source).exists:
        raise InvalidInputError(
            f"{source}: a model file does not say what it was trained on; name usual examples with --reference."
        )
    training, validation, _ = training_examples(source, reference, model.event_shape)
    training = check_split(model, _as_evaluated(source, training), reference)
    return training, None if validation is None else _as_evaluated(source, validation)


def examples_for_server(
    data: str,
    split: str | None,
    *,
    label_names: Sequence[str] | None = None,
    conditional: bool = False,
    image_shape: tuple[int, ...] | None = None,
) -> Split:
    """Loads the examples that a command sends to a server, without the configuration of its model.

    Args:
        data: see `read_examples`.
        split: see `read_examples`.
        label_names: for a folder of images, its sub-folders in the order of the labels in training.
        conditional: whether the labels are sent; their order then matters.
        image_shape: `(H, W, C)`, the shape of the images that the model takes, if it is known.
    """
    if not is_file(data):
        return named_split(load(data, label_names=label_names, image_shape=image_shape), split or "test")
    path = expanded(data)
    options = {"label_names": label_names, "image_shape": image_shape}
    _, parts = _read_unrecorded(path, SERVER, options, conditional=conditional)
    return parts.whole if split is None else _own_split(parts, data, split)


def _read_unrecorded(path: Path, owner: str, options: dict[str, Any], *, conditional: bool = True) -> tuple[str, Parts]:
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


def _read_file(
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
    if data is None or not _is_other_file(data, runs):
        return None
    path = expanded(data)
    config = config_of(source)
    if config is None:
        return _read_unrecorded(path, str(source), {"image_shape": shape})
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


def _is_other_file(data: str, runs: Sequence[Path]) -> bool:
    """Returns whether data are a file or folder, but not the data of one of the runs."""
    if not is_file(data):
        return False
    configs = [Run(run).config() for run in runs if Run(run).exists]
    return not any(is_file(config.data) and expanded(data).samefile(expanded(config.data)) for config in configs)


def texts_of_rows(source: Path, data: str | None, part: Split, split: str | None = None) -> list[str]:
    """Returns a text for each example of `read_examples`: its name, or else its row in the split, such as "test 7"."""
    names = names_of(part)
    if names is not None:
        return names.tolist()
    own = split is not None or data is None or not _is_other_file(data, (source,))
    return [f"{(split or 'test') if own else 'row'} {row}" for row in range(len(part))]


def is_file(data: str) -> bool:
    """Returns whether the text of `--data` is a file or a folder, and not the name of a data set."""
    return bool(data) and not is_name(data) and expanded(data).exists()


def _own_split(parts: Parts, data: str | None, split: str) -> Split:
    part = named_split(parts, split)
    if part is None:
        raise InvalidInputError(
            f"--split: {data} has no {split} part of its own; leave --split out, to read all of it."
        )
    return part


def _as_evaluated(source: Path, split: Split) -> Split:
    config = config_of(source)
    return split if config is None else evaluation_split(split, config)


def data_of(source: Path, data: str | None, shape: tuple[int, ...] | None = None) -> SplitDataset:
    """Loads `data`, or by default the run's own data.

    Args:
        source: a run folder or a `.keras` file.
        data: a file, a folder or the name of a data set. None is the run's own data.
        shape: shape of the examples of the model, to which the images of other data are brought.
    """
    run, config = Run(source), config_of(source)
    if data is None and not run.exists:
        raise InvalidInputError(f"{source}: a model file does not say what it was trained on; name it with --data.")
    if config is not None:
        if data is not None:
            config = with_data(config, data).replace(limit=None)
        images = data is not None or has_label_names(config.data)  # of any size and kind
        loaded = load_data(config, shape if images else None)
        if data is None and (changed := run.changed_data(loaded)):
            typer.echo(
                f"Note: {config.data} has changed since {run.path} was trained on it (different: "
                f"{', '.join(changed)}); these may be other examples than the run kept apart.",
                err=True,
            )
        return loaded
    return load(data or "", image_shape=shape)


def training_examples(
    source: Path, data: str | None, shape: tuple[int, ...] | None = None
) -> tuple[Split, Split | None, list[str]]:
    """Returns the training examples for an export, the validation part, and lines of text that describe them.

    The training examples are the training part of the run's own data, of a named data set, or of a file that has one.
    For other files, they are all examples. The validation part is that of the run's own data; None for other data.
    """
    own_file = _read_file(source, data, (source,), shape)
    if own_file is None:
        loaded = data_of(source, data, shape)
        return loaded.train, loaded.validation if data is None else None, loaded.describe().splitlines()
    name, parts = own_file
    lines = [name, f"examples: {len(parts.train)} training", *(f"note: {note}" for note in parts.notes)]
    return parts.train, None, lines


@overload
def named_split(data: SplitDataset, split: str) -> Split: ...


@overload
def named_split(data: Parts, split: str) -> Split | None: ...


def named_split(data: SplitDataset | Parts, split: str) -> Split | None:
    """Returns the split of a name, unchanged."""
    if split not in PARTS:
        raise InvalidInputError(f"--split: expected {', '.join(PARTS[:-1])} or {PARTS[-1]}; got {split!r}.")
    return getattr(data, split)


def evaluation_data_of(
    source: Path,
    data: str | None,
    split: str | None,
    *,
    shape: tuple[int, ...] | None = None,
    runs: Sequence[Path] | None = None,
) -> SplitDataset | Split:
    """Loads the data for an evaluation: a data set whose test part is `split`, or a single split.

    Args:
        source: a run folder or a `.keras` file.
        data: a file, a folder or the name of a data set. None evaluates on the run's own data.
        split: `"train"`, `"validation"` or `"test"`. None evaluates on the test part, or on all of a file or folder
            that has no test part and is not the data of a run.
        shape: shape of the examples of the model, to which the images of other data are brought.
        runs: the runs in the description of `split`. None is `source` only.
    """
    config = config_of(source)
    own_file = _read_file(source, data, (source,) if runs is None else runs, shape)
    if own_file is None:
        loaded, split = data_of(source, data, shape), split or "test"
        part = named_split(loaded, split)
        return replace(loaded, test=part) if config is None else evaluation_data(loaded, config, split)
    name, parts = own_file
    part = parts.test or parts.whole if split is None else _own_split(parts, data, split)
    if parts.test is None and parts.validation is None:
        return _as_evaluated(source, part)
    return SplitDataset(
        name, _as_evaluated(source, parts.train), _as_evaluated(source, parts.validation or part),
        _as_evaluated(source, part), label_names=parts.label_names, factor_names=parts.factor_names,
        factor_sizes=parts.factor_sizes, column_names=parts.column_names, categories=parts.categories,
    )  # fmt: skip


def check_split(model: Autoencoder, split: Split, data: str | None) -> Split:
    """Returns the split; raises `InvalidInputError` if it is invalid for the model, or lacks required labels.

    Of examples that are not in memory, a sample is checked.
    """
    part = "data" if data is None else data
    check_new_examples(model, sample(split.x), part=part)
    if model.condition is not None and not model.infers_condition and split.y is None:
        raise InvalidInputError(f"{part}: expected labels, which {model.name} needs, got none; give labelled data.")
    return split


def pick(x: np.ndarray | LazyArray, index: int) -> np.ndarray:
    """Returns the example at `index`."""
    if not 0 <= index < len(x):
        raise InvalidInputError(f"--example: expected an index from 0 to {len(x) - 1}; got {index}.")
    return x[index]


def pick_pairs(n: int, pairs: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the indices of random pairs of different examples, out of `n`; by default of five, if there are."""
    pairs = pairs or max(1, min(5, n // 2))
    if 2 * pairs > n:
        raise InvalidInputError(f"--pairs: expected at most {n // 2}, for {counted(n, 'example')}; got {pairs}.")
    order = np.random.default_rng(seed).permutation(n)
    return order[:pairs], order[pairs : 2 * pairs]


def labels_to_draw(model: Autoencoder, n: int, label: int | None) -> np.ndarray | None:
    """Returns `n` labels for a conditional model: `label`, or each label in turn; None for other models."""
    if model.condition is None:
        if label is not None:
            raise InvalidInputError(f"--label: {model.name} takes no label; leave it out.")
        return None
    return np.arange(n) % model.condition.size if label is None else np.full(n, label)


def spread_of(posterior: tfd.Distribution) -> dict[str, np.ndarray]:
    """Returns the standard deviation of the latents, if the family has one."""
    try:
        return {"stddev": posterior.stddev().numpy()}
    except NotImplementedError:
        return {}


__all__ = [
    "check_split",
    "condition_of",
    "evaluation_data_of",
    "examples",
    "examples_for_server",
    "is_file",
    "labelled_examples",
    "labels_to_draw",
    "model_of",
    "names_of",
    "pick",
    "pick_pairs",
    "read_examples",
    "readable",
    "reference_examples",
    "spread_of",
    "texts_of_rows",
    "training_examples",
]
