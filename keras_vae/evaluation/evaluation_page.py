"""The HTML page of an evaluation."""

import base64
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from numbers import Real
from typing import Any

import jinja2
from matplotlib.ticker import Formatter

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.result import Result
from keras_vae.plots.comparison import DASH, format_value

FIRST = ("reconstructions", "samples")
"""The pictures at the top of the page."""


def evaluation_page(
    title: str,
    results: Mapping[str, Result],
    *,
    verdict: Sequence[str],
    configuration: Mapping[str, Any],
    environment: Mapping[str, Any],
) -> str:
    """Renders an HTML page with the verdict and a section for each question.

    Pictures of reconstructions and samples come first. A section contains the question as its heading, the verdict, a
    table of measurements with their standard errors and ideal values, the other pictures, and notes on missing
    measurements. The page needs no other file and no network.

    Args:
        title: heading of the page.
        results: short name -> result, in the order of the page; the short name is the anchor of its section.
        verdict: the sentences at the top.
        configuration: name -> value of the configuration of the model.
        environment: name -> value of the environment, such as versions.

    Returns:
        The page. Values that are None or NaN are shown as a dash.

    Raises:
        InvalidInputError: if a result, a measurement or a picture is of another type, if a value is not a number, if an
            error is negative, or if sentences are a single string.

    Example:

    >>> result = Result("Does it generate?", {"fid": Measurement(24.31, "", "0 for equal sets", 0.62)}, ("Passably.",))
    >>> page = evaluation_page("VAE", {"samples": result}, verdict=["Fine."], configuration={}, environment={})
    >>> "24.31 ± 0.62" in page
    True
    """
    _check_sentences("verdict", verdict)
    for name, result in results.items():
        _check(name, result)
    templates = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates.filters.update(words=_words, value=value_in_words)
    template = templates.from_string(files("keras_vae.evaluation").joinpath("page.html").read_text(encoding="utf-8"))
    sections = [
        {
            "anchor": anchor,
            "result": result,
            "pictures": [
                (picture.caption, _data_uri(picture)) for key, picture in result.pictures.items() if key not in FIRST
            ],
        }
        for anchor, result in zip(_anchors(results), results.values(), strict=True)
    ]
    return template.render(
        title=title,
        verdict=verdict,
        first=[
            (picture.caption, _data_uri(picture))
            for name in FIRST
            for result in results.values()
            for key, picture in result.pictures.items()
            if key == name
        ],
        sections=sections,
        configuration=_shown(configuration),
        environment=_shown(environment),
    )


def value_in_words(measurement: Measurement) -> str:
    """Formats a value with its standard error, rounded to the precision of the error.

    Example:

    >>> value_in_words(Measurement(89.12345, "nats", "", 0.3421)), value_in_words(Measurement(0.98765))
    ('89.12 ± 0.34', '0.9877')
    """
    value, error = measurement.value, measurement.error
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


def _anchors(names: Iterable[str]) -> list[str]:
    """A distinct anchor per name, of letters, digits and dashes."""
    anchors: list[str] = []
    for name in names:
        anchor = re.sub(r"[^a-z0-9]+", "-", str(name).lower()).strip("-") or "result"
        anchors.append(anchor if anchor not in anchors else f"{anchor}-{len(anchors) + 1}")
    return anchors


def _shown(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with a dash for None and NaN."""
    return {name: DASH if value is None or _is_nan(value) else value for name, value in table.items()}


def _is_nan(value: Any) -> bool:
    return isinstance(value, Real) and math.isnan(value)


def _data_uri(picture: Picture) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")


def _check(name: str, result: Result) -> None:
    if not isinstance(result, Result):
        raise InvalidInputError(f"results[{name!r}]: expected a Result, got {type(result).__name__}.")
    _check_sentences(f"results[{name!r}].verdict", result.verdict)
    _check_sentences(f"results[{name!r}].notes", result.notes)
    for part, expected in ((result.measurements, Measurement), (result.pictures, Picture)):
        for key, value in part.items():
            if not isinstance(value, expected):
                got = type(value).__name__
                raise InvalidInputError(f"results[{name!r}], {key!r}: expected a {expected.__name__}, got {got}.")
    for key, measurement in result.measurements.items():
        for part, number in {"value": measurement.value, "error": measurement.error}.items():
            if number is not None and (not isinstance(number, Real) or (part == "error" and number < 0)):
                expected = "a number or None" if part == "value" else "None or a number of zero or more"
                raise InvalidInputError(f"results[{name!r}], {key!r}: {part} must be {expected}, got {number!r}.")


def _check_sentences(part: str, sentences: Sequence[str]) -> None:
    if isinstance(sentences, str):
        raise InvalidInputError(f"{part}: expected a sequence of sentences, got one string: put it into a tuple.")
