"""The training run: from a configuration to a folder with a model, figures and pictures."""

import os
import sys
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np

from keras_vae import data as data_sources
from keras_vae import zoo
from keras_vae.data import DataSet, Split, binarize
from keras_vae.data.pipeline import steps_per_epoch
from keras_vae.distributions import Table
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import page, pictures, summarize
from keras_vae.files import write_whole
from keras_vae.models import AdversarialAutoencoder, Autoencoder, load_model
from keras_vae.models.inputs import check_examples
from keras_vae.plots import save
from keras_vae.training.config import TrainingConfig
from keras_vae.training.interrupt import interruptible
from keras_vae.training.run import Run

MOST_STEPS_PER_EXECUTION = 32


class KeepRun(keras.callbacks.Callback):
    """After each epoch, adds its row to the history and then replaces the checkpoint.

    A kill at any moment therefore leaves a whole checkpoint, and a history with every row up to it.
    """

    def __init__(self, run: Run):
        super().__init__()
        self.run = run

    def on_epoch_end(self, epoch, logs=None):
        history = self.run.read_history()
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}}
        self.run.write_history({name: [*history.get(name, []), value] for name, value in row.items()})
        self.run.save_model(self.model, "checkpoint.keras")


def train(
    config: TrainingConfig,
    out: str | os.PathLike,
    *,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: bool = False,
    verbose: int | None = None,
) -> Run:
    """Trains the model of `config` in the run folder `out`, and reports on it.

    Batches and noise are pure functions of the seed and the step, so a resumed run ends with the weights and the
    history of one that was never stopped.

    Args:
        config: the configuration.
        out: the run folder.
        resume: go on after the last finished epoch of the run in `out`; start it if there is none.
        overwrite: replace the run in `out`.
        tensorboard: write logs for TensorBoard.
        verbose: Keras's; None for a progress bar on a terminal and a line per epoch elsewhere.

    Returns:
        The finished run.

    Raises:
        InvalidInputError: for a configuration, data or folder that cannot be used.
        OSError: if the folder cannot be written; what was saved before stays.
    """
    run = Run(out)
    resume = resume and run.exists
    if resume:
        _check_resumable(run, config)
    else:
        run.check_free(overwrite=overwrite)
    if verbose is None:
        verbose = 1 if sys.stdout.isatty() else 2
    data = load_data(config)
    model = build_model(config, data)
    for name in ("train", "validation", "test"):
        binarize.check(getattr(data, name).x, config.binarize)
        check_examples(getattr(data, name).x, model.likelihood, part=f"{data.name}, {name} split")
    if verbose:
        print(data.describe())
    model.adapt(data.train.x)
    if resume:
        run.write_json("config.json", config.as_dict())
        model = _latest(run) or model
    else:
        run.start(config, overwrite=overwrite)
    _fit(model, data, config, run, tensorboard=tensorboard, verbose=verbose)
    run.save_model(model, "model.keras")
    run["checkpoint.keras"].unlink(missing_ok=True)
    report(run, model, data, verbose=verbose)
    return run


def load_data(config: TrainingConfig) -> DataSet:
    """The data set that a configuration names."""
    return data_sources.load(
        config.data,
        image_size=tuple(config.image_size) if isinstance(config.image_size, list) else config.image_size,
        validation=config.validation,
        test=config.test,
        seed=config.seed,
        limit=config.limit,
        data_dir=config.data_dir,
    )


def build_model(config: TrainingConfig, data: DataSet) -> Autoencoder:
    """The compiled, untrained model of a configuration."""
    keras.utils.set_random_seed(config.seed)
    try:
        keras.config.set_dtype_policy(config.dtype_policy)
    except ValueError as error:
        raise InvalidInputError(f"dtype_policy: {error}") from error
    steps = steps_per_epoch(len(data.train), config.batch_size_for(len(data.train)))
    model = zoo.create(config.model, data.event_shape, config.latent_dim, **_options(config, data, steps))
    compiled = {"jit_compile": config.jit_compile}
    compiled["steps_per_execution"] = max(n for n in range(1, MOST_STEPS_PER_EXECUTION + 1) if steps % n == 0)
    if isinstance(model, AdversarialAutoencoder):
        compiled["critic_optimizer"] = _adam(config.critic_learning_rate or config.learning_rate, config, steps)
    model.compile(_adam(config.learning_rate, config, steps), **compiled)
    return model


def _adam(rate: float, config: TrainingConfig, steps: int) -> keras.optimizers.Optimizer:
    if config.decay == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=config.epochs * steps)
    return keras.optimizers.Adam(rate)


def _options(config: TrainingConfig, data: DataSet, steps: int) -> dict[str, Any]:
    """The recipe's options: the configuration's, and what the data say where the recipe asks for it."""
    options = {"seed": config.seed, **config.options}
    if config.network != "auto":
        options["network"] = config.network
    if config.warmup_epochs:
        options["warmup_steps"] = config.warmup_epochs * steps
    known = {
        "dataset_size": lambda: len(data.train),
        "classes": lambda: len(data.label_names) or _classes(data),
        "columns": lambda: Table.infer_columns(np.concatenate([split.x for split in _splits(data)])),
        "base": lambda: _likelihood(config, data.train),
    }
    for name, value in known.items():
        if name not in options and zoo.takes(config.model, name):
            options[name] = value()
    if config.likelihood != "auto" or config.model not in zoo.OWN_LIKELIHOOD:
        likelihood = {"name": _likelihood(config, data.train)}
        options["likelihood"] = {**likelihood, **options.get("likelihood", {})}
    return options


def _classes(data: DataSet) -> int:
    if data.train.y is None:
        raise InvalidInputError(f"{data.name}: this model needs labels, and the data have none; give labelled data.")
    return int(max(split.y.max() for split in _splits(data))) + 1


def _splits(data: DataSet) -> tuple[Split, Split, Split]:
    return data.train, data.validation, data.test


def evaluation_split(split: Split, config: TrainingConfig) -> Split:
    """`split` as figures are to be taken on it: binarised once where training binarises anew at each step."""
    if config.binarize is None:
        return split
    once = "static" if config.binarize == "dynamic" else config.binarize
    (x,) = split.batches(len(split), binarize=once, seed=config.seed)
    return replace(split, x=x.numpy())


def report(run: Run, model: Autoencoder, data: DataSet, *, verbose: int = 0) -> None:
    """Writes `metrics.json`, the pictures and `report.html` of a finished run, from its test split."""
    config = run.config()
    test = evaluation_split(data.test, config)
    metrics = summarize(
        model, test.x, test.y, samples=config.likelihood_samples, seed=config.seed, verbose=int(verbose == 1)
    )
    history = run.read_history()
    history.pop("epoch", None)
    if "val_elbo" in history:
        metrics["generalization_gap"] = history["elbo"][-1] - history["val_elbo"][-1]
    run.write_json("metrics.json", metrics)
    figures = pictures(model, test.x, test.y, label_names=data.label_names, history=history, seed=config.seed)
    run["pictures"].mkdir(exist_ok=True)
    for name, figure in figures.items():
        write_whole(run["pictures"] / f"{name}.png", partial(save, figure))
    html = page(
        f"{config.model} on {data.name}",
        figures,
        metrics=metrics,
        configuration=config.as_dict(),
        environment=run.read_json("environment.json"),
    )
    run.write_text("report.html", html)


def _fit(model, data, config, run, *, tensorboard, verbose):
    steps = steps_per_epoch(len(data.train), config.batch_size_for(len(data.train)))
    done = int(model.optimizer.iterations) // steps
    run.write_history({name: values[:done] for name, values in run.read_history().items()})
    callbacks = [KeepRun(run)]
    if tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(run["logs"], write_graph=False))
    if done == config.epochs:
        return
    batch_size = config.batch_size_for(len(data.train))
    labels = model.condition is not None
    with interruptible() as stop:
        model.fit(
            data.train.batches(
                batch_size, shuffle=True, seed=config.seed, start_epoch=done, binarize=config.binarize, labels=labels
            ),
            validation_data=evaluation_split(data.validation, config).batches(256, labels=labels),
            epochs=config.epochs,
            initial_epoch=done,
            steps_per_epoch=steps,
            callbacks=[*callbacks, stop],
            shuffle=False,
            verbose=verbose,
        )


def _likelihood(config: TrainingConfig, split: Split) -> str:
    if config.likelihood != "auto":
        return config.likelihood
    x, one = split.x, 255 if split.x.dtype == "uint8" else 1
    return "bernoulli" if config.binarize or ((x == 0) | (x == one) | (x != x)).all() else "normal"


def _latest(run: Run) -> Autoencoder | None:
    """The model after the last finished epoch; None before the first."""
    for name in ("checkpoint.keras", "model.keras"):
        if run[name].exists():
            return load_model(run[name])
    return None


def _check_resumable(run: Run, config: TrainingConfig) -> None:
    """A run goes on with its own configuration; only without decay may it be given more epochs."""
    before = run.config()
    different = before.differences(config)
    different.pop("data_dir", None)
    if config.decay == "none" and config.epochs > before.epochs:
        different.pop("epochs", None)
    if different:
        changes = ", ".join(f"{name}: {old!r} -> {new!r}" for name, (old, new) in different.items())
        raise InvalidInputError(
            f"{run.path}: it was started with another configuration ({changes}); "
            "resume it without these changes, or train in another --out."
        )
