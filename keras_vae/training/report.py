"""Writes the report of a run: an evaluation of its model, in the run folder."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from keras_vae import evaluation, plots
from keras_vae.data import SplitDataset
from keras_vae.evaluation import QUICK, Picture, Result, evaluate
from keras_vae.models import Autoencoder
from keras_vae.text import counted
from keras_vae.training.overfitting import about_history
from keras_vae.training.run import Run, environment
from keras_vae.training.run_data import evaluation_data

HISTORY = "The training and validation curves should level off together."


def write_quick_report(run: Run, model: Autoencoder, data: SplitDataset, *, verbose: int = 0) -> dict[str, Result]:
    """Evaluates the model of a finished run with few examples of its test split, and writes the report.

    Args:
        run: the run.
        model: its trained model.
        data: its data, as returned by `load_data`.
        verbose: 0 shows no progress.

    Returns:
        The result of `evaluate`.
    """
    config = run.config()
    samples = config.likelihood_samples_for(data.event_shape)
    budget = dataclasses.replace(QUICK, samples=samples)
    test = evaluation_data(data, config)
    if verbose:
        examples = min(len(data.test), budget.examples)
        samples_of_each = counted(budget.samples, "importance sample")
        print(f"\nQuick evaluation on {counted(examples, 'test example')}, {samples_of_each} each")
    results = evaluate(model, test, budget=budget, seed=config.seed, verbose=int(verbose > 0))
    settings = {
        "data": None,
        "split": "test",
        "quick": True,
        "samples": samples,
        "features": "pca",
        "seed": config.seed,
    }
    write_report(run, results, settings)
    return results


def training_result(run: Run) -> Result:
    """The training and validation curves of a run, and whether they show overfitting.

    Args:
        run: the run.

    Example:

    >>> run = Run("runs/example")
    >>> run.start(kv.training.TrainingConfig())
    >>> run.write_history({"epoch": [1, 2], "loss": [30.0, 25.0], "val_loss": [31.0, 27.0]})
    >>> list(training_result(run).pictures)
    ['history']
    """
    history = run.read_history()
    history.pop("epoch", None)
    found = about_history(history, keeps_best=run.config().early_stopping is not None)
    pictures = {"history": Picture(HISTORY, partial(plots.plot_history, history))} if history else {}
    return Result("Did the training converge?", {}, () if found is None else (found,), pictures=pictures)


def write_report(run: Run, results: Mapping[str, Result], settings: Mapping[str, Any]) -> Path:
    """Writes `evaluation.html`, `evaluation.json` and `pictures/` of a run, and replaces an earlier report.

    Args:
        run: the run.
        results: the result of `evaluate` for its model; the `training_result` is added.
        settings: name -> value of the evaluation settings.

    Returns:
        The path of the page.

    Raises:
        OSError: if a file cannot be written.

    Example:

    >>> run = Run("runs/report")
    >>> run.start(kv.training.TrainingConfig())
    >>> write_report(run, {}, settings={}).name
    'evaluation.html'
    """
    config = run.config()
    return evaluation.write_report(
        run["evaluation"],
        {**results, "training": training_result(run)},
        title=f"{config.model} on {config.data}",
        settings=settings,
        configuration=config.as_dict(),
        environment=run.read_json("environment.json") if run["environment.json"].exists() else environment(),
        pictures=run["pictures"],
    )
