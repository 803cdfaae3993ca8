"""The options of the recipe of a run: those of the configuration, and those that follow from the data."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_vae import zoo
from keras_vae.data import Split, SplitDataset
from keras_vae.data.lazy_array import sample
from keras_vae.distributions import Table
from keras_vae.distributions.wrapped_likelihood import is_wrapped
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.layers import VectorCondition
from keras_vae.layers.augmentation import KEEP_VALUES
from keras_vae.training.config import TrainingConfig
from keras_vae.training.defaults import starts_as_patches, starts_as_pca

MOST_UNSEEN = 1000
"""Labels must be less than this number, or less than the number of labels if that is larger."""


def recipe_options(config: TrainingConfig, data: SplitDataset, steps: int) -> dict[str, Any]:
    """Returns the options of the recipe: those of the configuration, and those that the data determine."""
    options = {name: value for name, value in config.options.items() if name != "optimizer"}
    if zoo.takes(config.model, "seed"):
        options["seed"] = config.seed
    if config.augment is not None:
        options["augmentation"] = {**dict.fromkeys(config.augment), **options.get("augmentation", {})}
    if config.binarize and (greys := set(options.get("augmentation") or ()) - {*KEEP_VALUES}):
        raise InvalidInputError(
            f"augment: {', '.join(sorted(greys))} would give grey values to the pixels that binarize makes 0 or 1; "
            f"use {' and '.join(KEEP_VALUES)}."
        )
    if config.network != "auto":
        options["network"] = config.network
    named = options.get("likelihood", {})
    if config.likelihood != "auto" or "name" in named or not zoo.has_own_likelihood(config.model):
        chosen = {"name": _likelihood(config, data.train), **options.pop("likelihood", {})}
        options[_place_of(chosen, config, options)] = chosen
    if starts_as_pca(config, data.event_shape, options):
        options["network"] = "pca"
    elif starts_as_patches(config, data.event_shape, options):
        options["linear_skip"] = True
    if config.warmup_epochs:
        if not zoo.takes(config.model, "warmup_steps"):
            raise InvalidInputError(
                f"warmup_epochs: the model {config.model!r} has no weight that rises; leave it out, or choose another."
            )
        options["warmup_steps"] = config.warmup_epochs * steps
    from_data = {
        "dataset_size": lambda: len(data.train),
        "classes": lambda: len(data.label_names) or _classes(data),
        "columns": lambda: _column_kinds(data),
        "base": lambda: _base(config, data),
    }
    if isinstance(options.get("columns"), dict):
        options["columns"] = _column_kinds(data, options["columns"])
    for name, value in from_data.items():
        if name not in options and zoo.takes(config.model, name) and zoo.has_effect(config.model, name, options):
            options[name] = value()
    for name in {"base", "likelihood"} & set(options):
        options[name] = _with_kinds(options[name], config, data)
    if options.get("classes", 0) is None and data.train.y is not None:  # conditions that are vectors
        del options["classes"]
        options["condition"] = VectorCondition(data.train.y.shape[1])
    return options


def _place_of(likelihood: Mapping[str, Any], config: TrainingConfig, options: Mapping[str, Any]) -> str:
    """Returns `"base"` for a recipe whose own likelihood is over another one, which is given; else `"likelihood"`."""
    over_another = zoo.takes(config.model, "base") and not zoo.has_effect(
        config.model, "base", {"likelihood": likelihood}
    )
    if not over_another or is_wrapped(likelihood):
        return "likelihood"
    if "base" in options:
        raise InvalidInputError(
            f"likelihood: expected one, got {likelihood['name']!r} and, in the options, base={options['base']!r}; "
            "drop one."
        )
    return "base"


def _column_kinds(data: SplitDataset, chosen: Mapping[str, Any] | None = None) -> list[str | tuple[str, int]]:
    """Returns the kind of each column of a table: from `chosen`, from its texts, or inferred from its values."""
    kinds = list(Table.infer_columns(np.concatenate([sample(split.x) for split in _splits(data)])))
    for i, texts in enumerate(data.categories):
        if len(texts) > 2:
            kinds[i] = ("categorical", len(texts))
    for name, kind in (chosen or {}).items():
        if name not in data.column_names:
            raise InvalidInputError(f"columns: {unknown(name, data.column_names or ['none'], part='column')}")
        kinds[data.column_names.index(name)] = kind
    return kinds


def _with_kinds(likelihood: Any, config: TrainingConfig, data: SplitDataset) -> Any:
    """Returns a likelihood of tables, also below one for missing values, with the kinds of the columns."""
    named = {"name": likelihood} if isinstance(likelihood, str) else likelihood
    if not isinstance(named, Mapping):
        return likelihood
    if named.get("name") == "masked" or "base" in named:
        return {**named, "base": _with_kinds(named.get("base", _base(config, data)), config, data)}
    chosen = named.get("columns")
    if named.get("name") != "table" or not (chosen is None or isinstance(chosen, Mapping)):
        return likelihood
    return {**named, "columns": _column_kinds(data, chosen)}


def _classes(data: SplitDataset) -> int | None:
    """Returns the number of classes of integer or one-hot labels; None for other vectors."""
    if data.train.y is None:
        raise InvalidInputError(f"{data.name}: this model needs labels, and the data have none; give labelled data.")
    if data.train.y.ndim > 1:
        rows = np.concatenate([split.y for split in _splits(data) if split.y is not None])
        rows = rows[~(rows == -1).all(axis=1)]  # rows of -1 are unknown labels
        one_hot = ((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all()
        return rows.shape[1] if one_hot and rows.shape[1] > 1 else None
    labels = np.concatenate([split.y for split in _splits(data) if split.y is not None])  # -1: unknown label
    if labels.min() < -1 or labels.max() >= max(MOST_UNSEEN, len(labels)):
        raise InvalidInputError(
            f"{data.name}: expected the labels 0, 1, ... of the classes, got labels from {labels.min()} to "
            f"{labels.max()}; number them from 0, or give names, as texts in the column of a table."
        )
    return int(labels.max()) + 1


def _splits(data: SplitDataset) -> tuple[Split, Split, Split]:
    return data.train, data.validation, data.test


def _likelihood(config: TrainingConfig, split: Split) -> str:
    return _likelihood_of(config, split) if config.likelihood == "auto" else config.likelihood


def _base(config: TrainingConfig, data: SplitDataset) -> str:
    """Returns the name of the likelihood of the observed values of examples with missing ones."""
    return "table" if data.column_names else _likelihood_of(config, data.train)


def _likelihood_of(config: TrainingConfig, split: Split) -> str:
    x, one = sample(split.x), 255 if split.x.dtype == "uint8" else 1
    return "bernoulli" if config.binarize or np.all((x == 0) | (x == one) | (x != x)) else "normal"
