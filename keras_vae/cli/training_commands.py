"""The commands that train one model, or search for the best model."""

import contextlib
import shlex
import signal
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_vae.cli.imports import import_modules, import_recorded
from keras_vae.cli.settings import settings_of
from keras_vae.text import split_names
from keras_vae.training.config import TrainingConfig

TARGETED = "geco_vae"
"""The recipe that finds the weight of its KL."""

Config = Annotated[Path | None, typer.Option(help="Configuration in JSON, such as the config.json of a run.")]


@settings_of(TrainingConfig)
def train(
    *,
    config: Config = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/MODEL-DATA by default.")] = None,
    settings: dict[str, Any],
    beta: Annotated[float | None, typer.Option(help="Weight of the KL, for beta_vae.")] = None,
    free_bits: Annotated[float | None, typer.Option(help="Nats of KL per latent dimension without penalty.")] = None,
    target_rate: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="KL per example at which training keeps the model by the weight of the KL, such as 20bits or 14nats "
            "(or 14, in nats); trains a geco_vae.",
        ),
    ] = None,
    target_error: Annotated[
        float | None,
        typer.Option(
            help="Mean squared error per value of the reconstructions, likewise; pixels are from 0 to 1, so that 0.01 "
            "is an error of 0.1 of the range."
        ),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="OPTION=VALUE",
            help="Option of the recipe or its networks, OPTION=VALUE, or of its posterior, likelihood, prior, "
            "corruption, augmentation, critic or optimizer, PART.OPTION=VALUE; VALUE in JSON: units=[200,200], "
            "prior.components=20, optimizer.global_clipnorm=1. Repeatable.",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")] = False,
    log: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...",
            help="Where to log: tensorboard (in logs/ of the run, with pictures and the latents), mlflow or wandb.",
        ),
    ] = None,
    strategy: Annotated[
        str, typer.Option(help="Distribution strategy: auto, one, mirrored, multi-worker or tpu.")
    ] = "auto",
    replicas: Annotated[
        int | None, typer.Option(help="Number of replicas of mirrored: GPUs, or logical CPUs.", show_default="all GPUs")
    ] = None,
    checkpoint_every: Annotated[
        int | None, typer.Option(help="Number of steps between checkpoints.", show_default="at the end of each epoch")
    ] = None,
    max_time: Annotated[
        str | None,
        typer.Option(
            help="Time after which the training stops with a checkpoint, such as 2h, 90m, 45s or a number of seconds.",
            show_default="none",
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option(help="Evaluate the model at the end, and write evaluation.html with pictures.")
    ] = True,
) -> None:
    """Train a model and evaluate it."""
    from keras_vae.cli.overrides import check_given_once, merged, parse_settings
    from keras_vae.errors import InvalidInputError
    from keras_vae.training import Run
    from keras_vae.training import train as run_training

    weights = {"beta": beta, "free_bits": free_bits}
    targets = {"target_rate": target_rate, "target_error": target_error}
    given = {name: value for name, value in {**weights, **targets}.items() if value is not None}
    options = parse_settings(setting or [])
    check_given_once(options, given)
    options |= given
    if "latent_dim" in settings and isinstance(options.get("levels"), list):
        raise InvalidInputError("--latent-dim and --set levels: expected one of the two, the lengths of all; drop one.")
    if resume and overwrite:
        raise InvalidInputError("--resume and --overwrite: expected one of the two; drop one.")
    if resume and out is not None and config is None and Run(out).exists:
        config = Run(out)["config.json"]
    base = _base(config, settings)
    if given.keys() & targets and config is None:
        settings = {"model": TARGETED, **settings}
    training_config = base.replace(**settings, options=merged(base.options, options))
    _import(training_config, settings, config)
    _check_targets(training_config.model, given, targets)
    out = out or Path("runs") / _name_of(training_config)
    try:
        run = run_training(
            training_config, out, resume=resume, overwrite=overwrite,
            log=[name for text in log or () for name in split_names("--log", text)],
            strategy=strategy, replicas=replicas, checkpoint_every=checkpoint_every, max_time=max_time,
            report=report,
        )  # fmt: skip
    except KeyboardInterrupt as stop:
        code = 128 + (stop.args[0] if stop.args else signal.SIGINT)
        if not Run(out).exists:
            typer.echo("\nStopped before anything was written.", err=True)
            raise typer.Exit(code) from None
        done = len(Run(out).read_history().get("epoch", []))
        typer.echo(
            f"\nStopped. Finished epochs: {done}, saved in {out}. Resume with:\n"
            f"  keras-vae train --resume --out {shlex.quote(str(out))}",
            err=True,
        )
        raise typer.Exit(code) from None
    if not run.exists:
        return  # a worker that is not the chief
    if not run.is_finished:
        return  # after `max_time`; `train` has printed how to resume
    if not report:
        typer.echo(
            f"\nModel: {run['model.keras']}\nReport on it with:\n  keras-vae evaluate {shlex.quote(str(out))} --report"
        )
        return
    typer.echo("\n".join(["", *_verdict(run), "", f"Report: {run['evaluation.html']}"]))


@settings_of(TrainingConfig, panel="Settings of all trials, as in train")
def tune(
    *,
    config: Config = None,
    out: Annotated[Path | None, typer.Option(help="Output folder; runs/tune-MODEL-DATA by default.")] = None,
    space: Annotated[
        list[str] | None,
        typer.Option(
            help="Axis of the search space: NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE; NAME is a setting of "
            "`keras-vae train`, an option or PART.OPTION: latent_dim=2:32:log, beta=0.5:4, "
            "prior.name=standard_normal,mixture. Repeatable.",
            metavar="NAME=VALUES",
            show_default="latent_dim, learning_rate, dense layers, beta",
        ),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="Option of all trials, see `keras-vae train`. Repeatable."),
    ] = None,
    tuner: Annotated[str, typer.Option(help="Search algorithm: random, bayesian or hyperband.")] = "bayesian",
    max_trials: Annotated[int, typer.Option(min=1, help="Maximum number of trials.")] = 20,
    objective: Annotated[
        str,
        typer.Option(
            help="Metric to optimize: val_elbo, val_nll, log_likelihood, reconstruction_mse or active_units; NAME:min "
            "or NAME:max for another."
        ),
    ] = "val_elbo",
    workers: Annotated[int, typer.Option(min=0, help="Number of worker processes; 0 trains in this process.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the search in --out.")] = False,
    settings: dict[str, Any],
) -> None:
    """Search for the best hyper-parameters, and train the best model."""
    from keras_vae.cli.overrides import merged, names_of, parse_settings
    from keras_vae.errors import InvalidInputError
    from keras_vae.tuning import parse_space
    from keras_vae.tuning import tune as search
    from keras_vae.tuning.workers import is_worker
    from keras_vae.tuning.workers import workers as start_workers

    base = _base(config, settings)
    options = parse_settings(setting or [])
    axes = parse_space(space) if space else None
    for axis in axes or ():
        if axis.name in settings or axis.name in names_of(options):
            option = _flag(axis.name) if axis.name in settings else f"--set {axis.name}"
            raise InvalidInputError(f"--space {axis.name} and {option}: expected one of the two; drop one.")
    training_config = base.replace(**settings, options=merged(base.options, options))
    _import(training_config, settings, config)
    out = out or Path("runs") / f"tune-{_name_of(training_config)}"
    helpers = contextlib.nullcontext()
    if workers and not is_worker():
        helpers = start_workers(sys.argv, workers)
    try:
        with helpers:
            best = search(
                training_config, out, space=axes, tuner=tuner, max_trials=max_trials, objective=objective, resume=resume
            )
    except KeyboardInterrupt as stop:
        typer.echo(f"\nStopped. Resume with the same command and --resume --out {shlex.quote(str(out))}.", err=True)
        raise typer.Exit(128 + (stop.args[0] if stop.args else signal.SIGINT)) from None
    if best is None:
        return
    typer.echo(f"\nBest: {best.path}\nPicture: {out / 'search.png'}")


def _check_targets(model: str, given: Collection[str], targets: Collection[str]) -> None:
    """Raises `InvalidInputError` for a target beside a weight, or of a model that does not find its weight."""
    from keras_vae import zoo
    from keras_vae.errors import InvalidInputError

    for name in given:
        if name in targets and not zoo.takes(model, name):
            raise InvalidInputError(
                f"{_flag(name)}: the model {model!r} does not find the weight of its KL in training; use --model "
                f"{TARGETED}, with the parts of {model} by --set, or leave the option out."
            )
        if name not in targets and (those := [_flag(each) for each in given if each in targets]):
            raise InvalidInputError(
                f"{those[0]}: training finds the weight of the KL itself, and {_flag(name)} would have no effect; "
                "leave out one of the two."
            )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _base(path: Path | None, settings: dict[str, Any]) -> TrainingConfig:
    """Returns the configuration of a file, adapted to the data of the settings, or the default configuration."""
    if path is None:
        return TrainingConfig()
    from keras_vae.training import with_data

    config = TrainingConfig.read(path)
    return with_data(config, settings["data"]) if "data" in settings else config


def _import(config: TrainingConfig, settings: dict[str, Any], path: Path | None) -> None:
    """Imports the modules of the configuration, and prints their names unless they are from the command line."""
    if path is not None and "imports" not in settings:
        import_recorded(config, path)
    else:
        import_modules(config.imports)
        import_modules(config.modules, part="--model ")


def _name_of(config: TrainingConfig) -> str:
    """Returns the default name of a run folder: recipe and data."""
    return f"{config.model.rpartition(':')[2]}-{Path(config.data).stem}"


def _verdict(run) -> list[str]:
    answers = run.read_json("evaluation.json")["answers"]
    return [sentence for answer in answers.values() for sentence in answer["verdict"]]
