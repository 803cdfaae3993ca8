"""Trains the model of a configuration in a run folder."""

import contextlib
import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.data import SplitDataset, binarize
from keras_vae.data.lazy_array import sample
from keras_vae.distribute import check_alike, from_chief, is_chief, make_strategy
from keras_vae.durations import seconds_of
from keras_vae.errors import InvalidInputError, LostWorkerError
from keras_vae.locks import check_unlocked
from keras_vae.models import load_model
from keras_vae.models.augmentation import check_augmented
from keras_vae.models.inputs import check_examples, warn_of_scale
from keras_vae.models.serialized import check_can_be_saved
from keras_vae.optimizers import AverageWeights
from keras_vae.replicas import between_workers
from keras_vae.text import counted
from keras_vae.training.build import adapt_model, build_model, describe_model
from keras_vae.training.checkpoint import KeepRun, Progress, read_checkpoint, remove_checkpoints, state_of
from keras_vae.training.config import FROM_DATA, TrainingConfig
from keras_vae.training.defaults import with_defaults
from keras_vae.training.early_stopping import EarlyStopping, best_epoch, metric_of, stops_after
from keras_vae.training.epochs import fit_epochs, steps_of
from keras_vae.training.few_examples import warn_of_empty_columns, warn_of_few_examples
from keras_vae.training.initial_weights import load_matching
from keras_vae.training.interrupt import OutOfTimeError, interruptible
from keras_vae.training.loggers import check_loggers, loggers
from keras_vae.training.model_file import record_of
from keras_vae.training.report import write_quick_report
from keras_vae.training.resume import check_resumable, check_same_data, check_same_model, continued
from keras_vae.training.run import BEST, Run
from keras_vae.training.run_data import load_data, with_names
from keras_vae.training.show_progress import ShowProgress
from keras_vae.training.step_memory import check_batch_fits, check_step_fits
from keras_vae.training.targets import missed_targets

KEPT = (*FROM_DATA, "epochs", "latent_dim", "batch_size")
"""Attributes that a resumed run takes from its own configuration if they are None."""

IN_DATA = (*KEPT, "ignore_columns")
"""Attributes that workers compare by the data that they lead to."""


def train(
    config: TrainingConfig,
    out: str | os.PathLike,
    *,
    resume: bool = False,
    overwrite: bool = False,
    log: Sequence[str] = (),
    strategy: str | tf.distribute.Strategy = "one",
    replicas: int | None = None,
    checkpoint_every: int | None = None,
    max_time: str | float | None = None,
    report: bool = True,
    verbose: int | None = None,
) -> Run:
    """Trains the model of `config` in the run folder `out`, and writes a report.

    Batches and noise are pure functions of the seed and the step, so a resumed run ends with the same weights and
    history as an uninterrupted run. A resumed run may have more epochs than before. It equals an uninterrupted run only
    if the learning rate does not decay, and the optimizer keeps no averages of the weights with `use_ema`; otherwise
    this function prints what is different. A finished run with early stopping continues from its best epoch.

    With several workers, only the chief writes files. The other workers need no access to its folder.

    Args:
        config: the configuration.
        out: the run folder.
        resume: whether to continue the run in `out` from its last checkpoint. If there is no run, a new run starts.
        overwrite: whether to replace the run in `out`.
        log: where to log, beside the files of the run: names in `LOGGERS`, see `loggers`.
        strategy: distribution strategy, as an object or a name in `keras_vae.distribute.STRATEGIES`.
        replicas: number of replicas, see `make_strategy`.
        checkpoint_every: number of batches between checkpoints within an epoch. None saves one at the end of each epoch
            only. SIGINT and SIGTERM save one at any time.
        max_time: time after which the training stops at the end of the batch with a checkpoint, from the call of this
            function, in seconds or as a text such as `"2h"`, `"90m"` or `"45s"`. The run then has not finished, and can
            be resumed. The evaluation after the last epoch is not limited.
        report: whether to evaluate the model on few examples at the end, and write `evaluation.html`,
            `evaluation.json` and `pictures/`.
        verbose: verbosity of `fit`. None shows a progress bar on a terminal, and otherwise prints lines. Both show the
            time left.

    Returns:
        The run. It has finished unless `max_time` has stopped it, see `Run.is_finished`.

    Raises:
        InvalidInputError: if the configuration, data, folder or strategy is invalid, if another process uses the
            folder, or if a resumed run has other data than before.
        KeyboardInterrupt: after SIGINT or SIGTERM, with the number of the signal. The run can be resumed.
        LostWorkerError: if another worker has ended. The run can be resumed.
        OSError: if the folder cannot be written. Files that were saved before are kept.

    Example:

    >>> config = TrainingConfig(data="digits", epochs=1, limit=100, options={"units": [8]})
    >>> run = train(config, "runs/digits", report=False, verbose=0)
    >>> run.model().event_shape
    (8, 8, 1)
    """
    if checkpoint_every is not None:
        check_integer("checkpoint_every", checkpoint_every)
    check_loggers(log)
    deadline = None if max_time is None else time.monotonic() + seconds_of("max_time", max_time)
    run = Run(out)
    writes = is_chief(strategy)
    resume = writes and resume and run.exists
    if writes and not resume:
        check_unlocked(run.path)  # before `check_free`: another process may just start a run here
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
            config = config.replace(**{name: getattr(config, name) or getattr(before, name) for name in KEPT})
            if before.use_columns and not {*before.use_columns} & {*(config.ignore_columns or ())}:
                config = config.replace(ignore_columns=None)  # the run has recorded the others
            check_resumable(run, config)
        if isinstance(strategy, str):
            # In a resumed run, only the chief knows these values. They are compared below, with the data.
            alike = {name: value for name, value in config.as_dict().items() if name not in IN_DATA}
            strategy = make_strategy(strategy, replicas=replicas, alike={"configuration": json.dumps(alike)})
        data = load_data(config)
        warn_of_few_examples(data)
        warn_of_empty_columns(data)
        config = with_defaults(with_names(config, data), data)
        check_alike(strategy, [data.train.x, data.train.y], "data")
        numbers = np.array([config.epochs, config.latent_dim, config.batch_size_for(len(data.train))])
        check_alike(strategy, [numbers], "number of epochs or latents, or batch size")
        if resume:
            check_same_data(run, config, data)
        _check_batch_size(config, data, strategy)
        with strategy.scope():
            model = build_model(config, data)
            _check_data(model, data, config)
            check_can_be_saved(model, run["model.keras"])  # before the training, so that it fails early
            adapt_model(model, data)
            if strategy.num_replicas_in_sync == 1:
                check_step_fits(model, min(config.batch_size_for(len(data.train)), len(data.train)))
            warn_of_scale(sample(data.train.x), model.likelihood)
        if verbose:
            print(data.describe())
            print(describe_model(model, config, data))
            print(
                f"{counted(config.epochs_for(len(data.train)), 'epoch')} of {counted(steps_of(config, data), 'step')}"
            )
        # Outside the scope, since only the chief creates these variables, and before anything is written.
        progress = read_checkpoint(run, steps_of(config, data)) if resume else Progress()
        if progress.model is not None:
            check_same_model(run, model, progress.model)
        initial = config.init_from if writes and progress.model is None else None
        taken = None if initial is None else load_matching(model, initial)
        if resume:
            progress = continued(run, config, data, progress)
            if not run["data.json"].exists():
                run.write_json("data.json", data.digests())
            run.write_json("config.json", config.as_dict())
        else:
            run.start(config, data, overwrite=overwrite)
        if taken is not None:
            _note_source(run, taken, verbose=verbose)
        keep = {
            "checkpoint_every": checkpoint_every,
            "log": log if writes else (),
            "deadline": deadline,
            "verbose": verbose,
        }
        with _together(strategy):
            progress = _set_state(strategy, model, progress)
            try:
                _fit(model, data, config, run, progress, **keep)
            except OutOfTimeError:
                if verbose:
                    _print_stop(run, config)
                return run
            if config.early_stopping is not None:
                _keep_best(strategy, model, run, progress, verbose=verbose)
            check_alike(strategy, map(_array, model.trainable_variables), "weights after the training")
        if writes:
            for sentence in missed_targets(model.objective, run.read_history()):
                print(f"Note: {sentence}", file=sys.stderr)
            run.save_model(model, "model.keras", metadata=record_of(config))
            remove_checkpoints(run)
        if writes and report:
            alone = model if strategy.num_replicas_in_sync == 1 else run.model()  # the other workers do not take part
            write_quick_report(run, alone, data, verbose=verbose)
    return run


@contextlib.contextmanager
def _together(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Raises `LostWorkerError` for an error of TensorFlow, if there are several workers."""
    try:
        yield
    except tf.errors.OpError as error:
        if not between_workers(strategy):
            raise
        reason = str(error).splitlines()[0][:300]
        raise LostWorkerError(
            f"another worker has ended, and this one cannot continue; start all again with --resume ({reason})."
        ) from error


def _check_data(model, data, config) -> None:
    for name in ("train", "validation", "test"):
        x = sample(getattr(data, name).x)
        binarize.check(x, config.binarize)
        check_examples(x, model.likelihood, part=f"{data.name}, {name} split")
    check_augmented(model, sample(data.train.x))


def _note_source(run, taken, *, verbose) -> None:
    """Records the digest of the initial weights. A run that ended before its first checkpoint needs the same again."""
    environment = run.read_json("environment.json")
    if environment.setdefault("init_from", taken.digest) != taken.digest:
        raise InvalidInputError(
            f"{run.path}: it was started with other weights than {taken.source} has now; start it again with "
            "--overwrite."
        )
    run.write_json("environment.json", environment)
    if verbose:
        print(f"Starting with {taken}")


def _set_state(strategy, model, progress) -> Progress:
    """Sends the state of the chief's run to the models of all workers, and returns this state."""
    own, reached = state_of(model), state_of(progress.model or model)
    model.means = progress.means
    means = model.means
    noted = [progress.step, progress.finished, *means.values()]
    step, finished, *values = from_chief(strategy, [*map(np.array, noted), *map(_array, reached)])
    reached_means = [tuple(map(float, value)) for value in values[: len(means)]]
    values = values[len(means) :]
    for variable, value in zip(own, values, strict=True):
        variable.assign(value)
    return Progress(model, int(step), dict(zip(means, reached_means, strict=True)), bool(finished))


def _fit(model, data, config, run, start, *, checkpoint_every, log, deadline, verbose):
    """Trains from the state `start` to the end of the run."""
    steps = steps_of(config, data)
    done, part = divmod(start.step, steps)
    run.write_history({name: values[:done] for name, values in run.read_history().items()})
    with interruptible() as interrupts, loggers(log, run, config, data) as logs:
        averages = AverageWeights() if config.keeps_averages else None
        callbacks: list[keras.callbacks.Callback] = [] if averages is None else [averages]
        patience = config.early_stopping
        if patience is not None:
            callbacks.append(EarlyStopping(run, patience, averages))
        limits = {"epochs": config.epochs, "deadline": deadline}
        callbacks.append(KeepRun(run, steps, start, every=checkpoint_every, interrupts=interrupts, **limits))
        if verbose:
            batches, bar = steps * len(data.validation) / len(data.train), verbose == 1
            at_most = patience is not None
            callbacks.append(
                ShowProgress(config.epochs, steps, start.step, validation_batches=batches, at_most=at_most, bar=bar)
            )
        callbacks += logs
        spans = [(done, done + 1, part)] if part else []
        for first, last, step in [*spans, (done + len(spans), config.epochs, 0)]:
            if patience is not None and stops_after(model, run.read_history().get(metric_of(model), []), patience):
                break
            fit_epochs(model, data, config, first, last, step=step, callbacks=callbacks, verbose=verbose)
            if averages is not None and first < last < config.epochs:
                averages.restore()  # Keras sets the averages at the end of each `fit`
        if averages is not None and done >= config.epochs and not start.finished:
            averages.apply(model)


def _keep_best(strategy, model, run, start, *, verbose) -> None:
    """Sets the weights of the best epoch, on all workers."""
    if not start.finished:
        best = load_model(run[BEST]) if is_chief(strategy) else None
        _set_state(strategy, model, Progress(best))
    metric, history = metric_of(model), run.read_history()
    if verbose and history:
        epoch = best_epoch(metric, history[metric])
        print(
            f"Kept the weights of epoch {epoch + 1} of {len(history['epoch'])}: {metric} {history[metric][epoch]:.4f}"
        )


def _print_stop(run: Run, config: TrainingConfig) -> None:
    done = len(run.read_history().get("epoch", ()))
    print(
        f"\nStopped because max_time is over. Finished epochs: {done} of {config.epochs}, saved in {run.path}. "
        f"Resume with:\n  keras-vae train --resume --out {shlex.quote(str(run.path))}"
    )


def _array(variable: keras.Variable) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable)


def _check_batch_size(config: TrainingConfig, data: SplitDataset, strategy: tf.distribute.Strategy) -> None:
    replicas, size = strategy.num_replicas_in_sync, min(config.batch_size_for(len(data.train)), len(data.train))
    if size < replicas:
        raise InvalidInputError(f"batch_size: expected an example for each of {replicas} replicas; got {size}.")
    check_batch_fits(data.event_shape, size)
