"""What a command reads: a model and examples."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow_probability as tfp
import typer

from keras_vae.data import DataSet, Split, load
from keras_vae.data.load import is_table
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import condition_of
from keras_vae.models import Autoencoder, load_model
from keras_vae.models.inputs import check_examples
from keras_vae.training import Run, evaluation_data, evaluation_split, load_data
from keras_vae.training.config import FROM_DATA

tfd = tfp.distributions

SPLITS = ("train", "validation", "test")


def model_of(source: Path) -> Autoencoder:
    """The model of a run folder or a `.keras` file."""
    model = load_model(source) if source.suffix == ".keras" else Run.open(source).model()
    if not model.compiled:
        model.compile()
    return model


def examples(source: Path, data: str | None, split: str) -> Split:
    """A split of `data`, or of the run's own data, as figures are taken on it."""
    return split_of(source, data_of(source, data), split)


def data_of(source: Path, data: str | None) -> DataSet:
    """`data`, or the run's own data."""
    run = Run(source)
    if run.exists:
        config = run.config()
        if data is not None:
            no_table = {} if is_table(data) else dict.fromkeys(("label_column", *FROM_DATA))
            config = config.replace(data=data, limit=None, **no_table)
        loaded = load_data(config)
        if data is None and (changed := run.changed_data(loaded)):
            typer.echo(
                f"Note: {config.data} has changed since {run.path} was trained on it (different: "
                f"{', '.join(changed)}); these may be other examples than the run kept apart.",
                err=True,
            )
        return loaded
    if data is None:
        raise InvalidInputError(f"{source}: a model file does not say what it was trained on; name it with --data.")
    return load(data)


def named_split(data: DataSet, split: str) -> Split:
    """The split of that name, as it is."""
    if split not in SPLITS:
        raise InvalidInputError(f"--split: expected {', '.join(SPLITS[:-1])} or {SPLITS[-1]}; got {split!r}.")
    return getattr(data, split)


def split_of(source: Path, data: DataSet, split: str) -> Split:
    """A split of the data, binarised once where the run at `source` binarises."""
    chosen = named_split(data, split)
    return evaluation_split(chosen, Run(source).config()) if Run(source).exists else chosen


def evaluation_data_of(source: Path, data: str | None, split: str) -> DataSet:
    """`data`, or the run's own data, to evaluate on: `split` takes the place of the test part."""
    loaded, run = data_of(source, data), Run(source)
    chosen = named_split(loaded, split)
    return evaluation_data(loaded, run.config(), split) if run.exists else replace(loaded, test=chosen)


def check_split(model: Autoencoder, split: Split) -> Split:
    """The split; raises `InvalidInputError` if the model cannot explain it, or needs labels that it lacks."""
    check_examples(split.x, model.likelihood)
    if model.condition is not None and split.y is None:
        raise InvalidInputError(f"{model.name}: it needs labels, and the data have none; give labelled data.")
    return split


def pick(x: np.ndarray, index: int) -> np.ndarray:
    """The example at `index`."""
    if not 0 <= index < len(x):
        raise InvalidInputError(f"--example: expected an index from 0 to {len(x) - 1}; got {index}.")
    return x[index]


def pick_pairs(n: int, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The indices of so many pairs of different examples among `n`, chosen at random."""
    if 2 * pairs > n:
        raise InvalidInputError(f"--pairs: expected at most {n // 2}, for {n} examples; got {pairs}.")
    chosen = np.random.default_rng(seed).permutation(n)
    return chosen[:pairs], chosen[pairs : 2 * pairs]


def labels_to_draw(model: Autoencoder, n: int, label: int | None) -> np.ndarray | None:
    """For a conditional model `n` times the label, or each label in turn; else None."""
    if model.condition is None:
        if label is not None:
            raise InvalidInputError(f"--label: {model.name} takes no label; leave it out.")
        return None
    return np.arange(n) % model.condition.size if label is None else np.full(n, label)


def spread_of(posterior: tfd.Distribution) -> dict[str, np.ndarray]:
    """The standard deviation of codes, where the family has one."""
    try:
        return {"stddev": posterior.stddev().numpy()}
    except NotImplementedError:
        return {}


__all__ = [
    "condition_of",
    "evaluation_data_of",
    "examples",
    "labels_to_draw",
    "model_of",
    "pick",
    "pick_pairs",
    "spread_of",
]
