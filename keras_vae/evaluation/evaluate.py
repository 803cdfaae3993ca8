"""The evaluation of a model."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from keras_vae.checks import check_seed
from keras_vae.data import Split, SplitDataset
from keras_vae.durations import as_duration
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.budget import FULL, Budget
from keras_vae.evaluation.examples import read_data
from keras_vae.evaluation.features import Features
from keras_vae.evaluation.questions import QUESTIONS
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.subject import Subject
from keras_vae.models import Autoencoder
from keras_vae.progress import progress
from keras_vae.serialization import get

SHORT = 10.0
"""Seconds of an evaluation before anything is printed about its duration."""


def evaluate(
    model: Autoencoder,
    data: SplitDataset | Split | Any,
    questions: Sequence[str] | None = None,
    *,
    budget: Budget = FULL,
    features: str | Features = "pca",
    seed: int = 0,
    verbose: int = 0,
) -> dict[str, Result]:
    """Evaluates a model on test data, question by question.

    - `likelihood`: how well does the model explain the data?
    - `information`: how much information do the latents contain, and has the posterior collapsed?
    - `continuity`: do nearby latents decode to similar examples?
    - `completeness`: does every point of the prior decode to a meaningful example?
    - `samples`: do samples and reconstructions look like the data?
    - `disentanglement`: do latent dimensions correspond to the true factors, if these are known?

    Measurements that cannot be computed for a model or its data are left out, and the notes of the result say why.

    Args:
        model: a trained, compiled model.
        data: a `SplitDataset`, of which the test part is evaluated and compared with the training part; or test data
            alone: an array `(N, *event_shape)`, a pair `(x, y)` with labels `(N,)`, a `Split`, or a finite
            `tf.data.Dataset` of batches `x` or `(x, y)`. Comparisons with training data are then left out.
        questions: some of the names above. None answers all questions.
        budget: numbers of examples and samples; `QUICK` uses fewer.
        features: feature space for distances between examples: `"pca"`, `"pixels"`, `"encoder"`, `"classifier"`,
            `"inception"`, or a `Features` object.
        seed: seed of all random numbers.
        verbose: 1 shows progress and the time left on stderr.

    Returns:
        Name of the question -> its `Result`.

    Raises:
        InvalidInputError: for a model that is not compiled, data that the model cannot explain, unknown questions or
            features, or a budget or seed out of range.

    Example:

    >>> data = kv.data.load("digits", limit=300)
    >>> model = kv.zoo.vae(data.event_shape, 2, units=(8,), likelihood="normal", seed=0)
    >>> model.compile()
    >>> results = evaluate(model, data.test.x, ["information"])
    >>> results["information"].measurements["latent_dim"].value
    2
    """
    if not isinstance(model, Autoencoder):
        raise InvalidInputError(f"model: expected an Autoencoder, got {type(model).__name__}; evaluate(model, data).")
    if not model.compiled:
        raise InvalidInputError(f"model: {model.name} is not compiled; call model.compile() first.")
    functions, seed = check_questions(questions), check_seed(seed)
    if not isinstance(budget, Budget):
        raise InvalidInputError(f"budget: expected a Budget, such as QUICK; got {budget!r}.")
    subject = Subject(model, **read_data(model, data), budget=budget, features=features, seed=seed, verbose=verbose)
    results, start = {}, time.monotonic()
    bar = progress(functions, len(functions), "Evaluating", after=0.0, verbose=int(verbose and sys.stderr.isatty()))
    for number, name in enumerate(bar, 1):
        elapsed = time.monotonic() - start
        bar.set_description(f"Evaluating {name}")
        if verbose and bar.disable and elapsed > SHORT:
            print(f"Evaluating {name} ({number} of {len(functions)}) after {as_duration(elapsed)}", file=sys.stderr)
        results[name] = functions[name](subject)
    return results


def check_questions(questions: Sequence[str] | None) -> dict[str, Callable[[Subject], Result]]:
    """Returns the functions of questions, by name.

    Args:
        questions: names in `QUESTIONS`; None for all.

    Raises:
        InvalidInputError: for an unknown name.

    Example:

    >>> list(check_questions(["samples", "likelihood"]))
    ['samples', 'likelihood']
    """
    names = questions if isinstance(questions, Iterable) and not isinstance(questions, str) else [None]
    if questions is not None and not all(isinstance(name, str) for name in names):
        raise InvalidInputError(
            f"questions: expected a list of names, such as ['likelihood']; got {type(questions).__name__}."
        )
    return {name: get(name, QUESTIONS, part="question") for name in (questions or QUESTIONS)}


def as_json(results: Mapping[str, Result]) -> dict[str, Any]:
    """Returns the results in the types of JSON: question -> measurement -> value, with the verdict and the notes.

    The standard error of a measurement is the entry `NAME_error`.

    Args:
        results: the result of `evaluate`.

    Example:

    >>> precision = kv.evaluation.Measurement(0.9, error=0.01)
    >>> as_json({"samples": Result("Do samples look like the data?", {"precision": precision}, ("Most do.",))})
    {'samples': {'precision': 0.9, 'precision_error': 0.01, 'verdict': ['Most do.'], 'notes': []}}
    """
    return {
        name: {
            **{key: measurement.value for key, measurement in result.measurements.items()},
            **{
                f"{key}_error": measurement.error
                for key, measurement in result.measurements.items()
                if measurement.error is not None
            },
            "verdict": list(result.verdict),
            "notes": list(result.notes),
        }
        for name, result in results.items()
    }


def as_text(results: Mapping[str, Result]) -> str:
    """Returns the results as text for a terminal.

    Args:
        results: the result of `evaluate`.

    Example:

    >>> precision = kv.evaluation.Measurement(0.9, error=0.01)
    >>> print(as_text({"samples": Result("Do samples look like the data?", {"precision": precision}, ("Most do.",))}))
    Do samples look like the data?
      Most do.
        precision                                0.9 ± 0.01
    """
    lines = []
    for result in results.values():
        if lines:
            lines.append("")
        lines += [result.question, *(f"  {sentence}" for sentence in result.verdict)]
        for name, (value, unit, _, error) in result.measurements.items():
            spread = f" ± {error:.2g}" if error is not None else ""
            lines.append(f"    {name:32}{value:>12.5g}{spread}  {unit}".rstrip())
        lines += [f"  Note: {note}" for note in result.notes]
    return "\n".join(lines)
