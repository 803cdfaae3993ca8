"""Loads the data and builds the model of a configuration, and trains the model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.optimizers import schedules
from keras.optimizers.schedules import LearningRateSchedule

from keras_vae import optimizers, zoo
from keras_vae.data import Split, SplitDataset
from keras_vae.data.binarize import Binarized
from keras_vae.data.hugging_face import is_hugging_face
from keras_vae.data.lazy_array import LazyArray, sample, sample_of
from keras_vae.data.load import has_images, has_label_names, is_table, load
from keras_vae.data.pipeline import steps_per_epoch
from keras_vae.data.prepared import prepared_columns
from keras_vae.distributions import Table
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.files import expanded
from keras_vae.layers import VectorCondition
from keras_vae.layers.augmentation import KEEP_VALUES
from keras_vae.models import AdversarialAutoencoder, Autoencoder
from keras_vae.models.patch_components import examples_for_patches
from keras_vae.models.principal_components import examples_to_adapt
from keras_vae.networks import LinearSkipEncoder, PatchSkipEncoder
from keras_vae.text import join_names
from keras_vae.training.config import FOLDER_OPTIONS, TABLE_OPTIONS, TrainingConfig
from keras_vae.training.defaults import starts_as_patches, starts_as_pca, with_defaults
from keras_vae.training.dtype_policy import policy_of_devices
from keras_vae.training.initial_weights import freeze

POLICIES = ("auto", "float32", "mixed_bfloat16", "mixed_float16")
MOST_STEPS_PER_EXECUTION = 32
MOST_UNSEEN = 1000
"""Labels must be less than this number, or less than the number of labels if that is larger."""


def load_data(config: TrainingConfig, image_shape: tuple[int, ...] | None = None) -> SplitDataset:
    """Loads the data set of a configuration.

    Args:
        config: the configuration.
        image_shape: see `keras_vae.data.load`.

    Raises:
        InvalidInputError: if the data cannot be used.

    Example:

    >>> load_data(TrainingConfig(data="digits")).train.x.shape
    (1437, 8, 8, 1)
    """
    return load(
        config.data,
        image_size=config.image_size,
        image_shape=image_shape,
        validation=config.validation,
        test=config.test,
        seed=config.seed,
        limit=config.limit,
        data_dir=config.data_dir,
        label_column=config.label_column,
        use_columns=config.use_columns,
        categories=config.categories,
        label_names=config.label_names,
        stream=config.stream,
    )


def with_data(config: TrainingConfig, data: str) -> TrainingConfig:
    """Returns the configuration for other data, without the options that do not apply to data of that kind.

    Args:
        config: the configuration.
        data: name or path of the other data.

    Example:

    >>> config = TrainingConfig(data="visits.csv", label_column="ward", seed=3)
    >>> other = with_data(config, "digits")
    >>> other.label_column is None, other.seed
    (True, 3)
    """
    kept = FOLDER_OPTIONS if has_label_names(data) else ()
    if is_table(data) or is_hugging_face(data):
        kept = TABLE_OPTIONS
    names = {name for name in (*TABLE_OPTIONS, *FOLDER_OPTIONS) if name not in kept}
    if not has_images(data):
        names.add("image_size")
    return config.replace(data=data, **dict.fromkeys(names))


def with_names(config: TrainingConfig, data: SplitDataset) -> TrainingConfig:
    """Returns the configuration with names and a size from the data, so that later data are read in the same way.

    The names are the columns of a table and the texts of its categories in the order of their indices, or the labels of
    a folder of images or of TFRecord files. The size is that of the images in such a folder.
    """
    if not data.column_names:
        if config.image_size is None and data.is_image and has_label_names(config.data) and has_images(config.data):
            height, width = data.event_shape[:2]
            config = config.replace(image_size=height if height == width else (height, width))
        named = data.label_names and has_label_names(config.data)
        return config.replace(label_names=list(data.label_names)) if named else config
    if config.label_column is None and (prepared := prepared_columns(expanded(config.data))):
        config = config.replace(label_column=prepared[1])
    texts = {name: list(known) for name, known in zip(data.column_names, data.categories, strict=True) if known}
    if data.label_names and config.label_column is not None:
        texts[config.label_column] = list(data.label_names)
    return config.replace(use_columns=list(data.column_names), categories=texts)


def build_model(config: TrainingConfig, data: SplitDataset) -> Autoencoder:
    """Builds and compiles the model of a configuration.

    Args:
        config: the configuration. What it leaves open follows from the data, see `with_defaults`.
        data: the data set.

    Raises:
        InvalidInputError: if the configuration is invalid for the data.

    Example:

    >>> config = TrainingConfig(model="beta_vae", data="digits", latent_dim=4, options={"beta": 2.0})
    >>> print(build_model(config, load_data(config)).objective)
    nll + 2 kl
    """
    config = with_defaults(config, data)
    keras.utils.set_random_seed(config.seed)
    try:
        keras.config.set_dtype_policy(policy_of_devices() if config.dtype_policy == "auto" else config.dtype_policy)
    except ValueError as error:
        raise InvalidInputError(unknown(config.dtype_policy, POLICIES, part="dtype_policy")) from error
    steps = steps_of(config, data)
    model = zoo.create(config.model, data.event_shape, config.latent_dim, **_options(config, data, steps))
    freeze(model, config.freeze or ())
    compiled = {"jit_compile": config.jit_compile, "steps_per_execution": _steps_per_execution(steps)}
    if config.critic_learning_rate is not None and not isinstance(model, AdversarialAutoencoder):
        raise InvalidInputError(f"critic_learning_rate: the model {config.model!r} has no critic; leave it out.")
    if isinstance(model, AdversarialAutoencoder):
        critic_rate = config.critic_learning_rate or config.learning_rate
        compiled["critic_optimizer"] = _optimizer(config, steps, critic_rate, use_ema=False)
    model.compile(_optimizer(config, steps, config.learning_rate), **compiled)
    return model


def adapt_model(model: Autoencoder, data: SplitDataset) -> None:
    """Calls `Autoencoder.adapt` with a sample of the training examples, which is larger if it starts as PCA."""
    model.adapt(sample_of(data.train.x, examples_to_adapt(model) or examples_for_patches(model)))


def describe_model(model: Autoencoder, config: TrainingConfig, data: SplitDataset) -> str:
    """Returns what the configuration and the data determine: latents, likelihood, kinds of columns, optimizer.

    Args:
        model: the model of the configuration.
        config: the configuration, see `with_defaults`.
        data: the data set.
    """
    network, start = model.encoder, ""
    if isinstance(network, LinearSkipEncoder):
        network, start = network.encoder, ", starting as PCA"
    elif isinstance(network, PatchSkipEncoder):
        size = network.patch_size
        network, start = network.encoder, f", starting as PCA of patches of {size}x{size} pixels"
    decay = "" if config.learning_rate_decay == "none" else f" with {config.learning_rate_decay} decay"
    return (
        f"{config.model}: latents {model.latent_shape}, {type(network).__name__}{start}, likelihood "
        f"{type(model.likelihood).__name__}, batch_size {config.batch_size_for(len(data.train))}, "
        f"{config.optimizer}, learning rate {config.learning_rate:g}{decay}{_in_columns(model, data)}"
    )


def _in_columns(model: Autoencoder, data: SplitDataset) -> str:
    """Returns a further line with the kind of each column of a table; nothing for other likelihoods."""
    table = getattr(model.likelihood, "base", model.likelihood)
    if not isinstance(table, Table) or not data.column_names:
        return ""
    named: dict[str, list[str]] = {}
    for name, column in zip(data.column_names, table.columns, strict=True):
        named.setdefault(column if isinstance(column, str) else column[0], []).append(name)
    listed = "; ".join(f"{kind}: {join_names(names)}" for kind, names in named.items())
    return f"\ncolumns by kind, which --set can change: {listed}"


def steps_of(config: TrainingConfig, data: SplitDataset) -> int:
    """Returns the number of batches per epoch."""
    return steps_per_epoch(len(data.train), config.batch_size_for(len(data.train)))


def _optimizer(config: TrainingConfig, steps: int, rate: float, **changes: Any) -> keras.optimizers.Optimizer:
    options = {**config.options.get("optimizer", {}), **changes}
    if options.get("gradient_accumulation_steps") == 1:  # Keras takes 2 or more
        del options["gradient_accumulation_steps"]
    return optimizers.get(config.optimizer, learning_rate(config, steps, rate), options)


def learning_rate(config: TrainingConfig, steps: int, rate: float) -> float | LearningRateSchedule:
    """Returns the learning rate of a configuration, as a number or as a schedule over steps.

    Args:
        config: the configuration.
        steps: number of batches per epoch.
        rate: the learning rate before its decay.

    Example:

    >>> schedule = learning_rate(TrainingConfig(epochs=4, decay="linear"), 10, 0.1)
    >>> [round(float(schedule(step)), 3) for step in (0, 20, 40)]
    [0.1, 0.05, 0.0]

    Raises:
        InvalidInputError: if the configuration has no number of epochs, see `with_defaults`.
    """
    if config.epochs is None:
        raise InvalidInputError("epochs: expected a number, got None; use `with_defaults` first.")
    total, warmup = config.epochs * steps, round(config.learning_rate_warmup * steps)
    schedule: float | LearningRateSchedule = rate
    if config.learning_rate_decay == "cosine":
        schedule = schedules.CosineDecay(rate, decay_steps=total)
    elif config.learning_rate_decay == "linear":
        schedule = schedules.PolynomialDecay(rate, decay_steps=total, end_learning_rate=0.0)
    return optimizers.Warmup(schedule, warmup) if warmup else schedule


def _options(config: TrainingConfig, data: SplitDataset, steps: int) -> dict[str, Any]:
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
    if config.likelihood != "auto" or not zoo.has_own_likelihood(config.model):
        options["likelihood"] = {"name": _likelihood(config, data.train), **options.get("likelihood", {})}
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


def evaluation_split(split: Split, config: TrainingConfig) -> Split:
    """Returns a split for evaluation. It is binarised once if training binarises the data, even at each step.

    Args:
        split: examples, as they were loaded.
        config: the configuration of the training.

    Example:

    >>> split = Split(np.full((4, 8, 8, 1), 0.3, "float32"))
    >>> evaluation_split(split, TrainingConfig(binarize="threshold")).x.max()
    np.float32(0.0)
    """
    if config.binarize is None:
        return split
    once = "static" if config.binarize == "dynamic" else config.binarize
    if isinstance(split.x, LazyArray):
        return replace(split, x=Binarized(split.x, once, config.seed))
    (x,) = split.batches(len(split), binarize=once, seed=config.seed)
    return replace(split, x=x.numpy())


def evaluation_data(data: SplitDataset, config: TrainingConfig, split: str = "test") -> SplitDataset:
    """Returns the data for the evaluation of a model, see `evaluation_split`.

    Args:
        data: the data set.
        config: the configuration of the training.
        split: the split that becomes the test split: `"train"`, `"validation"` or `"test"`.

    Example:

    >>> data = load_data(TrainingConfig(data="digits"))
    >>> len(data.train), len(evaluation_data(data, TrainingConfig(), "train").test)
    (1437, 1437)
    """
    parts = {"train": data.train, "validation": data.validation, "test": getattr(data, split)}
    return replace(data, **{name: evaluation_split(part, config) for name, part in parts.items()})


def fit_epochs(
    model: Autoencoder,
    data: SplitDataset,
    config: TrainingConfig,
    first: int,
    last: int,
    *,
    step: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
) -> dict[str, list[float]]:
    """Trains a model of a configuration from epoch `first` to epoch `last`, exclusive.

    Args:
        model: a model returned by `build_model`.
        data: the data set.
        config: the configuration.
        first: index of the first epoch, from 0.
        last: index of the epoch after the last one.
        step: index of the first batch within the first epoch.
        callbacks: Keras callbacks.
        verbose: verbosity of `fit`.

    Returns:
        Metric -> its values, one per epoch.

    Raises:
        InvalidInputError: if examples cannot be read any more.
    """
    if first == last:
        return {}
    steps, batch_size = steps_of(config, data), config.batch_size_for(len(data.train))
    labels = model.condition is not None
    with model.distribute_strategy.scope():
        model.steps_per_execution = _steps_per_execution(steps, step)
    model.train_function = model.test_function = None
    batches = data.train.batches(
        batch_size, shuffle=True, seed=config.seed, start_epoch=first, start_step=step,
        binarize=config.binarize, labels=labels,
    )  # fmt: skip
    try:
        return model.fit(
            batches,
            validation_data=evaluation_split(data.validation, config).batches(256, labels=labels),
            epochs=last,
            initial_epoch=first,
            steps_per_epoch=steps - step,
            callbacks=list(callbacks),
            shuffle=False,
            verbose=verbose,
        ).history
    except tf.errors.OpError as error:
        for x in (data.train.x, data.validation.x):
            if isinstance(x, LazyArray) and x.failure is not None:
                raise x.failure from error
        raise


def _steps_per_execution(steps: int, done: int = 0) -> int:
    """Returns a common divisor of `steps` and `done`; 1 for several replicas, with which Keras 3.15 fails."""
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        return 1
    return max(n for n in range(1, MOST_STEPS_PER_EXECUTION + 1) if steps % n == 0 and done % n == 0)


def _likelihood(config: TrainingConfig, split: Split) -> str:
    return _likelihood_of(config, split) if config.likelihood == "auto" else config.likelihood


def _base(config: TrainingConfig, data: SplitDataset) -> str:
    """Returns the name of the likelihood of the observed values of examples with missing ones."""
    return "table" if data.column_names else _likelihood_of(config, data.train)


def _likelihood_of(config: TrainingConfig, split: Split) -> str:
    x, one = sample(split.x), 255 if split.x.dtype == "uint8" else 1
    return "bernoulli" if config.binarize or np.all((x == 0) | (x == one) | (x != x)) else "normal"
