"""A model as a SavedModel that TF Serving loads."""

import contextlib
import math
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.data import Split
from keras_vae.errors import InvalidInputError
from keras_vae.files import check_writable, new_parents, partial_folder
from keras_vae.models import Autoencoder, SemiSupervisedAutoencoder
from keras_vae.models.inference import in_batches
from keras_vae.models.inputs import check_examples
from keras_vae.progress import progress
from keras_vae.serving import model_card, recorded, warmup
from keras_vae.serving.checks import check_export
from keras_vae.serving.columns import write_columns
from keras_vae.serving.example_inputs import example_inputs
from keras_vae.serving.extra import is_installed
from keras_vae.serving.options import ExportOptions
from keras_vae.serving.precision import ServedWeights, with_precision
from keras_vae.serving.quantiles import Quantiles
from keras_vae.serving.signatures import Signature, log_density, signatures_of
from keras_vae.serving.versions import versions_in

MOST_TRAINING_EXAMPLES = 10_000
RECORDED_BATCH = 3


def export(
    model: Autoencoder,
    directory: str | os.PathLike,
    *,
    options: ExportOptions | None = None,
    training: Split | None = None,
    card: Mapping[str, model_card.Section] | None = None,
    columns: Mapping[str, Any] | None = None,
    check: bool = True,
    verbose: int = 0,
) -> Path:
    """Writes the next integer version of `model` under `directory`; a watcher never sees half of one.

    A version holds the SavedModel and, in `assets.extra/`, what goes with it: warm-up requests for TF Serving (where
    `tensorflow-serving-api` is installed), the model's own answers to a few questions, and `model_card.md`. It is
    checked (see `check_export`) before it gets its number, so what would break in TF Serving is never published.

    Args:
        model: a built model; it need not be compiled.
        directory: folder of the servable, such as `saved_models/digits`.
        options: see `ExportOptions`; what is answered: see `signatures_of`.
        training: the training examples, whose scores `anomaly` compares with; without them there is no `anomaly`.
        card: heading -> name -> value, or lines of Markdown, for the model card: data, metrics, limits.
        columns: how the table was read that the model was trained on, the options of `keras_vae.data.table.read_table`,
            for bulk work on other tables.
        check: False skips the check, which takes some seconds.
        verbose: 1 shows progress when it takes long, and prints what the check found.

    Returns:
        The folder of the new version, such as `saved_models/digits/1`.

    Raises:
        InvalidInputError: if `directory` is a file or holds things that are no versions of a model, or model, data and
            options do not go together, or the check finds a problem.
        OSError: if the folder cannot be written; nothing is left of the version then.

    Example:

    >>> export(vae((8, 8, 1), 4, units=(32,)), "saved_models/example").name
    '1'
    """
    directory = Path(directory)
    _check_directory(directory)
    check_target(directory)
    servable = Servable(model, options or ExportOptions(), training, verbose=verbose)
    _ = servable.signatures  # refuses what it cannot export before anything is written
    with new_parents(directory / "1"), partial_folder(directory.resolve()) as temporary:
        version = temporary / "version"
        servable.write(version, directory.resolve().name, card or {})
        if columns is not None:
            write_columns(version, columns)
        if check:
            _check(version, directory, verbose)
        return _publish(version, directory)


def check_target(directory: Path) -> None:
    """Raises `OSError` unless a version can be made, which is done beside the folder and then moved into it."""
    for folder in (directory, directory.resolve().parent):
        check_writable(folder)


class Servable:
    """What is written for a model: its signatures, and what goes with them.

    Args:
        model: see `export`, and so are the others.
    """

    def __init__(self, model: Autoencoder, options: ExportOptions, training: Split | None, *, verbose: int = 0):
        self.original = model
        self.options = options
        self.training = training
        self.verbose = verbose
        self.model = with_precision(model, options.precision) if "float16" in options.precision else model
        packed, constant = options.precision == "int8", options.signature is not None
        self.weights = ServedWeights(self.model, packed=packed, constant=constant) if packed or constant else None
        if training is not None:
            check_examples(training.x, model.likelihood, part="training")

    @cached_property
    def scores(self) -> np.ndarray:
        """The scores of training examples by what is served, nats, `(N,)`, N at most 10,000."""
        return self._scored(self.model, self.scope)

    @cached_property
    def loss_of_precision(self) -> float:
        """By how much the mean score of the training examples falls for the precision, in nats per example."""
        return float(np.mean(self._scored(self.original, contextlib.nullcontext)) - np.mean(self.scores))

    @cached_property
    def quantiles(self) -> Quantiles | None:
        """The distribution of these scores; None without training examples."""
        return None if self.training is None else Quantiles.of(self.scores)

    @cached_property
    def signatures(self) -> dict[str, Signature]:
        """What is answered, by name."""
        return signatures_of(self.model, self.options, self.quantiles, scope=self.scope)

    @cached_property
    def functions(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """Each signature as a graph, with its inputs and outputs by name."""
        silence = 2.0 if self.verbose else math.inf
        names = progress(self.signatures, len(self.signatures), "Tracing signatures", after=silence)
        return {name: self._traced(self.signatures[name]) for name in names}

    def scope(self) -> contextlib.AbstractContextManager:
        """Where the model has the weights that are served."""
        return contextlib.nullcontext() if self.weights is None else self.weights.scope()

    def answer(self, name: str, n: int) -> recorded.Answer:
        """A question to a signature, with `n` rows, and what the model says."""
        x = None if self.training is None else self.training.x
        inputs = example_inputs(self.model, self.signatures[name], n, x=x)
        outputs = self.functions[name](**{key: tf.constant(value) for key, value in inputs.items()})
        return recorded.Answer(inputs, {key: value.numpy() for key, value in outputs.items()})

    def write(self, version: Path, name: str, card: Mapping[str, model_card.Section]) -> None:
        """Writes the SavedModel and its `assets.extra` into a new folder."""
        module, functions = tf.Module(), self.functions
        module.weights = list({id(v): v for function in functions.values() for v in function.variables}.values())
        tf.saved_model.save(module, str(version), signatures=functions)
        extra = version / "assets.extra"
        extra.mkdir()
        recorded.write_recorded(
            extra / recorded.FILE, {key: self.answer(key, RECORDED_BATCH) for key in self.signatures}
        )
        inputs = {key: {spec.name: spec for spec in signature.inputs} for key, signature in self.signatures.items()}
        if is_installed("tensorflow_serving"):
            warmup.write_warmup(extra / warmup.FILE, name, inputs, self.options.batch_sizes)
        (extra / model_card.FILE).write_text(model_card.model_card(self, name, card))

    def _traced(self, signature):
        specs = {spec.name: spec for spec in signature.inputs}
        function = tf.function(lambda **inputs: signature.function(*(inputs[name] for name in specs)), autograph=False)
        return function.get_concrete_function(**specs)

    def _scored(self, model, scope):
        score = log_density(model, self.options, scope=scope)
        chosen = self.training[:MOST_TRAINING_EXAMPLES]
        batch_size = max(1, model._batch_size(None) // self.options.samples)
        told = model.condition is not None and not isinstance(model, SemiSupervisedAutoencoder)
        conditions = [model.condition.check(chosen.y, len(chosen))] if told else []
        return in_batches(lambda x, *y: score(model.prepare(x), *y), batch_size, chosen.x, *conditions).numpy()


def _check(version: Path, directory: Path, verbose: int) -> None:
    found = check_export(version)
    if verbose:
        print(found.as_text())
    if not found.ok:
        raise InvalidInputError(f"{directory}: nothing was published, for a server would fail: {found.problems[0]}")


def _check_directory(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        raise InvalidInputError(f"{directory}: it is a file; expected a folder for versions of the model.")
    entries = {entry.name for entry in directory.iterdir()} if directory.is_dir() else set()
    foreign = entries - {path.name for path in versions_in(directory).values()}
    if foreign:
        raise InvalidInputError(
            f"{directory}: expected an empty folder or one of numbered versions, found {min(foreign)!r}; "
            "choose another folder."
        )


def _publish(version: Path, directory: Path) -> Path:
    """Gives a finished version the next number, in one step; another export at the same time gets another one."""
    while True:
        target = directory / str(1 + max(versions_in(directory), default=0))
        target.parent.mkdir(parents=True, exist_ok=True)  # another export that failed may have removed it
        try:
            return version.rename(target)
        except OSError:
            if not target.exists():
                raise
