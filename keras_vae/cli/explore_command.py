"""The command that opens the latent explorer."""

from pathlib import Path
from typing import Annotated, Any

import typer

from keras_vae.checks import MAX_SEED
from keras_vae.cli.commands import Source
from keras_vae.cli.imports import imports_first
from keras_vae.errors import InvalidInputError


@imports_first("run")
def explore(
    run: Source,
    data: Annotated[
        str | None,
        typer.Option(
            help="Examples on the map: all of a file or folder, or the test and training parts of a named data set.",
            show_default="the run's own test and training parts",
        ),
    ] = None,
    points: Annotated[int, typer.Option(min=2, max=20_000, help="Maximum number of examples on the map.")] = 5000,
    map_kind: Annotated[
        str, typer.Option("--map", help="First map: pca, tsne or umap (needs umap-learn). The page can change it.")
    ] = "pca",
    anomaly: Annotated[
        bool, typer.Option("--anomaly/--no-anomaly", help="Compute anomaly scores beside the training examples.")
    ] = True,
    static: Annotated[
        Path | None,
        typer.Option(help="Write one .html file that needs no server, and exit.", show_default="start a server"),
    ] = None,
    live: Annotated[
        bool | None,
        typer.Option(
            "--live/--no-live",
            help="With --static: put the decoder into the file, to run in the browser.",
            show_default="where it is possible",
        ),
    ] = None,
    onnxruntime: Annotated[
        Path | None,
        typer.Option(
            help="With --static: a local copy of the npm package onnxruntime-web, a .tgz file.",
            show_default="downloaded once",
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            help="URL of a TensorFlow Serving that decodes, with an export of the model.", show_default="this machine"
        ),
    ] = None,
    served_name: Annotated[str, typer.Option(help="Name of the model on --server.")] = "model",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 selects a free one.")] = 0,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Name under which a proxy shows the page, such as hub.example.org. Repeatable."),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of t-SNE and UMAP.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --static if it exists.")] = False,
) -> None:
    """Open a page to move through the latent space: a map, sliders, directions, interpolations and draws.

    The page needs the extra `serving`: pip install 'keras_vae[serving]'. With --static it does not.
    """
    import threading

    from keras_vae.cli.sources import check_split, evaluation_data_of, model_of
    from keras_vae.data import SplitDataset
    from keras_vae.explorer import explore as start
    from keras_vae.explorer.onnxruntime_web import check_package
    from keras_vae.explorer.save_page import save_page
    from keras_vae.files import check_writable
    from keras_vae.serving.client import ServingError
    from keras_vae.serving.extra import need_server
    from keras_vae.training.model_file import config_of

    if static is not None:
        if static.suffix != ".html":
            raise InvalidInputError(f"--static: expected a name that ends in .html; got {str(static)!r}.")
        if static.exists() and not overwrite:
            raise InvalidInputError(f"{static}: it exists; use --overwrite or another --static.")
        check_writable(static)
    elif live is not None or onnxruntime is not None:
        raise InvalidInputError(
            "--live, --onnxruntime: expected --static, to which they belong; add --static PAGE.html."
        )
    if onnxruntime is not None:
        check_package(onnxruntime)
    if static is None:
        need_server()  # before the data are read
    model, config = model_of(run), config_of(run)
    examples = evaluation_data_of(run, data, None, shape=model.event_shape)
    check_split(model, examples.test if isinstance(examples, SplitDataset) else examples, data)
    options: dict[str, Any] = {
        "title": run.name.removesuffix(".keras"), "points": points, "map_kind": map_kind, "anomaly": anomaly,
        "binarize": None if config is None else config.binarize, "server": server, "served_name": served_name,
        "seed": seed,
    }  # fmt: skip
    try:
        if static is not None:
            save_page(static, model, examples, live=live, onnxruntime=onnxruntime, **options)
            typer.echo(f"Written: {static}")
            return
        explorer = start(model, examples, port=port, hosts=allow_host or (), **options)
    except ServingError as error:
        raise InvalidInputError(str(error)) from error
    with explorer:
        typer.echo(f"Explorer: {explorer.url}\nCtrl-C stops it.")
        if browser:
            explorer.open()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            typer.echo("\nStopped.")
