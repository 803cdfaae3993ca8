"""The commands for many examples: a split with a run, or any number of records with an export."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keras_vae.checks import MAX_SEED
from keras_vae.cli.bulk_options import either, or_in_bulk, refuse_changed
from keras_vae.cli.imports import imports_first
from keras_vae.cli.settings import Command
from keras_vae.text import split_names

if TYPE_CHECKING:
    from keras_vae.data import Split as Examples

Model = Annotated[
    Path, typer.Argument(help="Run folder or .keras file; for bulk inference an export.", show_default=False)
]
Source = Annotated[Path, typer.Argument(help="Run folder or .keras file.", show_default=False)]
Out = Annotated[Path, typer.Option(help="Output: a .npz, .csv, .tsv or .parquet file; for bulk inference a folder.")]
Data = Annotated[
    str | None,
    typer.Option(
        help="Data, with labels if the model is conditional: a file, a folder of images or the name of a data set. For "
        "bulk inference: a file, folder or pattern of Parquet, TFRecord or image files, a .npy, .npz or .csv file, or "
        "the name of a data set.",
        show_default="the run's own",
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        help="Split: train, validation or test.",
        show_default="all of a file; test of the run's own data or a named data set; all for bulk inference",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file or folder if it exists.")]


def or_with_export(command: Command) -> Command:
    """Adds the options of bulk inference to a command, and calls `write_anomalies` if `model` is an export."""
    of_runs = ("quantile", "reference", "normal", "label_column", "file_format", "seed")
    parameters = inspect.signature(command).parameters

    def bulk(arguments: dict[str, Any], options: dict[str, Any]) -> None:
        refuse_changed(
            {name: arguments.pop(name) for name in of_runs}, parameters, "it needs a run, and MODEL is an export."
        )
        from keras_vae.cli.bulk_anomalies import write_anomalies

        typer.echo(write_anomalies(**arguments, options=options))

    return either(command, bulk, lambda arguments: _is_export(arguments["model"]), "an export in place of the run")


def _is_export(path: Path) -> bool:
    return any(path.glob("saved_model.pb")) or any(path.glob("[0-9]*/saved_model.pb"))


@imports_first("model")
@or_in_bulk
def encode(model: Model, out: Out, data: Data = None, split: Split = None, overwrite: Overwrite = False) -> None:
    """Write the posterior of each example: mean and standard deviation; for bulk inference mean and variance.

    The images of a folder may have any size. Their answers have the order of their names, which are written too.
    """
    from keras_vae.cli.outputs import check_out
    from keras_vae.cli.picks import spread_of
    from keras_vae.cli.sources import examples, model_of
    from keras_vae.data.arrow_tables import SUFFIXES
    from keras_vae.evaluation import condition_of

    check_out(out, ".npz", *SUFFIXES, overwrite=overwrite)
    loaded = model_of(model)
    part = examples(loaded, model, data, split)
    posterior = loaded.encode(part.x, condition=condition_of(loaded, part.y))
    _write(out, {"mean": posterior.mean().numpy()} | spread_of(posterior), part)


@imports_first("model")
@or_in_bulk
def score(
    model: Model,
    out: Out,
    data: Data = None,
    split: Split = None,
    samples: Annotated[
        int, typer.Option(min=1, help="Number of samples of z per example; for bulk inference set by the export.")
    ] = 8,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the samples.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Write the evidence lower bound of each example, in nats; of images in a folder with their names."""
    from keras_vae.cli.outputs import check_out
    from keras_vae.cli.sources import examples, model_of
    from keras_vae.data.arrow_tables import SUFFIXES
    from keras_vae.evaluation import condition_of

    check_out(out, ".npz", *SUFFIXES, overwrite=overwrite)
    loaded = model_of(model)
    part = examples(loaded, model, data, split)
    elbo = loaded.elbo(part.x, condition=condition_of(loaded, part.y), samples=samples, seed=seed)
    _write(out, {"elbo": elbo}, part)


@imports_first("model")
@or_in_bulk
def reconstruct(
    model: Model,
    out: Annotated[
        Path,
        typer.Option(
            help="Output: a .png picture or a .npy array; for a model of a table .csv, .tsv or .parquet; for bulk "
            "inference a folder."
        ),
    ],
    data: Data = None,
    split: Split = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", "-n", min=1, help="Number of examples.", show_default="20; all for a table and in bulk"
        ),
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Sample x ~ p(x | z) instead of its mean.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the samples.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Encode and decode examples. To replace missing values only, use `impute`."""
    import numpy as np

    from keras_vae import plots
    from keras_vae.cli.outputs import check_out, write_picture_or_array
    from keras_vae.cli.sources import examples, model_of
    from keras_vae.cli.table_output import check_table, write_rows
    from keras_vae.data.arrow_tables import SUFFIXES
    from keras_vae.data.row_names import readable
    from keras_vae.evaluation import condition_of

    check_out(out, ".png", ".npy", *SUFFIXES, overwrite=overwrite)
    table = check_table(model, out)
    loaded = model_of(model)
    part = examples(loaded, model, data, split)[: limit or (20 if table is None else None)]
    x, condition = np.asarray(part.x), condition_of(loaded, part.y)
    rows = readable(part.x)
    x, condition = x[rows], None if condition is None else condition[rows]
    reconstructed = loaded.reconstruct(x, condition=condition, draw="sample" if sample else "mean", seed=seed)
    if table is not None:
        write_rows(out, reconstructed, table, condition)
        return
    write_picture_or_array(
        out, reconstructed, lambda: plots.plot_reconstructions(loaded.prepare(x).numpy(), reconstructed)
    )


@imports_first("model")
@or_with_export
def anomalies(
    model: Model,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data: an image, a folder of images, a table, a .npy or .npz file, or the test part of a named "
            "data set. For bulk inference as for encode.",
            show_default="the run's own test part",
        ),
    ] = None,
    split: Split = None,
    out: Annotated[Path, typer.Option(help="Output folder for the table, the picture and the summary.")] = Path(
        "anomalies"
    ),
    top: Annotated[str, typer.Option(help="The strangest examples to show: a number, or a share such as 1%.")] = "1%",
    score: Annotated[
        str,
        typer.Option(
            help="Score that sorts the table: combined, score_distance, code_distance, feature_distance, "
            "negative_elbo, error, patch_error, kl, complexity or typicality."
        ),
    ] = "combined",
    quantile: Annotated[
        float, typer.Option(help="Share of usual examples that do not exceed the threshold, between 0 and 1.")
    ] = 0.99,
    reference: Annotated[
        str | None,
        typer.Option(help="Usual examples to compare with.", show_default="the run's training and validation parts"),
    ] = None,
    normal: Annotated[
        str | None,
        typer.Option(
            help="Labels of usual examples, such as sub-folders; all others are anomalies. Adds AUROC and average "
            "precision.",
            metavar="NAME,...",
            show_default="labels of training, normal, good and usual",
        ),
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(help="Column with the labels, for a table.", show_default="the run's")
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="Format of the table: csv or parquet; for bulk inference Parquet.")
    ] = "csv",
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the samples of z.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier results in --out.")] = False,
) -> None:
    """Find the strangest examples: a table of scores, a picture with error maps, and a threshold.

    With a run, one process scores the examples beside those of training. With an export, bulk inference asks for the
    scores, for any number of records.
    """
    from keras_vae.cli.anomaly_report import AnomalyReport

    names = None if normal is None else split_names("--normal", normal)
    report = AnomalyReport(out, top, score, quantile, names, file_format, overwrite=overwrite)
    typer.echo(report.write(model, data, split, reference, label_column, seed))


@imports_first("run")
def neighbours(
    run: Source,
    data: Annotated[
        str | None,
        typer.Option(
            help="Queries: an image, a folder of images, a table, a .npy or .npz file, or the test part of a named "
            "data set.",
            show_default="the run's own test part",
        ),
    ] = None,
    among: Annotated[
        str | None, typer.Option(help="Examples that are searched.", show_default="the run's training part")
    ] = None,
    out: Annotated[Path, typer.Option(help="Output folder for the table and the picture.")] = Path("neighbours"),
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Number of neighbours of each query.")] = 8,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier results in --out.")] = False,
) -> None:
    """Find the examples whose latents are nearest to those of each query: a table and a picture."""
    from keras_vae.cli import latent_reports
    from keras_vae.cli.outputs import check_folder

    check_folder(out, latent_reports.NEIGHBOURS, content="results", overwrite=overwrite)
    typer.echo(latent_reports.neighbours(run, data, among, count, out))


@imports_first("run")
def directions(
    run: Source,
    data: Annotated[
        str | None,
        typer.Option(
            help="Labelled data: a folder with a sub-folder for each label, a table, a .npz file, or the test part of "
            "a named data set.",
            show_default="the run's own training part",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Output folder for the table, the vectors and the picture.")] = Path(
        "directions"
    ),
    label_column: Annotated[
        str | None, typer.Option(help="Column with the labels, for a table.", show_default="the run's")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier results in --out.")] = False,
) -> None:
    """Find the direction of the latent space that gives an example each label, and how well it separates examples."""
    from keras_vae.cli import latent_reports
    from keras_vae.cli.outputs import check_folder

    check_folder(out, latent_reports.DIRECTIONS, content="results", overwrite=overwrite)
    typer.echo(latent_reports.directions(run, data, label_column, out))


@imports_first("run")
def fit_prior(
    run: Source,
    reference: Annotated[
        str | None,
        typer.Option(help="Examples whose latents the prior is fitted to.", show_default="the run's training part"),
    ] = None,
    out: Annotated[Path, typer.Option(help="Output folder for the model and a picture of its samples.")] = Path(
        "fitted_prior"
    ),
    prior: Annotated[
        str,
        typer.Option(
            help="Prior: mixture of normals or flow for latents that are numbers, autoregressive for indices.",
            show_default="mixture; autoregressive for indices",
        ),
    ] = "auto",
    components: Annotated[
        int | None,
        typer.Option(min=1, help="Number of normals of a mixture.", show_default="the best for a tenth of the latents"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the latents and of the fit.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier results in --out.")] = False,
) -> None:
    """Fit a prior to the latents of a trained model, for better samples."""
    from keras_vae.cli import prior_fitting
    from keras_vae.cli.outputs import check_folder
    from keras_vae.serialization import get

    prior = get(prior, dict(zip(prior_fitting.KINDS, prior_fitting.KINDS, strict=True)), part="--prior")
    check_folder(out, prior_fitting.FILES, content="results", overwrite=overwrite)
    typer.echo(prior_fitting.fit_prior(run, reference, prior, components, seed, out))


def _write(out: Path, arrays: dict[str, Any], part: "Examples") -> None:
    """Writes arrays with a row for each example, with the labels, and with the names of images, without broken ones."""
    from keras_vae.cli.outputs import write_arrays
    from keras_vae.data.row_names import names_of, readable

    known = {"names": names_of(part), "labels": part.y}
    arrays = {name: array for name, array in known.items() if array is not None} | arrays
    rows = readable(part.x)
    write_arrays(out, {name: array[rows] for name, array in arrays.items()})
