"""All questions, asked of one model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.answer import Answer
from keras_vae.evaluation.questions import QUESTIONS
from keras_vae.evaluation.subject import Subject
from keras_vae.progress import progress
from keras_vae.serialization import get


def evaluate(subject: Subject, questions: Sequence[str] | None = None) -> dict[str, Answer]:
    """Asks a model what the literature asks of autoencoders.

    - `likelihood`: how well does it explain the data?
    - `information`: what do the codes carry, in bits, and does the encoder cheat?
    - `continuity`: do neighbouring codes decode alike?
    - `completeness`: does every point of the prior decode to something meaningful?
    - `samples`: do samples and reconstructions look like the data?
    - `disentanglement`: do dimensions stand for the true factors, where these are known?

    What a model or its data cannot answer is left out, and the notes of the answer say why.

    Args:
        subject: the model with its data.
        questions: some of the names above; all when None.

    Raises:
        InvalidInputError: for an unknown question, or fewer than 10 test examples.

    Example:

    >>> data = kv.data.load("digits", limit=300)
    >>> model = kv.zoo.vae(data.event_shape, 2, units=(8,), likelihood="normal", seed=0)
    >>> model.compile()
    >>> answers = evaluate(Subject(model, data.test, data.train), ["information"])
    >>> sorted(answers["information"].measures)[:2]
    ['active_units', 'aggregate_kl']
    """
    asked = check_questions(questions)
    if len(subject.test) < 10:
        raise InvalidInputError(f"test split: expected 10 or more examples to judge by, got {len(subject.test)}.")
    names = progress(asked, len(asked), "Evaluating", after=0.0) if subject.verbose else asked
    return {name: asked[name](subject) for name in names}


def check_questions(questions: Sequence[str] | None) -> dict[str, Callable[[Subject], Answer]]:
    """The questions by name, all for None; raises `InvalidInputError` for an unknown one."""
    return {name: get(name, QUESTIONS, part="question") for name in (questions or QUESTIONS)}


def as_json(answers: Mapping[str, Answer]) -> dict[str, Any]:
    """The figures in JSON's types: question -> measure -> value; standard errors as `..._error`; notes and verdicts."""
    return {
        name: {
            **{key: measure.value for key, measure in answer.measures.items()},
            **{f"{key}_error": measure.error for key, measure in answer.measures.items() if measure.error is not None},
            "verdict": list(answer.verdict),
            "notes": list(answer.notes),
        }
        for name, answer in answers.items()
    }


def as_text(answers: Mapping[str, Answer]) -> str:
    """The answers for a terminal."""
    lines = []
    for answer in answers.values():
        if lines:
            lines.append("")
        lines += [answer.question, *(f"  {sentence}" for sentence in answer.verdict)]
        for name, (value, unit, _, error) in answer.measures.items():
            spread = f" ± {error:.2g}" if error is not None else ""
            lines.append(f"    {name:32}{value:>12.5g}{spread}  {unit}".rstrip())
        lines += [f"  Note: {note}" for note in answer.notes]
    return "\n".join(lines)
