"""The commands for production. Each command imports its modules when it runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from keras_vae.checks import MAX_SEED
from keras_vae.cli.commands import Source
from keras_vae.cli.imports import imports_first
from keras_vae.cli.preset_option import name_of_source
from keras_vae.cli.settings import settings_of
from keras_vae.serving import ExportOptions
from keras_vae.serving.server import ServerOptions
from keras_vae.text import split_names
from keras_vae.training.config import QUOTES


@imports_first("run")
@settings_of(ExportOptions)
def export(
    *,
    run: Source,
    out: Annotated[
        Path | None,
        typer.Argument(help="Output folder, or a .onnx file; saved_models/RUN by default.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Training examples for `anomaly`: the training part of a file or data set, or all of a file without "
            "parts.",
            show_default="the run's own",
        ),
    ] = None,
    no_data: Annotated[bool, typer.Option("--no-data", help="Read no data, and export no `anomaly`.")] = False,
    settings: dict[str, Any],
    server_files: Annotated[
        bool | None,
        typer.Option(
            "--server-files/--no-server-files",
            help="Write models.config, compose.yaml and other files of a server beside the models.",
            show_default="if the folder contains only models",
        ),
    ] = None,
) -> None:
    """Write the next version of a SavedModel, after a check that TF Serving can run it."""
    import shlex

    from keras_vae.cli.exports import check_out, export_run, options_of, write_files
    from keras_vae.serving import export_onnx
    from keras_vae.serving.server_files import docker_run

    out = out or Path("saved_models") / name_of_source(run)
    options = options_of(run, settings)
    check_out(out)
    if out.suffix == ".onnx":
        from keras_vae.cli.sources import model_of

        export_onnx(model_of(run), out, options=options)
        typer.echo(f"Exported: {out}")
        return
    version = export_run(run, out, options, data=data, no_data=no_data)
    write_files(out.resolve().parent, options, asked=server_files)
    typer.echo(f"Exported: {version}\n\nServe it with:\n  keras-vae serve {shlex.quote(str(out))}\n  {docker_run(out)}")


def check(
    path: Annotated[Path, typer.Argument(help="Export, or a folder of its versions.", show_default=False)],
) -> None:
    """Check whether TF Serving can run an export, without TensorFlow's Python."""
    from keras_vae.serving import check_export

    report = check_export(path)
    typer.echo(report.as_text())
    if not report.ok:
        raise typer.Exit(1)


@settings_of(ServerOptions)
def serve(
    *,
    base: Annotated[Path, typer.Argument(help="Folder of models, or of the versions of one model.")] = Path(
        "saved_models"
    ),
    settings: dict[str, Any],
    log_format: Annotated[str, typer.Option(help="Log format: text, or json for one JSON object per line.")] = "text",
    access_log: Annotated[bool, typer.Option("--access-log", help="Log each request.")] = False,
) -> None:
    """Serve exports on this machine with the API of TensorFlow Serving; use TensorFlow Serving in production."""
    from keras_vae.serving.server import serve as run
    from keras_vae.serving.server import set_up_logs

    if settings.get("grpc_port") == -1:
        settings["grpc_port"] = None
    options = ServerOptions(**settings)
    set_up_logs(log_format, access=access_log)
    run(base, options)


def client(
    method: Annotated[
        str,
        typer.Argument(
            help="Method: status, metadata, encode, reconstruct, score, anomaly, classify or generate.",
            show_default=False,
        ),
    ],
    target: Annotated[
        str, typer.Argument(help="Server: http(s)://HOST:PORT or grpc(s)://HOST:PORT.")
    ] = "http://127.0.0.1:8501",
    model: Annotated[str, typer.Option(help="Name of the model on the server.")] = "digits",
    version: Annotated[int | None, typer.Option(help="Version of the model.", show_default="the newest")] = None,
    label: Annotated[str | None, typer.Option(help="Label of a version, such as stable.", show_default="none")] = None,
    data: Annotated[
        str,
        typer.Option(
            help="Data to send: a data set, a .npy, .npz or table file, an image, or a folder of images; "
            "images are sent as files if the model takes them."
        ),
    ] = "digits",
    split: Annotated[
        str | None,
        typer.Option(help="Split: train, validation or test.", show_default="all of a file; test of a named data set"),
    ] = None,
    label_names: Annotated[
        str | None,
        typer.Option(
            help="For a conditional model and a folder of images: the sub-folders in the order of the labels in "
            f"training. {QUOTES}",
            metavar="NAME,...",
            show_default="sorted, with a warning",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", "-n", min=1, help="Number of examples.", show_default="all of a file or folder, otherwise 20"
        ),
    ] = None,
    condition: Annotated[int | None, typer.Option(help="Label to generate, for a conditional model.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of generate.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Output file: .npz, .csv, .tsv or .parquet; for images .png or .npy; printed by default.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Maximum seconds of a call, including retries.")] = 60.0,
    ca_file: Annotated[
        str | None, typer.Option(help="File with trusted certificates.", show_default="the system's")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Call the methods of a model on a server."""
    from keras_vae.cli.client_methods import ask, check_method, show
    from keras_vae.errors import InvalidInputError
    from keras_vae.serving.client import Client, ServingError

    check_method(method, out, overwrite=overwrite)
    names = None if label_names is None else split_names("--label-names", label_names)
    options = {"version": version, "label": label, "timeout": timeout, "ca_file": ca_file, "verbose": 1}
    try:
        with Client(target, model, **options) as server:
            show(method, ask(server, method, data, split, names, limit, condition, seed), out)
    except ServingError as error:
        raise InvalidInputError(str(error)) from error
