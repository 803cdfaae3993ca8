"""Checks and outputs of `evaluate` and `compare`."""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import evaluation, plots
from keras_vae.cli.preset_option import name_of_source, report_path
from keras_vae.cli.sources import check_split, evaluation_data_of, model_of
from keras_vae.data import Split, SplitDataset
from keras_vae.data.load import image_size_of
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import QUICK, Budget, Picture, Result, compare_results, evaluation_page, verdict_of
from keras_vae.files import check_writable, new_parents, write_whole
from keras_vae.models import Autoencoder
from keras_vae.training import Run, environment, training_result
from keras_vae.training import write_report as write_run_report

COMPARISON = ("comparison.csv", "comparison.html", "comparison.png")


def budget_of(quick: bool, samples: int | None) -> Budget:
    """Returns the numbers of examples and samples."""
    budget = QUICK if quick else Budget()
    return budget if samples is None else dataclasses.replace(budget, samples=samples)


def report_folder(source: Path) -> contextlib.AbstractContextManager[None]:
    """Checks, and locks if it is a run, the folder of the report; call it before the evaluation."""
    run = Run(source)
    if run.exists:
        return run.locked()
    check_writable(report_path(source))
    return contextlib.nullcontext()


def write_report(source: Path, results: Mapping[str, Result], settings: Mapping[str, Any]) -> Path:
    """Writes the report into a run, beside a model file, or of a preset here; returns the path of the page."""
    run = Run(source)
    if run.exists:
        return write_run_report(run, results, settings)
    return evaluation.write_report(
        report_path(source),
        results,
        title=name_of_source(source),
        settings=settings,
        configuration={"model": str(source)},
        environment=environment(),
    )


def training_of(source: Path) -> dict[str, Result]:
    """Returns what the training of a run shows, as a section of its evaluation; none for a model file."""
    return {"training": training_result(Run(source))} if Run(source).exists else {}


def names_of(runs: Sequence[Path]) -> list[str]:
    """Returns a short name for each run: the name of its folder, or its path if several folders have the same name."""
    if len(runs) < 2:
        raise InvalidInputError(f"compare: expected two or more runs, got {len(runs)}.")
    if len({run.resolve() for run in runs}) < len(runs):
        raise InvalidInputError("compare: expected different runs, got one twice; list each run once.")
    short = [Run.open(run).path.name for run in runs]
    return short if len(set(short)) == len(short) else [str(run) for run in runs]


def check_comparable(runs: Sequence[Path], data: str | None) -> list[str]:
    """Returns caveats of the comparison; refuses runs on different data."""
    configurations = [Run.open(run).config() for run in runs]
    sources = [tuple(getattr(config, key) for key in ("data", "seed", "test", "limit")) for config in configurations]
    sizes = {image_size_of(config.image_size) for config in configurations} - {None}
    if data is None and (len({source[0] for source in sources}) > 1 or len(sizes) > 1):  # earlier runs record no size
        listing = ", ".join(f"{run.name}: {config.data}" for run, config in zip(runs, configurations, strict=True))
        raise InvalidInputError(
            f"compare: expected runs of the same data, got {listing}; select the test data with --data."
        )
    notes = []
    if data is None and len(set(sources)) > 1:
        notes.append("The seed, test or limit of the runs differ, so the test examples may differ.")
    if len({(config.likelihood, config.binarize) for config in configurations}) > 1:
        notes.append(
            "The likelihoods or the binarisation differ: do not compare nats. The other measurements can be compared."
        )
    return notes


def check_data(runs: Sequence[Path], data: str | None) -> dict[Path, tuple[Autoencoder, SplitDataset | Split]]:
    """Refuses data that are invalid for one of the runs, before the evaluation of the first run.

    Returns:
        The model and the examples of each run, if `data` are not those of the runs.
    """
    checked = {}
    for run in runs if data is not None else ():
        model = model_of(run)
        examples = evaluation_data_of(run, data, None, shape=model.event_shape, runs=runs)
        try:
            check_split(model, examples.test if isinstance(examples, SplitDataset) else examples, data)
        except InvalidInputError as error:
            raise InvalidInputError(f"compare: {run} cannot be evaluated on these data: {error}") from error
        checked[run] = model, examples
    return checked


def write_comparison(
    out: Path,
    results: Mapping[str, Mapping[str, Result]],
    images: Mapping[str, np.ndarray | None],
    notes: Sequence[str],
) -> Path:
    """Writes the table, the picture of the main metrics and the page, and returns the path of the page."""
    comparison = compare_results(results)
    pictures = {"comparison": Picture("The main measurements of each model.", comparison.figure)}
    tradeoff = comparison.rate_distortion()
    if tradeoff is not None:
        pictures["rate_distortion"] = Picture("Rate against distortion. Lower left is better.", lambda: tradeoff)
    for name, drawn in images.items():
        if drawn is not None:
            title = f"Samples of {name}"
            pictures[title] = Picture(f"{title}.", partial(plots.plot_samples, drawn, columns=10, title=title))
    best = [
        f"{name.replace('_', ' ')}: {', '.join(comparison.best(name))} is best."
        for _, name in comparison.rows
        if comparison.best(name)
    ]
    sections = {
        model: Result(
            model,
            {name: row[model] for (_, name), row in comparison.rows.items() if model in row},
            tuple(verdict_of(results[model])),
        )
        for model in comparison.models
    }
    first = Result("Comparison", {}, (), tuple(notes), pictures)
    html = evaluation_page(
        " and ".join(comparison.models),
        {"comparison": first, **sections},
        verdict=best,
        configuration={},
        environment=environment(),
    )
    with new_parents(out / "comparison.csv"):
        write_whole(out / "comparison.csv", lambda path: path.write_text(comparison.as_csv(), "utf-8"))
        write_whole(out / "comparison.png", lambda path: path.write_bytes(pictures["comparison"].png))
        write_whole(out / "comparison.html", lambda path: path.write_text(html, "utf-8"))
    return out / "comparison.html"
