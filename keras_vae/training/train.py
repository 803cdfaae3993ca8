"""The training run: from a configuration to a folder with a model and a report."""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.data import SplitDataset, binarize
from keras_vae.distribute import check_alike, from_chief, is_chief, make_strategy
from keras_vae.errors import InvalidInputError, LostWorkerError
from keras_vae.locks import check_unlocked
from keras_vae.models import Autoencoder, load_model
from keras_vae.models.inputs import check_examples, warn_of_scale
from keras_vae.models.serialized import check_can_be_saved
from keras_vae.optimizers import AverageWeights, keeps_averages
from keras_vae.replicas import between_workers
from keras_vae.training.build import build_model, fit_epochs, load_data, steps_of, with_names
from keras_vae.training.checkpoint import KeepRun, Progress, read_checkpoint, remove_checkpoints
from keras_vae.training.config import CHOOSE_DATA, FROM_DATA, REPORT_ONLY, TrainingConfig
from keras_vae.training.early_stopping import EarlyStopping, best_epoch, has_stopped, metric_of
from keras_vae.training.interrupt import interruptible
from keras_vae.training.model_file import record_of
from keras_vae.training.report import write_quick_report
from keras_vae.training.run import BEST, Run


def train(
    config: TrainingConfig,
    out: str | os.PathLike,
    *,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: bool = False,
    strategy: str | tf.distribute.Strategy = "one",
    replicas: int | None = None,
    checkpoint_every: int | None = None,
    report: bool = True,
    verbose: int | None = None,
) -> Run:
    """Trains the model of `config` in the run folder `out`, and reports on it.

    Batches and noise are pure functions of the seed and the step, so a resumed run ends with the weights and the
    history of one that was never stopped. Of several workers the chief alone writes, and the others need not see its
    folder.

    Args:
        config: the configuration.
        out: the run folder.
        resume: go on with the run in `out` where it was; start it if there is none.
        overwrite: replace the run in `out`.
        tensorboard: write logs for TensorBoard.
        strategy: where to train: a name, see `keras_vae.distribute.STRATEGIES`, or a strategy.
        replicas: see `make_strategy`.
        checkpoint_every: batches between checkpoints within an epoch; None for one at the end of each epoch alone.
            SIGINT and SIGTERM save one at any time.
        report: evaluate the model quickly at the end, and write `evaluation.html`, `evaluation.json` and `pictures/`.
        verbose: Keras's; None for a progress bar on a terminal and a line per epoch elsewhere.

    Returns:
        The finished run.

    Raises:
        InvalidInputError: for a configuration, data, folder or strategy that cannot be used, a folder in which
            another process works, or other data than those that the run was started with.
        KeyboardInterrupt: with the signal, after SIGINT or SIGTERM; the run can go on.
        LostWorkerError: if another worker has ended; the run can go on.
        OSError: if the folder cannot be written; what was saved before stays.
    """
    if checkpoint_every is not None:
        check_integer("checkpoint_every", checkpoint_every)
    run = Run(out)
    writes = is_chief(strategy)
    resume = writes and resume and run.exists
    if writes and not resume:
        check_unlocked(run.path)  # first: a run that has just begun is no run yet
        run.check_free(overwrite=overwrite)
    if verbose is None:
        verbose = 1 if sys.stdout.isatty() else 2
    with contextlib.ExitStack() as stack:
        if writes:
            stack.enter_context(run.locked())
        else:
            run, verbose = Run(stack.enter_context(tempfile.TemporaryDirectory())), 0
        if resume:
            before = run.config()
            config = config.replace(**{name: getattr(config, name) or getattr(before, name) for name in FROM_DATA})
            _check_resumable(run, config)
        if isinstance(strategy, str):
            # What a table fills in the chief knows alone, if it goes on with a run; the data are compared below.
            alike = {name: value for name, value in config.as_dict().items() if name not in FROM_DATA}
            strategy = make_strategy(strategy, replicas=replicas, alike={"configuration": json.dumps(alike)})
        data = load_data(config)
        config = with_names(config, data)
        check_alike(strategy, [data.train.x, data.train.y], "data")
        if resume:
            _check_same_data(run, config, data)
        _check_batch_size(config, data, strategy)
        with strategy.scope():
            model = build_model(config, data)
            _check_data(model, data, config)
            check_can_be_saved(model, run["model.keras"])  # now, and not after the training
            model.adapt(data.train.x)
            warn_of_scale(data.train.x, model.likelihood)
        if verbose:
            print(data.describe())
        if resume:
            # Outside the scope, since the chief alone makes these variables.
            progress = read_checkpoint(run, steps_of(config, data))
            if not run["data.json"].exists():
                run.write_json("data.json", data.digests())
            run.write_json("config.json", config.as_dict())
        else:
            progress = Progress()
            run.start(config, data, overwrite=overwrite)
        keep = {"checkpoint_every": checkpoint_every, "tensorboard": tensorboard, "verbose": verbose}
        with _together(strategy):
            progress = _go_on(strategy, model, progress)
            _fit(model, data, config, run, progress, **keep)
            if config.early_stopping is not None:
                _keep_best(strategy, model, run, progress, verbose=verbose)
            check_alike(strategy, map(_array, model.trainable_variables), "weights after the training")
        if writes:
            run.save_model(model, "model.keras", metadata=record_of(config))
            remove_checkpoints(run)
        if writes and report:
            alone = model if strategy.num_replicas_in_sync == 1 else run.model()  # the others are not asked any more
            write_quick_report(run, alone, data, verbose=verbose)
    return run


@contextlib.contextmanager
def _together(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Says in one line that another worker has gone."""
    try:
        yield
    except tf.errors.OpError as error:
        if not between_workers(strategy):
            raise
        reason = str(error).splitlines()[0][:300]
        raise LostWorkerError(
            f"another worker has ended, and this one cannot go on; start all again with --resume ({reason})."
        ) from error


def _check_data(model, data, config) -> None:
    for name in ("train", "validation", "test"):
        binarize.check(getattr(data, name).x, config.binarize)
        check_examples(getattr(data, name).x, model.likelihood, part=f"{data.name}, {name} split")


def _go_on(strategy, model, progress) -> Progress:
    """Brings the model, on all workers, to where the chief's run has come; how far that is."""
    own, reached = _state(model), _state(progress.model or model)
    means = np.array([progress.means.get(name, (0.0, 0.0)) for name in model.means])
    noted = [np.array(progress.step), np.array(progress.finished), means]
    step, finished, means, *values = from_chief(strategy, [*noted, *map(_array, reached)])
    for variable, value in zip(own, values, strict=True):
        variable.assign(value)
    return Progress(model, int(step), dict(zip(model.means, means.tolist(), strict=True)), bool(finished))


def _state(model: Autoencoder) -> list[keras.Variable]:
    """What training changes, but the metrics."""
    return [*model.weights, *(variable for optimizer, _ in model.optimizers for variable in optimizer.variables)]


def _fit(model, data, config, run, start, *, checkpoint_every, tensorboard, verbose):
    """Trains from where the run is to its end."""
    steps = steps_of(config, data)
    done, part = divmod(start.step, steps)
    run.write_history({name: values[:done] for name, values in run.read_history().items()})
    with interruptible() as interrupts:
        averages = AverageWeights() if keeps_averages(model.optimizer) else None
        callbacks: list[keras.callbacks.Callback] = [] if averages is None else [averages]
        if config.early_stopping is not None:
            callbacks.append(EarlyStopping(run, config.early_stopping, averages))
        callbacks.append(KeepRun(run, steps, start, every=checkpoint_every, interrupts=interrupts))
        if tensorboard:
            callbacks.append(keras.callbacks.TensorBoard(run["logs"], write_graph=False))
        spans = [(done, done + 1, part)] if part else []
        for first, last, step in [*spans, (done + len(spans), config.epochs, 0)]:
            if _has_stopped(model, run, config):
                break
            fit_epochs(model, data, config, first, last, step=step, callbacks=callbacks, verbose=verbose)
            if averages is not None and first < last < config.epochs:
                averages.restore()  # Keras ends every fit with the averages
        if averages is not None and done >= config.epochs and not start.finished:
            averages.apply(model)


def _has_stopped(model, run, config) -> bool:
    if config.early_stopping is None:
        return False
    metric = metric_of(model)
    stops = has_stopped(metric, run.read_history().get(metric, []), config.early_stopping)
    (stops,) = from_chief(model.distribute_strategy, [np.array(stops)])
    return bool(stops)


def _keep_best(strategy, model, run, start, *, verbose) -> None:
    """Gives the model, on all workers, the weights of its best epoch."""
    if not start.finished:
        best = load_model(run[BEST]) if is_chief(strategy) else None
        _go_on(strategy, model, Progress(best))
    metric, history = metric_of(model), run.read_history()
    if verbose and history:
        epoch = best_epoch(metric, history[metric])
        print(
            f"Kept the weights of epoch {epoch + 1} of {len(history['epoch'])}: {metric} {history[metric][epoch]:.4f}"
        )


def _array(variable: keras.Variable) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable)


def _check_batch_size(config: TrainingConfig, data: SplitDataset, strategy: tf.distribute.Strategy) -> None:
    replicas, size = strategy.num_replicas_in_sync, min(config.batch_size_for(len(data.train)), len(data.train))
    if size < replicas:
        raise InvalidInputError(f"batch_size: expected an example for each of {replicas} replicas; got {size}.")


def _check_resumable(run: Run, config: TrainingConfig) -> None:
    """A run goes on with its own configuration. It may be given more epochs if its end has the weights of training.

    It has not if they are averages or those of the best epoch, or if the learning rate has decayed.
    """
    before = run.config()
    by_digest = CHOOSE_DATA if run["data.json"].exists() else ("data_dir",)
    different = before.differences(config, ignore=(*by_digest, *REPORT_ONLY))
    has_weights = config.early_stopping is None and not config.keeps_averages
    if config.learning_rate_decay == "none" and has_weights and config.epochs > before.epochs:
        different.pop("epochs", None)
    if different:
        changes = ", ".join(f"{name}: {old!r} -> {new!r}" for name, (old, new) in different.items())
        raise InvalidInputError(
            f"{run.path}: it was started with another configuration ({changes}); "
            "resume it without these changes, or train in another --out."
        )


def _check_same_data(run: Run, config: TrainingConfig, data: SplitDataset) -> None:
    """A run goes on with the data that it was started with, wherever they are now."""
    changed = run.changed_data(data)
    if changed is None:
        print(f"Note: {run.path} does not record its data; give it the same as before.", file=sys.stderr)
    elif changed:
        raise InvalidInputError(
            f"{run.path}: it was started with other data than {config.data!r} holds now (different: "
            f"{', '.join(changed)}); resume it with the same data, or train in another --out."
        )
