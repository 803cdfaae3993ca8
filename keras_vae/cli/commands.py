"""The commands. Each command imports its modules when it runs, so that `--help` is fast."""

import contextlib
import json as json_format
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_vae.checks import MAX_SEED
from keras_vae.cli.imports import imports_first
from keras_vae.cli.settings import integers_of, settings_of
from keras_vae.errors import InvalidInputError
from keras_vae.training.config import TrainingConfig

Source = Annotated[Path, typer.Argument(help="Run folder or .keras file.", show_default=False)]
Data = Annotated[
    str | None,
    typer.Option(
        help="Data: all of a file or folder, or the test part of a named data set.",
        show_default="the run's own test part",
    ),
]
TestData = Annotated[
    str | None,
    typer.Option(
        help="Test data: a file or folder, of which the test part is used if it has one, else all; or a named data "
        "set, of which the test part is used.",
        show_default="the run's own test part",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")]
Seed = Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the samples and of the choice of examples.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Number of examples.")]
TO_PICTURE = "Output file: .png for a picture, .npy for an array."
TO_TABLE = "For a model of a table: .csv, .tsv or .parquet."


Quick = Annotated[bool, typer.Option("--quick", help="Use fewer examples; takes less than a minute for small images.")]
Questions = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="Question: likelihood, information, continuity, completeness, samples or disentanglement. Repeatable.",
        metavar="QUESTION",
        show_default="all",
    ),
]
FeatureSpace = Annotated[
    str, typer.Option("--features", help="Feature space of distances: pca, pixels, encoder, classifier or inception.")
]
Samples = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Number of importance samples for the log-likelihood; 0 leaves it out.",
        show_default="500; quick: 50",
    ),
]


@imports_first("run")
def evaluate(
    run: Source,
    data: TestData = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Split to use instead of the test part: train, validation or test.", show_default="see --data"
        ),
    ] = None,
    only: Questions = None,
    quick: Quick = False,
    samples: Samples = None,
    features: FeatureSpace = "pca",
    seed: Seed = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    report: Annotated[
        bool,
        typer.Option(
            "--report", help="Write evaluation.html and .json, and the pictures of a run, in place of its last report."
        ),
    ] = False,
) -> None:
    """Evaluate a model on test data: likelihood, information, latent space, samples and disentanglement."""
    from keras_vae.cli.evaluations import budget_of, report_folder, training_of, write_report
    from keras_vae.cli.sources import check_split, evaluation_data_of, model_of
    from keras_vae.data import SplitDataset
    from keras_vae.evaluation import as_json, as_text, check_questions
    from keras_vae.evaluation import evaluate as ask

    check_questions(only)
    budget = budget_of(quick, samples)
    verbose = int(not json)
    with report_folder(run) if report else contextlib.nullcontext():
        model = model_of(run)
        examples = evaluation_data_of(run, data, split, shape=model.event_shape)
        check_split(model, examples.test if isinstance(examples, SplitDataset) else examples, data)
        training = {} if only else training_of(run)
        results = ask(model, examples, only, budget=budget, features=features, seed=seed, verbose=verbose)
        shown = {**results, **training}
        typer.echo(json_format.dumps(as_json(shown), indent=2) if json else as_text(shown))
        if report:
            settings = {
                "data": data,
                "split": split or ("test" if isinstance(examples, SplitDataset) else "all"),
                "quick": quick,
                "samples": samples,
                "features": features,
                "seed": seed,
            }
            page = write_report(run, results, settings)
            typer.echo(f"\nReport: {page}", err=json)


@imports_first("runs")
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two or more run folders.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Output folder for the table, the pictures and the page.")] = Path(
        "comparison"
    ),
    data: TestData = None,
    only: Questions = None,
    quick: Quick = False,
    samples: Samples = None,
    features: FeatureSpace = "pca",
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier comparison in --out.")] = False,
) -> None:
    """Evaluate several runs on the same test examples, and write a table and pictures for comparison."""
    from keras_vae.cli.evaluations import (
        COMPARISON,
        budget_of,
        check_comparable,
        check_data,
        names_of,
        write_comparison,
    )
    from keras_vae.cli.outputs import check_folder
    from keras_vae.cli.picks import labels_to_draw
    from keras_vae.cli.sources import evaluation_data_of, model_of
    from keras_vae.evaluation import check_questions, compare_results
    from keras_vae.evaluation import evaluate as ask

    check_questions(only)
    names = names_of(runs)
    notes = check_comparable(runs, data)
    check_folder(out, COMPARISON, content="a comparison", overwrite=overwrite)
    checked = check_data(runs, data)
    options = {
        "budget": budget_of(quick, samples),
        "features": features,
        "seed": seed,
        "verbose": 1,
    }
    results, images = {}, {}
    for name, run in zip(names, runs, strict=True):
        typer.echo(f"{name} ...", err=True)
        if run in checked:
            model, examples = checked.pop(run)
        else:
            model = model_of(run)
            examples = evaluation_data_of(run, data, None, shape=model.event_shape, runs=runs)
        results[name] = ask(model, examples, only, **options)
        drawn = {"seed": seed, "condition": labels_to_draw(model, 10, None)}
        images[name] = None if model.prior is None else model.sample(10, **drawn)
    typer.echo("\n".join([compare_results(results).as_text(), *(f"Note: {note}" for note in notes)]))
    typer.echo(f"\nWritten: {write_comparison(out, results, images, notes)}")


@imports_first("run")
def sample(
    run: Source,
    out: Annotated[Path, typer.Option(help=f"{TO_PICTURE} {TO_TABLE}")],
    limit: Limit = 64,
    label: Annotated[
        int | None, typer.Option(help="Label of the samples, for a conditional model.", show_default="each")
    ] = None,
    pixels: Annotated[
        bool,
        typer.Option("--pixels", help="Sample x ~ p(x | z) instead of its mean; tables and counts are always sampled."),
    ] = False,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Generate new examples from the prior."""
    from keras_vae import plots
    from keras_vae.cli.outputs import check_out, write_picture_or_array
    from keras_vae.cli.picks import labels_to_draw
    from keras_vae.cli.sources import model_of
    from keras_vae.cli.table_output import check_table, write_rows
    from keras_vae.data.arrow_tables import SUFFIXES

    check_out(out, ".png", ".npy", *SUFFIXES, overwrite=overwrite)
    table = check_table(run, out)
    model = model_of(run)
    condition = labels_to_draw(model, limit, label)
    drawn = model.sample(limit, seed=seed, condition=condition, draw="sample" if pixels else None)
    if table is not None:
        write_rows(out, drawn, table, condition)
        return
    write_picture_or_array(out, drawn, lambda: plots.plot_samples(drawn))


@imports_first("run")
def traverse(
    run: Source,
    out: Annotated[Path, typer.Option(help=TO_PICTURE)],
    span: Annotated[float, typer.Option(help="Range of each dimension, from -SPAN to SPAN.")] = 3.0,
    steps: Annotated[int, typer.Option(min=2, help="Number of values per dimension.")] = 11,
    example: Annotated[
        int | None, typer.Option(help="Index of a test example to start from, instead of the prior mean.")
    ] = None,
    label: Annotated[
        int | None, typer.Option(help="Label, for a conditional model without --example.", show_default="0")
    ] = None,
    dimensions: Annotated[
        str | None,
        typer.Option(help="Dimensions, such as 0,3,7.", show_default="the first 16 for a picture, all for an array"),
    ] = None,
    data: Data = None,
    overwrite: Overwrite = False,
) -> None:
    """Decode latents that vary along one dimension at a time."""
    import numpy as np

    from keras_vae import plots
    from keras_vae.cli.outputs import check_out, write_picture_or_array
    from keras_vae.cli.picks import labels_to_draw, pick
    from keras_vae.cli.sources import examples, model_of
    from keras_vae.plots.sheet import MAX_ROWS

    check_out(out, ".png", ".npy", overwrite=overwrite)
    chosen = None if dimensions is None else integers_of("--dimensions", dimensions)
    model = model_of(run)
    if label is not None and example is not None:
        raise InvalidInputError("--label and --example: expected one of the two; drop one.")
    start, condition = None, labels_to_draw(model, 1, label)
    if example is not None:
        part = examples(model, run, data, None)
        start = pick(part.x, example)
        condition = model.inferred_conditions(start[None], None if part.y is None else part.y[[example]])
    values, total = np.linspace(-span, span, steps), math.prod(model.latent_shape)
    if chosen is None and out.suffix == ".png":
        chosen = tuple(range(min(MAX_ROWS, total)))
    paths = model.traverse(start, condition=condition, values=values, dimensions=chosen)
    write_picture_or_array(out, paths, lambda: plots.plot_traversals(paths, values, dimensions=chosen, total=total))


@imports_first("run")
def interpolate(
    run: Source,
    out: Annotated[Path, typer.Option(help=TO_PICTURE)],
    data: Data = None,
    pairs: Annotated[
        int | None,
        typer.Option(min=1, help="Number of pairs of test examples.", show_default="5, or as many as there are"),
    ] = None,
    steps: Annotated[int, typer.Option(min=2, help="Number of points on each path, including its ends.")] = 10,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Interpolate between pairs of test examples in the latent space."""
    import numpy as np

    from keras_vae import plots
    from keras_vae.cli.outputs import check_out, write_picture_or_array
    from keras_vae.cli.picks import pick_pairs
    from keras_vae.cli.sources import examples, model_of
    from keras_vae.evaluation import condition_of

    check_out(out, ".png", ".npy", overwrite=overwrite)
    model = model_of(run)
    part = examples(model, run, data, None)
    first, last = pick_pairs(len(part), pairs, seed)
    condition = condition_of(model, part.y)
    starts, ends = np.asarray(part.x[first]), np.asarray(part.x[last])
    paths = model.interpolate(starts, ends, condition=None if condition is None else condition[first], steps=steps)
    endpoints = (model.prepare(starts).numpy(), model.prepare(ends).numpy())
    write_picture_or_array(out, paths, lambda: plots.plot_interpolation(paths, endpoints=endpoints))


def models() -> None:
    """List the recipes: family, paper and purpose."""
    from keras_vae.zoo import describe

    family = None
    rows = describe()
    names, papers = (max(len(getattr(row, column)) for row in rows) + 2 for column in ("name", "paper"))
    for row in rows:
        if row.family != family:
            typer.echo(f"{'' if family is None else chr(10)}{row.family}")
            family = row.family
        typer.echo(f"  {row.name:{names}}{row.paper:{papers}}{row.summary}")


def parts() -> None:
    """List the posteriors, likelihoods, priors and networks for all recipes."""
    from keras_vae.distributions import LIKELIHOODS, POSTERIORS
    from keras_vae.networks import NETWORKS
    from keras_vae.priors import PRIORS

    for name, names in (
        ("--set posterior.name=", POSTERIORS),
        ("--likelihood ", LIKELIHOODS),
        ("--set prior.name=", PRIORS),
        ("--network ", NETWORKS),
    ):
        typer.echo(f"{name}\n  {', '.join(names)}\n")


def presets() -> None:
    """List the presets, which are trained models for `--preset` of other commands: data and measured figures."""
    from keras_vae.presets import list_presets

    typer.echo("\n\n".join(f"{name}: {card}" for name, card in list_presets().items()))


@settings_of(TrainingConfig, "image_size", "data_dir", "label_column", "use_columns", "ignore_columns")
def data(
    *,
    source: Annotated[str | None, typer.Argument(help="Data set to describe: a name, a folder or a file.")] = None,
    settings: dict[str, Any],
) -> None:
    """List the named data sets, or describe one data set."""
    from keras_vae.data import load, names

    if source is None:
        _table(names())
        typer.echo(
            "\nAlso: image sets of TensorFlow Datasets; hf:NAME for a data set of the Hugging Face Hub; folders of "
            "images, of TFRecord files or of tables, or written by `keras-vae prepare` or save_to_disk; .npy, .npz, "
            ".csv, .tsv, .parquet and .tfrecord files. A .npz file has the examples under x, images, x_train or "
            "arr_0, and labels, if any, under y, labels or y_train."
        )
    else:
        typer.echo(load(source, **settings).describe())


@settings_of(TrainingConfig, "image_size", "data_dir", "label_column", "use_columns", "ignore_columns")
def prepare(
    source: Annotated[
        str,
        typer.Argument(help="Folder of images, TFRecord files or tables; TFRecord file, table, or name of a data set."),
    ],
    out: Annotated[Path, typer.Option(help="New folder, for --data of `keras-vae train`.")],
    *,
    settings: dict[str, Any],
) -> None:
    """Convert images or a table once, so that training reads them row by row, at the speed of the disk.

    An interrupted command continues when it is run again.
    """
    from keras_vae.data import load
    from keras_vae.data import prepare as prepare_folder

    typer.echo(load(prepare_folder(source, out, **settings)).describe())


def _table(rows: dict[str, Any]) -> None:
    width = max(map(len, rows)) + 2
    typer.echo("\n".join(f"{name:{width}}{text}" for name, text in rows.items()))
