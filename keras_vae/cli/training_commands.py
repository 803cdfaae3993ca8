"""The commands that train: one model, or many in search of the best."""

import contextlib
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[Path | None, typer.Option(help="A configuration in JSON, such as a run's config.json.")]
Recipe = Annotated[str | None, typer.Option(help="A recipe, see `keras-vae models`.", show_default="vae")]
Limit = Annotated[int | None, typer.Option(help="Training examples to keep, for a quick trial.")]
LabelColumn = Annotated[str | None, typer.Option(help="Of a table: the column with the labels.")]
UseColumns = Annotated[
    str | None, typer.Option(help="Of a table: the columns to read, divided by commas.", show_default="all")
]
DataDir = Annotated[str | None, typer.Option(help="Folder of TensorFlow Datasets.")]
Binarize = Annotated[str | None, typer.Option(help="dynamic, static or threshold.", show_default="not at all")]


def train(
    config: Config = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; runs/MODEL-DATA by default.")] = None,
    model: Recipe = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="A data set, a folder of images, .npy, .npz, .csv or .parquet, see `keras-vae data`.",
            show_default="digits",
        ),
    ] = None,
    latent_dim: Annotated[int | None, typer.Option(help="Length of the code.", show_default="8")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.", show_default="60")] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Examples per step.", show_default="128; 32 with fewer than 10,000 examples")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of Adam.", show_default="0.001")] = None,
    critic_learning_rate: Annotated[
        float | None, typer.Option(help="Of the critic's Adam.", show_default="the same")
    ] = None,
    decay: Annotated[
        str | None, typer.Option(help="Of the learning rate: cosine or none.", show_default="cosine")
    ] = None,
    likelihood: Annotated[
        str | None,
        typer.Option(help="A likelihood, see `keras-vae parts`.", show_default="by recipe and data"),
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="A kind of network, see `keras-vae parts`.", show_default="by recipe and data")
    ] = None,
    beta: Annotated[float | None, typer.Option(help="Weight of the KL (beta_vae).")] = None,
    free_bits: Annotated[float | None, typer.Option(help="Nats per latent dimension free of KL.")] = None,
    warmup_epochs: Annotated[int | None, typer.Option(help="Epochs of linear KL warm-up.", show_default="0")] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="OPTION=VALUE of the recipe or its networks, or PART.OPTION=VALUE of its posterior, likelihood, "
            "prior, corruption or critic; VALUE in JSON: units=[200,200], prior.components=20. Repeatable.",
        ),
    ] = None,
    binarize: Binarize = None,
    image_size: Annotated[int | None, typer.Option(help="Side of the images in pixels.")] = None,
    validation: Annotated[
        float | None, typer.Option(help="Part (or number) for validation.", show_default="0.1")
    ] = None,
    test: Annotated[float | None, typer.Option(help="Part (or number) for test.", show_default="0.1")] = None,
    limit: Limit = None,
    data_dir: DataDir = None,
    label_column: LabelColumn = None,
    use_columns: UseColumns = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything.", show_default="0")] = None,
    dtype_policy: Annotated[
        str | None, typer.Option(help="Of Keras, such as mixed_bfloat16.", show_default="by device")
    ] = None,
    jit_compile: Annotated[
        bool | None, typer.Option(help="Compile with XLA or not.", show_default="by network and device")
    ] = None,
    likelihood_samples: Annotated[
        int | None, typer.Option(help="Importance samples for the test log-likelihood; 0: none.", show_default="500")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write logs for TensorBoard.")] = False,
    strategy: Annotated[str, typer.Option(help="Where: auto, one, mirrored, multi-worker or tpu.")] = "auto",
    replicas: Annotated[
        int | None, typer.Option(help="Of mirrored: how many GPUs, or parts of the CPU.", show_default="all GPUs")
    ] = None,
    checkpoint_every: Annotated[
        int | None, typer.Option(help="Steps between checkpoints.", show_default="at the end of each epoch")
    ] = None,
    report: Annotated[
        bool, typer.Option(help="Evaluate the model at the end, and write evaluation.html with pictures.")
    ] = True,
) -> None:
    """Train a model and report on it."""
    from keras_vae.cli.overrides import merged, parse_settings
    from keras_vae.errors import InvalidInputError
    from keras_vae.training import Run, TrainingConfig
    from keras_vae.training import train as run_training

    given = _given(
        model=model, data=data, latent_dim=latent_dim, epochs=epochs, batch_size=batch_size,
        learning_rate=learning_rate, critic_learning_rate=critic_learning_rate, decay=decay, likelihood=likelihood,
        network=network, warmup_epochs=warmup_epochs, binarize=binarize, image_size=image_size, validation=validation,
        test=test, limit=limit, data_dir=data_dir, seed=seed, dtype_policy=dtype_policy, jit_compile=jit_compile,
        likelihood_samples=likelihood_samples, label_column=label_column,
        use_columns=columns_of(use_columns),
    )  # fmt: skip
    given |= {name: int(given[name]) for name in ("validation", "test") if given.get(name, 0) > 1}
    options = parse_settings(setting or []) | _given(beta=beta, free_bits=free_bits)
    if resume and overwrite:
        raise InvalidInputError("--resume and --overwrite: expected one of the two; drop one.")
    if resume and out is not None and config is None and Run(out).exists:
        base = Run(out).config()
    else:
        base = TrainingConfig.read(config) if config else TrainingConfig()
    chosen = base.replace(**given, options=merged(base.options, options))
    out = out or Path("runs") / f"{chosen.model}-{Path(chosen.data).stem}"
    try:
        run = run_training(
            chosen, out, resume=resume, overwrite=overwrite, tensorboard=tensorboard,
            strategy=strategy, replicas=replicas, checkpoint_every=checkpoint_every, report=report,
        )  # fmt: skip
    except KeyboardInterrupt as stop:
        code = 128 + (stop.args[0] if stop.args else signal.SIGINT)
        if not Run(out).exists:
            typer.echo("\nStopped before anything was written.", err=True)
            raise typer.Exit(code) from None
        done = len(Run(out).read_history().get("epoch", []))
        typer.echo(
            f"\nStopped. Finished epochs: {done}, saved in {out}. Go on with:\n  keras-vae train --resume --out {out}",
            err=True,
        )
        raise typer.Exit(code) from None
    if not run["model.keras"].exists():
        return  # a worker that is not the chief
    if not report:
        typer.echo(f"\nModel: {run['model.keras']}\nReport on it with:\n  keras-vae train --resume --out {out}")
        return
    typer.echo("\n".join(["", *_verdict(run), "", f"Report: {run['evaluation.html']}"]))


def tune(
    config: Config = None,
    out: Annotated[Path | None, typer.Option(help="The folder; runs/tune-MODEL-DATA by default.")] = None,
    model: Recipe = None,
    data: Annotated[str | None, typer.Option(help="See `keras-vae train`.", show_default="digits")] = None,
    space: Annotated[
        list[str] | None,
        typer.Option(
            help="What to search: NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE; NAME is a setting of "
            "`keras-vae train`, an option or PART.OPTION: latent_dim=2:32:log, beta=0.5:4, "
            "prior.name=standard_normal,mixture. Repeatable.",
            show_default="latent_dim, learning_rate, dense layers, beta",
        ),
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="What all trials share, see `keras-vae train`. Repeatable.")
    ] = None,
    tuner: Annotated[str, typer.Option(help="random, bayesian or hyperband.")] = "bayesian",
    max_trials: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    objective: Annotated[
        str,
        typer.Option(
            help="val_elbo, val_nll, log_likelihood, reconstruction_mse, active_units; NAME:min or NAME:max for others."
        ),
    ] = "val_elbo",
    epochs: Annotated[int | None, typer.Option(help="Of each trial, at most.", show_default="60")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples per step.", show_default="as in train")] = None,
    limit: Limit = None,
    binarize: Binarize = None,
    data_dir: DataDir = None,
    label_column: LabelColumn = None,
    use_columns: UseColumns = None,
    seed: Annotated[int | None, typer.Option(help="Of the search and of each trial.", show_default="0")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that train; 0: this one alone.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search in --out.")] = False,
) -> None:
    """Search for the best hyper-parameters, and train the best model."""
    from keras_vae.cli.overrides import merged, parse_settings
    from keras_vae.training import TrainingConfig
    from keras_vae.tuning import parse_space
    from keras_vae.tuning import tune as search
    from keras_vae.tuning.workers import is_worker
    from keras_vae.tuning.workers import workers as start_workers

    given = _given(
        model=model, data=data, epochs=epochs, batch_size=batch_size, limit=limit, binarize=binarize,
        data_dir=data_dir, seed=seed, label_column=label_column, use_columns=columns_of(use_columns),
    )  # fmt: skip
    base = TrainingConfig.read(config) if config else TrainingConfig()
    options = merged(base.options, parse_settings(setting or []))
    chosen = base.replace(**given, options=options)
    out = out or Path("runs") / f"tune-{chosen.model}-{Path(chosen.data).stem}"
    axes = parse_space(space) if space else None
    helpers = contextlib.nullcontext()
    if workers and not is_worker():
        helpers = start_workers(sys.argv, workers)
    try:
        with helpers:
            best = search(
                chosen, out, space=axes, tuner=tuner, max_trials=max_trials, objective=objective, resume=resume
            )
    except KeyboardInterrupt as stop:
        typer.echo(f"\nStopped. Go on with the same command and --resume --out {out}.", err=True)
        raise typer.Exit(128 + (stop.args[0] if stop.args else signal.SIGINT)) from None
    if best is None:
        return
    typer.echo(f"\nBest: {best.path}\nPicture: {out / 'search.png'}")


def columns_of(text: str | None) -> list[str] | None:
    """Names of columns that are divided by commas."""
    return None if text is None else [name.strip() for name in text.split(",")]


def _given(**values: Any) -> dict[str, Any]:
    """What was given on the command line."""
    return {name: value for name, value in values.items() if value is not None}


def _verdict(run) -> list[str]:
    answers = run.read_json("evaluation.json")["answers"]
    return [sentence for answer in answers.values() for sentence in answer["verdict"]]


ALL = (train, tune)
