"""The page of an evaluation: its answers, to be read by a person."""

import math
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from numbers import Real
from typing import Any

import jinja2
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from keras_vae import plots
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.answer import Answer, Measure
from keras_vae.plots.comparison import DASH, format_value


def evaluation_page(
    title: str,
    answers: Mapping[str, Answer],
    *,
    verdict: Sequence[str],
    configuration: Mapping[str, Any],
    environment: Mapping[str, Any],
) -> str:
    """A self-contained HTML page of answers: the verdict first, then a section a question.

    A section has the question as its heading, what the figures say in plain sentences, the figures with their
    standard error and what good looks like, the pictures, and small notes on what was left out. The page needs no
    other file and no network.

    Args:
        title: the heading.
        answers: short name -> answer, in the order of the page; the short name is the anchor of its section.
        verdict: the most important findings, in plain sentences.
        configuration: how the model was made, by name.
        environment: where and with what it was evaluated, by name.

    Returns:
        The page. Values that are None or NaN are shown as a dash.

    Raises:
        InvalidInputError: if an answer, a measure or a picture is of another type, a figure is
            no number, an error is negative, or sentences are a bare string.

    Example:

    >>> answer = Answer("Does it generate?", {"fid": Measure(24.31, "", "0 for equal sets", 0.62)}, ("Passably.",))
    >>> page = evaluation_page("VAE", {"samples": answer}, verdict=["Fine."], configuration={}, environment={})
    >>> "24.31 ± 0.62" in page
    True
    """
    _check_sentences("verdict", verdict)
    for name, answer in answers.items():
        _check(name, answer)
    templates = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates.filters.update(words=_words, value=value_in_words)
    template = templates.from_string(files("keras_vae.evaluation").joinpath("page.html").read_text(encoding="utf-8"))
    sections = [
        {
            "anchor": anchor,
            "answer": answer,
            "pictures": [(caption, plots.to_data_uri(figure)) for caption, figure in answer.pictures.items()],
        }
        for anchor, answer in zip(_anchors(answers), answers.values(), strict=True)
    ]
    return template.render(
        title=title,
        verdict=verdict,
        sections=sections,
        configuration=_shown(configuration),
        environment=_shown(environment),
    )


def value_in_words(measure: Measure) -> str:
    """The value of a measure with its standard error, to the digits that the error leaves.

    Example:

    >>> value_in_words(Measure(89.12345, "nats", "", 0.3421)), value_in_words(Measure(0.98765))
    ('89.12 ± 0.34', '0.9877')
    """
    value, error = measure.value, measure.error
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if error is None or not math.isfinite(error) or not math.isfinite(value):
        return format_value(value)
    if error == 0:
        return f"{format_value(value)} ± 0"
    decimals = 1 - math.floor(math.log10(error))
    if not -6 <= decimals <= 6:
        return f"{format_value(value)} ± {format_value(error)}"
    shown = (f"{number:,.{max(decimals, 0)}f}" for number in (value, error))
    return Formatter.fix_minus(" ± ".join(shown))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _anchors(names: Sequence[str]) -> list[str]:
    """A distinct anchor a name, of letters, digits and dashes."""
    anchors: list[str] = []
    for name in names:
        anchor = re.sub(r"[^a-z0-9]+", "-", str(name).lower()).strip("-") or "answer"
        anchors.append(anchor if anchor not in anchors else f"{anchor}-{len(anchors) + 1}")
    return anchors


def _shown(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with a dash for what is None or NaN."""
    return {name: DASH if value is None or _is_nan(value) else value for name, value in table.items()}


def _is_nan(value: Any) -> bool:
    return isinstance(value, Real) and math.isnan(value)


def _check(name: str, answer: Answer) -> None:
    if not isinstance(answer, Answer):
        raise InvalidInputError(f"answers[{name!r}]: expected an Answer, got {type(answer).__name__}.")
    _check_sentences(f"answers[{name!r}].verdict", answer.verdict)
    _check_sentences(f"answers[{name!r}].notes", answer.notes)
    for part, expected in ((answer.measures, Measure), (answer.pictures, Figure)):
        for key, value in part.items():
            if not isinstance(value, expected):
                got = type(value).__name__
                raise InvalidInputError(f"answers[{name!r}], {key!r}: expected a {expected.__name__}, got {got}.")
    for key, measure in answer.measures.items():
        for part, number in {"value": measure.value, "error": measure.error}.items():
            if number is not None and (not isinstance(number, Real) or (part == "error" and number < 0)):
                expected = "a number or None" if part == "value" else "None or a number of zero or more"
                raise InvalidInputError(f"answers[{name!r}], {key!r}: {part} must be {expected}, got {number!r}.")


def _check_sentences(part: str, sentences: Sequence[str]) -> None:
    if isinstance(sentences, str):
        raise InvalidInputError(f"{part}: expected a sequence of sentences, got one string: put it into a tuple.")
