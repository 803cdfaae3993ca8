"""The commands; each imports what it needs when it runs, so that `--help` answers at once."""

import json as json_format
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Source = Annotated[Path, typer.Argument(help="A run folder, or a .keras file.", show_default=False)]
Data = Annotated[str | None, typer.Option(help="What to read; the run's own test split by default.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")]
Seed = Annotated[int, typer.Option(help="Seed of the draws and of the choice of examples.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")]
TO_PICTURE = "Where to: .png for a picture, .npy for the array."


def train(
    config: Annotated[Path | None, typer.Option(help="A configuration in JSON, such as a run's config.json.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; runs/MODEL-DATA by default.")] = None,
    model: Annotated[str | None, typer.Option(help="A recipe, see `keras-vae models`.", show_default="vae")] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A data set, a folder of images, .npy or .npz, see `keras-vae data`.", show_default="digits"),
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
    binarize: Annotated[
        str | None, typer.Option(help="dynamic, static or threshold.", show_default="not at all")
    ] = None,
    image_size: Annotated[int | None, typer.Option(help="Side of the images in pixels.")] = None,
    validation: Annotated[
        float | None, typer.Option(help="Part (or number) for validation.", show_default="0.1")
    ] = None,
    test: Annotated[float | None, typer.Option(help="Part (or number) for test.", show_default="0.1")] = None,
    limit: Annotated[int | None, typer.Option(help="Training examples to keep, for a quick trial.")] = None,
    data_dir: Annotated[str | None, typer.Option(help="Folder of TensorFlow Datasets.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything.", show_default="0")] = None,
    dtype_policy: Annotated[
        str | None, typer.Option(help="Of Keras, such as mixed_bfloat16.", show_default="float32")
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
) -> None:
    """Train a model and report on it."""
    from keras_vae.cli.overrides import merged, parse_settings
    from keras_vae.errors import InvalidInputError
    from keras_vae.training import Run, TrainingConfig
    from keras_vae.training import train as run_training

    given = {
        "model": model, "data": data, "latent_dim": latent_dim, "epochs": epochs, "batch_size": batch_size,
        "learning_rate": learning_rate, "critic_learning_rate": critic_learning_rate,
        "decay": decay, "likelihood": likelihood, "network": network,
        "warmup_epochs": warmup_epochs, "binarize": binarize, "image_size": image_size, "validation": validation,
        "test": test, "limit": limit, "data_dir": data_dir, "seed": seed, "dtype_policy": dtype_policy,
        "jit_compile": jit_compile, "likelihood_samples": likelihood_samples,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    given |= {name: int(given[name]) for name in ("validation", "test") if given.get(name, 0) > 1}
    options = parse_settings(setting or [])
    options |= {name: value for name, value in (("beta", beta), ("free_bits", free_bits)) if value is not None}
    if resume and overwrite:
        raise InvalidInputError("--resume and --overwrite: expected one of the two; drop one.")
    if resume and out is not None and config is None and Run(out).exists:
        base = Run(out).config()
    else:
        base = TrainingConfig.read(config) if config else TrainingConfig()
    chosen = base.replace(**given, options=merged(base.options, options))
    out = out or Path("runs") / f"{chosen.model}-{Path(chosen.data).stem}"
    try:
        run = run_training(chosen, out, resume=resume, overwrite=overwrite, tensorboard=tensorboard)
    except KeyboardInterrupt:
        if not Run(out).exists:
            typer.echo("\nStopped before anything was written.", err=True)
            raise typer.Exit(130) from None
        done = len(Run(out).read_history().get("epoch", []))
        typer.echo(
            f"\nStopped. Finished epochs: {done}, saved in {out}. Go on with:\n  keras-vae train --resume --out {out}",
            err=True,
        )
        raise typer.Exit(130) from None
    typer.echo("\n".join(["", *_verdict(run), "", f"Report: {run['report.html']}"]))


Quick = Annotated[bool, typer.Option("--quick", help="Look at fewer examples; under a minute for small images.")]
Questions = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="likelihood, information, continuity, completeness, samples or disentanglement. Repeatable.",
        show_default="all",
    ),
]
FeatureSpace = Annotated[
    str, typer.Option("--features", help="Where distances are taken: pca, pixels, encoder, classifier or inception.")
]
Samples = Annotated[
    int | None, typer.Option(min=0, help="Importance samples for the log-likelihood.", show_default="500; quick: 50")
]


def evaluate(
    run: Source,
    data: Data = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    only: Questions = None,
    quick: Quick = False,
    samples: Samples = None,
    features: FeatureSpace = "pca",
    seed: Seed = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Write evaluation.html and .json beside the model.")] = False,
) -> None:
    """Answer what one asks of a model: likelihood, codes, latent space, samples, factors."""
    from keras_vae.cli.evaluations import budget_of, write_report
    from keras_vae.cli.sources import subject_of
    from keras_vae.evaluation import as_json, as_text, check_questions
    from keras_vae.evaluation import evaluate as ask

    check_questions(only)
    budget = budget_of(quick, samples)
    verbose = int(sys.stdout.isatty() and not json)
    subject = subject_of(run, data, split, budget=budget, features=features, seed=seed, verbose=verbose)
    answers = ask(subject, only)
    typer.echo(json_format.dumps(as_json(answers), indent=2) if json else as_text(answers))
    if report:
        settings = {
            "data": data,
            "split": split,
            "quick": quick,
            "samples": samples,
            "features": features,
            "seed": seed,
        }
        page = write_report(run, answers, settings)
        typer.echo(f"\nReport: {page}", err=json)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, two or more.", show_default=False)],
    out: Annotated[Path, typer.Option(help="A folder for the table, the pictures and the page.")] = Path("comparison"),
    data: Data = None,
    only: Questions = None,
    quick: Quick = False,
    samples: Samples = None,
    features: FeatureSpace = "pca",
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier comparison in --out.")] = False,
) -> None:
    """Evaluate several runs on the same test examples, and write one table and pictures side by side."""
    from keras_vae.cli.evaluations import budget_of, check_comparable, check_out_folder, names_of, write_comparison
    from keras_vae.cli.sources import subject_of
    from keras_vae.evaluation import check_questions, compare_answers
    from keras_vae.evaluation import evaluate as ask

    check_questions(only)
    names = names_of(runs)
    notes = check_comparable(runs, data)
    check_out_folder(out, overwrite=overwrite)
    options = {
        "budget": budget_of(quick, samples),
        "features": features,
        "seed": seed,
        "verbose": int(sys.stdout.isatty()),
    }
    found, images = {}, {}
    for name, run in zip(names, runs, strict=True):
        typer.echo(f"{name} ...", err=True)
        subject = subject_of(run, data, "test", **options)
        found[name] = ask(subject, only)
        images[name] = None if subject.model.prior is None else subject.samples[:10]
    typer.echo("\n".join([compare_answers(found).as_text(), *(f"Note: {note}" for note in notes)]))
    typer.echo(f"\nWritten: {write_comparison(out, found, images, notes)}")


def encode(
    run: Source,
    out: Annotated[Path, typer.Option(help="Where to: a .npz file with mean, stddev and, if known, labels.")],
    data: Data = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    overwrite: Overwrite = False,
) -> None:
    """Write the posterior of each example: its mean and standard deviation."""
    from keras_vae.cli.outputs import check_out, write_arrays
    from keras_vae.cli.sources import condition_of, examples, model_of, spread_of

    check_out(out, ".npz", overwrite=overwrite)
    model = model_of(run)
    chosen = examples(run, data, split)
    posterior = model.encode(chosen.x, condition=condition_of(model, chosen.y))
    arrays = {"mean": posterior.mean().numpy()} | spread_of(posterior)
    write_arrays(out, arrays if chosen.y is None else {**arrays, "labels": chosen.y})


def reconstruct(
    run: Source,
    out: Annotated[Path, typer.Option(help=TO_PICTURE)],
    data: Data = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    limit: Limit = 20,
    sample: Annotated[bool, typer.Option("--sample", help="Draw x ~ p(x | z) instead of E[x | z].")] = False,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Pass examples through the code and back."""
    from keras_vae import plots
    from keras_vae.cli.outputs import check_out, write_picture_or_array
    from keras_vae.cli.sources import condition_of, examples, model_of

    check_out(out, ".png", ".npy", overwrite=overwrite)
    model = model_of(run)
    chosen = examples(run, data, split)[:limit]
    x, condition = chosen.x, condition_of(model, chosen.y)
    reconstructed = model.reconstruct(x, condition=condition, draw="sample" if sample else "mean", seed=seed)
    write_picture_or_array(
        out, reconstructed, lambda: plots.plot_reconstructions(model.prepare(x).numpy(), reconstructed)
    )


def sample(
    run: Source,
    out: Annotated[Path, typer.Option(help=TO_PICTURE)],
    limit: Limit = 64,
    label: Annotated[
        int | None, typer.Option(help="Of a conditional model: what to draw.", show_default="each")
    ] = None,
    pixels: Annotated[bool, typer.Option("--pixels", help="Draw x ~ p(x | z) instead of E[x | z].")] = False,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Draw new examples from the prior."""
    from keras_vae import plots
    from keras_vae.cli.outputs import check_out, write_picture_or_array
    from keras_vae.cli.sources import labels_to_draw, model_of

    check_out(out, ".png", ".npy", overwrite=overwrite)
    model = model_of(run)
    condition = labels_to_draw(model, limit, label)
    drawn = model.sample(limit, seed=seed, condition=condition, draw="sample" if pixels else "mean")
    write_picture_or_array(out, drawn, lambda: plots.plot_samples(drawn))


def traverse(
    run: Source,
    out: Annotated[Path, typer.Option(help=TO_PICTURE)],
    span: Annotated[float, typer.Option(help="Each dimension goes from -SPAN to SPAN.")] = 3.0,
    steps: Annotated[int, typer.Option(min=2, help="Stops on the way.")] = 11,
    example: Annotated[int | None, typer.Option(help="Start at this test example instead of the prior mean.")] = None,
    label: Annotated[int, typer.Option(help="Of a conditional model, without --example.")] = 0,
    data: Data = None,
    overwrite: Overwrite = False,
) -> None:
    """Move along one latent dimension at a time."""
    import numpy as np

    from keras_vae import plots
    from keras_vae.cli.outputs import check_out, write_picture_or_array
    from keras_vae.cli.sources import examples, model_of, pick

    check_out(out, ".png", ".npy", overwrite=overwrite)
    model = model_of(run)
    start, condition = None, label if model.condition is not None else None
    if example is not None:
        chosen = examples(run, data, "test")
        start = pick(chosen.x, example)
        condition = None if model.condition is None else chosen.y[example]
    values = np.linspace(-span, span, steps)
    paths = model.traverse(start, condition=condition, values=values)
    write_picture_or_array(out, paths, lambda: plots.plot_traversals(paths, values))


def interpolate(
    run: Source,
    out: Annotated[Path, typer.Option(help=TO_PICTURE)],
    data: Data = None,
    pairs: Annotated[int, typer.Option(min=1, help="How many pairs of test examples.")] = 5,
    steps: Annotated[int, typer.Option(min=2, help="Stops on the way, ends included.")] = 10,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Walk between pairs of test examples in the latent space."""
    from keras_vae import plots
    from keras_vae.cli.outputs import check_out, write_picture_or_array
    from keras_vae.cli.sources import condition_of, examples, model_of, pick_pairs

    check_out(out, ".png", ".npy", overwrite=overwrite)
    model = model_of(run)
    chosen = examples(run, data, "test")
    starts, ends = pick_pairs(len(chosen), pairs, seed)
    condition = condition_of(model, chosen.y)
    paths = model.interpolate(
        chosen.x[starts], chosen.x[ends], condition=None if condition is None else condition[starts], steps=steps
    )
    starts, ends = chosen.x[starts], chosen.x[ends]
    endpoints = (model.prepare(starts).numpy(), model.prepare(ends).numpy())
    write_picture_or_array(out, paths, lambda: plots.plot_interpolation(paths, endpoints=endpoints))


def export(
    run: Source,
    directory: Annotated[
        Path | None, typer.Argument(help="Folder of the servable; saved_models/RUN by default.")
    ] = None,
) -> None:
    """Write the next version of a SavedModel for TF Serving, and check it against the model."""
    from keras_vae.cli.sources import model_of, probe
    from keras_vae.errors import InvalidInputError
    from keras_vae.serving import check_export
    from keras_vae.serving import export as write

    model = model_of(run)
    version = write(model, directory or Path("saved_models") / run.name.removesuffix(".keras"))
    differences = check_export(model, version, probe(model))
    for name, difference in differences.items():
        typer.echo(f"{name:16} differs from the model by at most {difference:.1e}")
    if max(differences.values()) > 1e-5:
        raise InvalidInputError(f"{version}: the export differs from the model by more than 1e-5; do not serve it.")
    typer.echo(f"Exported: {version}")


def models() -> None:
    """List the recipes: family, paper, and what they are for."""
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
    """List the posteriors, likelihoods, priors and networks that any recipe can be given."""
    from keras_vae.distributions import LIKELIHOODS, POSTERIORS
    from keras_vae.networks import NETWORKS
    from keras_vae.priors import PRIORS

    for name, known in (
        ("--set posterior.name=", POSTERIORS),
        ("--likelihood ", LIKELIHOODS),
        ("--set prior.name=", PRIORS),
        ("--network ", NETWORKS),
    ):
        typer.echo(f"{name}\n  {', '.join(known)}\n")


def data(
    source: Annotated[str | None, typer.Argument(help="Describe this one: a name, a folder, .npy or .npz.")] = None,
    image_size: Annotated[int | None, typer.Option(help="Side of the images in pixels.")] = None,
    data_dir: Annotated[str | None, typer.Option(help="Folder of TensorFlow Datasets.")] = None,
) -> None:
    """List the data sets known by name, or describe one."""
    from keras_vae.data import load, names

    if source is None:
        _table(names())
        typer.echo("\nAlso: any TensorFlow Datasets image set, a folder of images, .npy and .npz files.")
    else:
        typer.echo(load(source, image_size=image_size, data_dir=data_dir).describe())


def _table(rows: dict[str, Any]) -> None:
    width = max(map(len, rows)) + 2
    typer.echo("\n".join(f"{name:{width}}{text}" for name, text in rows.items()))


def _verdict(run) -> list[str]:
    from keras_vae.evaluation import verdict

    return verdict(run.read_json("metrics.json"))


ALL = (train, evaluate, compare, encode, reconstruct, sample, traverse, interpolate, export, models, parts, data)
