"""Loads models and examples for commands."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from keras_vae.cli.other_data import is_file, is_other_file, named_split, own_split, read_file, read_unrecorded
from keras_vae.data import Split, SplitDataset, load
from keras_vae.data.lazy_array import sample
from keras_vae.data.load import has_label_names
from keras_vae.data.row_names import names_of
from keras_vae.data.unrecorded import SERVER
from keras_vae.errors import InvalidInputError
from keras_vae.files import expanded
from keras_vae.models import Autoencoder, load_model
from keras_vae.models.data_range import check_new_examples
from keras_vae.text import counted
from keras_vae.training import Run, evaluation_data, evaluation_split, load_data, with_data
from keras_vae.training.model_file import config_of
from keras_vae.training.run import BEST


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
    own_file = read_file(source, data, (source,), shape, named=True)
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
        part = parts.whole if split is None else own_split(parts, data, split)
    return as_evaluated(source, part)


def reference_examples(model: Autoencoder, source: Path, reference: str | None) -> tuple[Split, Split | None]:
    """Returns the usual examples for anomaly scores, and those of the validation part of the run's own data."""
    if reference is None and not Run(source).exists:
        raise InvalidInputError(
            f"{source}: a model file does not say what it was trained on; name usual examples with --reference."
        )
    training, validation, _ = training_examples(source, reference, model.event_shape)
    training = check_split(model, as_evaluated(source, training), reference)
    return training, None if validation is None else as_evaluated(source, validation)


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
    _, parts = read_unrecorded(path, SERVER, options, conditional=conditional)
    return parts.whole if split is None else own_split(parts, data, split)


def texts_of_rows(source: Path, data: str | None, part: Split, split: str | None = None) -> list[str]:
    """Returns a text for each example of `read_examples`: its name, or else its row in the split, such as "test 7"."""
    names = names_of(part)
    if names is not None:
        return names.tolist()
    own = split is not None or data is None or not is_other_file(data, (source,))
    return [f"{(split or 'test') if own else 'row'} {row}" for row in range(len(part))]


def as_evaluated(source: Path, split: Split) -> Split:
    """Returns a split, binarised once if the run binarises."""
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
    own_file = read_file(source, data, (source,), shape)
    if own_file is None:
        loaded = data_of(source, data, shape)
        return loaded.train, loaded.validation if data is None else None, loaded.describe().splitlines()
    name, parts = own_file
    lines = [name, f"examples: {len(parts.train)} training", *(f"note: {note}" for note in parts.notes)]
    return parts.train, None, lines


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
    own_file = read_file(source, data, (source,) if runs is None else runs, shape)
    if own_file is None:
        loaded, split = data_of(source, data, shape), split or "test"
        part = named_split(loaded, split)
        return replace(loaded, test=part) if config is None else evaluation_data(loaded, config, split)
    name, parts = own_file
    part = parts.test or parts.whole if split is None else own_split(parts, data, split)
    if parts.test is None and parts.validation is None:
        return as_evaluated(source, part)
    return SplitDataset(
        name, as_evaluated(source, parts.train), as_evaluated(source, parts.validation or part),
        as_evaluated(source, part), label_names=parts.label_names, factor_names=parts.factor_names,
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
