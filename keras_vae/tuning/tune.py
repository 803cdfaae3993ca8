"""Runs a search: trials, their table, and the training of the best model."""

import contextlib
import io
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras_tuner

from keras_vae.checks import check_integer
from keras_vae.digest import differences
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.files import names_in, new_parents, read_json, write_json, write_whole
from keras_vae.locks import LOCK, check_unlocked, locked
from keras_vae.plots import plot_rate_distortion, plot_search, save
from keras_vae.training import Run, TrainingConfig, train
from keras_vae.training.config import CHOOSE_DATA, FROM_DATA, REPORT_ONLY
from keras_vae.training.few_examples import warn_of_few_examples
from keras_vae.tuning.hyper_model import AutoencoderHyperModel
from keras_vae.tuning.saved_search import agree, fatal_disk_errors, whole_files
from keras_vae.tuning.search_space import Axis
from keras_vae.tuning.workers import is_worker

TUNERS = {
    "random": keras_tuner.RandomSearch,
    "bayesian": keras_tuner.BayesianOptimization,
    "hyperband": keras_tuner.Hyperband,
}
"""Name -> search algorithm of keras-tuner."""

BETTER = {
    "val_elbo": "max",
    "val_nll": "min",
    "log_likelihood": "max",
    "reconstruction_mse": "min",
    "active_units": "max",
}
"""Objective -> direction. No objective depends on the weights of the loss, which a search may change."""

SETTINGS, TABLE = "search.json", "trials.json"


def objective_of(name: str) -> keras_tuner.Objective:
    """Returns the objective of a search.

    Args:
        name: `"val_elbo"`, `"val_nll"`, `"log_likelihood"`, `"reconstruction_mse"` or `"active_units"`; another metric
            with its direction, `"NAME:max"` or `"NAME:min"`.

    Raises:
        InvalidInputError: if the direction is missing or unknown.

    Example:

    >>> objective_of("val_elbo").direction
    'max'
    """
    metric, colon, direction = name.partition(":")
    if not colon and metric not in BETTER:
        raise InvalidInputError(
            f"{unknown(metric, BETTER, part='objective')} Others need a direction: NAME:min or NAME:max."
        )
    direction = direction or BETTER[metric]
    if direction not in ("min", "max"):
        raise InvalidInputError(f"objective: expected NAME:min or NAME:max; got {name!r}.")
    return keras_tuner.Objective(metric, direction)


def tune(
    config: TrainingConfig,
    out: str | os.PathLike,
    *,
    space: Sequence[Axis] | None = None,
    tuner: str = "bayesian",
    max_trials: int = 20,
    objective: str = "val_elbo",
    resume: bool = False,
    verbose: int = 1,
) -> Run | None:
    """Searches for the best values of `space`, and trains the best model in `out/best`.

    The folder contains `search.json` (the settings of the search), `trials/` (the files of keras-tuner), `trials.json`
    (values and metrics of each trial), `search.png`, `rate_distortion.png` and the run `best/`. A resumed search
    repeats the interrupted trial, and no finished trial.

    Args:
        config: the configuration that all trials share. `epochs` is the maximum number of epochs of a trial.
        out: the output folder.
        space: the search space, see `AutoencoderHyperModel`.
        tuner: `"random"`, `"bayesian"`, or `"hyperband"`, which trains many trials for few epochs, and the best of them
            for more epochs.
        max_trials: maximum number of trials.
        objective: name of a metric of the validation split, see `objective_of`.
        resume: whether to continue the search in `out`. If there is no search, a new search starts.
        verbose: 1 prints a line for each trial.

    Returns:
        The run of the best trial; None in a worker process.

    Raises:
        InvalidInputError: if the tuner or the objective is unknown, if the folder is in use, if a resumed search has
            other settings or data than before, or if no trial succeeded.
        OSError: if a file cannot be read or written. The search can be resumed.
    """
    if tuner not in TUNERS:
        raise InvalidInputError(unknown(tuner, TUNERS, part="tuner"))
    check_integer("max_trials", max_trials)
    if config.early_stopping is not None:
        raise InvalidInputError(
            "early_stopping: a search trains each trial for all its epochs; leave it out, or use the tuner hyperband."
        )
    if config.init_from is not None:
        raise InvalidInputError("init_from: a search starts each trial with new weights; leave it out.")
    out = Path(out)
    target = objective_of(objective)
    with contextlib.nullcontext() if is_worker() else _held(out, resume), whole_files():
        return _tune(config, out, space, tuner, max_trials, objective, target, verbose)


@contextlib.contextmanager
def _held(out: Path, resume: bool) -> Iterator[None]:
    """Locks the folder against other searches. The workers of this search do not need the lock."""
    check_unlocked(out)  # before `_prepare`: another process may just start a search here
    _prepare(out, resume)
    with new_parents(out / LOCK), locked(out):
        yield


def _tune(config, out, space, tuner, max_trials, objective, target, verbose) -> Run | None:
    writes = not is_worker()
    hyper_model = AutoencoderHyperModel(config, space, likelihood=target.name == "log_likelihood")
    warn_of_few_examples(hyper_model.data)
    needs_samples = hyper_model.likelihood_samples
    config = hyper_model.config  # with numbers of epochs and latents
    settings = {
        "configuration": config.as_dict(),
        "space": [vars(axis) for axis in hyper_model.space],
        "tuner": tuner,
        "max_trials": max_trials,
        "objective": objective,
        "data": hyper_model.data.digests(),
    }
    if writes:
        _check_same(out, settings, needs_samples=needs_samples)
        write_json(out / SETTINGS, settings)
    search = _search(tuner, hyper_model, target, max_trials, config, out)
    if not writes:  # the chief has written the settings before it answers
        _check_same(out, settings, needs_samples=needs_samples)
    best = [trial.score for trial in search.oracle.get_best_trials()]  # of a search that goes on
    search.table = _Table(target, hyper_model.space, verbose, next(iter(best), None))
    with _quiet():
        search.search(verbose=0, **({} if tuner == "hyperband" else {"epochs": config.epochs}))
    if not writes:
        return None
    rows = _rows(search)
    write_json(out / TABLE, rows)
    done = [row for row in rows if row["score"] is not None]
    if not done:
        raise InvalidInputError(f"{out}: no trial succeeded; the first said: {rows[0]['message']}")
    _draw(done, target, hyper_model.space, out)
    best = hyper_model.configuration(search.get_best_hyperparameters()[0])
    run = Run(out / "best")
    ignored = (*CHOOSE_DATA, *REPORT_ONLY, *FROM_DATA)
    again = run.exists and bool(run.config().differences(best, ignore=ignored))  # a later trial was better
    return train(best, run.path, resume=not again, overwrite=again, verbose=0 if not verbose else None)


def _prepare(out: Path, resume: bool) -> None:
    """Refuses a folder with other content, or with a search unless it is to be resumed."""
    if out.is_file():
        raise InvalidInputError(f"{out}: it is a file; expected a folder for the search.")
    exists = (out / SETTINGS).exists()
    if names_in(out) and not (resume and exists):
        hint = "use --resume to continue, or choose" if exists else "choose"
        raise InvalidInputError(f"{out}: it exists and is not empty; {hint} another --out.")


def _check_same(out: Path, settings: dict[str, Any], *, needs_samples: int) -> None:
    """Refuses to resume a search with other settings. Does nothing if there is no search."""
    if not (out / SETTINGS).exists():
        return
    before = read_json(out / SETTINGS)
    now = json.loads(json.dumps(settings))
    by_digest = CHOOSE_DATA if "data" in before else ("data_dir",)
    if "data" not in before:
        print(f"Note: {out} does not record its data; use the same data as before.", file=sys.stderr)
        before["data"] = now["data"]
    if changed := differences(before["data"], now["data"]):
        raise InvalidInputError(
            f"{out}: the search there had other data (different: {', '.join(changed)}); "
            "resume it with the same data, or choose another --out."
        )
    ignored = {*by_digest, *(() if needs_samples else REPORT_ONLY), "imports"}
    for noted in (before, now):
        noted["configuration"] = {key: v for key, v in noted["configuration"].items() if key not in ignored}
    different = [name for name in now if now[name] != before.get(name) and name != "max_trials"]
    if different or now["max_trials"] < before["max_trials"]:
        name = different[0] if different else "max_trials"
        raise InvalidInputError(
            f"{out}: the search there had another {name} ({before.get(name)}); resume it so, or choose another --out."
        )


def _search(name, hyper_model, objective, max_trials, config, out):
    """Returns a tuner that adds each trial to its table."""

    class Search(TUNERS[name]):
        def run_trial(self, trial, *arguments, **options):
            with fatal_disk_errors(out / "trials"):
                return super().run_trial(trial, *arguments, **options)

        def on_trial_end(self, trial):
            super().on_trial_end(trial)
            self.table.add(self.oracle.get_trial(trial.trial_id))

    if not is_worker():
        agree(out / "trials")
    limits = {"max_epochs": config.epochs} if name == "hyperband" else {"max_trials": max_trials}
    with _quiet():
        search = Search(
            hypermodel=hyper_model,
            objective=objective,
            seed=config.seed,
            directory=out,
            project_name="trials",
            **limits,
        )
    if not is_worker():
        if not search.oracle.trials and (out / "trials" / "oracle.json").exists():
            search.oracle.reload()  # keras-tuner looks for a file of this process, not of the search
        search.oracle.max_trials = max_trials
        search.save()
    return search


@contextlib.contextmanager
def _quiet():
    """Suppresses the output of keras-tuner, which the table replaces."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


class _Table:
    """Prints a line for each finished trial, with a star for the best one so far."""

    def __init__(self, objective, space, verbose, best):
        self.objective, self.names, self.verbose = objective, [axis.name for axis in space], verbose
        self.best, self.empty = best, True
        self.file = sys.stdout  # `_quiet` redirects stdout during the search

    def add(self, trial) -> None:
        if not self.verbose:
            return
        if self.empty:
            self.empty = False
            self._print("trial", self.objective.name, self.names)
        score, values = trial.score, [trial.hyperparameters.values.get(name) for name in self.names]
        if score is None:
            self._print(trial.trial_id, "failed", values, _last_line(trial.message))
            return
        better = self.best is None or (score > self.best) == (self.objective.direction == "max")
        self.best = score if better else self.best
        self._print(trial.trial_id, f"{score:.4f}", values, "*" if better else "")

    def _print(self, trial, score, values, remark=""):
        texts = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in values]
        cells = [f"{text:>{max(10, len(name))}}" for text, name in zip(texts, self.names, strict=True)]
        print(f"{trial:>6}  {score:>16}  {'  '.join(cells)}  {remark}".rstrip(), file=self.file, flush=True)


def _last_line(message) -> str:
    lines = (message or "").strip().splitlines()
    return lines[-1][:200] if lines else ""


def _rows(search) -> list[dict[str, Any]]:
    """Returns the values and metrics of each trial, in order."""
    rows = []
    for _, trial in sorted(search.oracle.trials.items()):
        figures = {name: trial.metrics.get_best_value(name) for name in trial.metrics.metrics}
        values = {name: value for name, value in trial.hyperparameters.values.items() if not name.startswith("tuner/")}
        rows.append(
            {
                "trial": trial.trial_id,
                "status": trial.status,
                "score": trial.score,
                "values": values,
                "figures": figures,
                "message": _last_line(trial.message),
            }
        )
    return rows


def _draw(rows, objective, space, out) -> None:
    names = [axis.name for axis in space]
    logarithmic = [axis.name for axis in space if axis.log]
    figure = plot_search(
        [row["score"] for row in rows],
        {name: [row["values"][name] for row in rows] for name in names},
        objective=objective.name,
        better=objective.direction,
        logarithmic=logarithmic,
    )
    write_whole(out / "search.png", partial(save, figure))
    figures = {f"trial {row['trial']}": row["figures"] for row in rows if {"val_kl", "val_nll"} <= set(row["figures"])}
    if figures:
        front = plot_rate_distortion(
            [each["val_kl"] / math.log(2) for each in figures.values()],
            [each["val_nll"] for each in figures.values()],
            labels=list(figures),
        )
        write_whole(out / "rate_distortion.png", partial(save, front))
