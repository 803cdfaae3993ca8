"""The comparison of several models."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from keras_vae import plots
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.result import Result
from keras_vae.plots.comparison import DASH

BETTER = {
    "log_likelihood": "higher",
    "elbo": "higher",
    "reconstruction_mse": "lower",
    "ssim": "higher",
    "active_units": "",
    "noise_share": "",
    "mid_point_error": "lower",
    "path_length": "lower",
    "lipschitz_largest": "lower",
    "holes": "lower",
    "round_trip": "higher",
    "frechet_distance": "lower",
    "precision": "higher",
    "recall": "higher",
    "mig": "higher",
    "dci_disentanglement": "higher",
    "factor_vae": "higher",
}
"""The measurements of the bar chart: name -> whether "higher" or "lower" is better; empty where neither is."""


@dataclass(frozen=True)
class Comparison:
    """The measurements of several models, by question and name.

    Attributes:
        models: names of the models.
        rows: (question, name) -> model -> `Measurement`; a model without this measurement has no entry.

    Example:

    >>> row = {"one": Measurement(0.5), "two": Measurement(0.9)}
    >>> print(Comparison(("one", "two"), {("samples", "precision"): row}).as_text())
                                         one         two
    <BLANKLINE>
    samples
      precision                          0.5        0.9*
    """

    models: tuple[str, ...]
    rows: Mapping[tuple[str, str], Mapping[str, Measurement]]

    def best(self, name: str) -> tuple[str, ...]:
        """The models with the best value of a measurement; none if no direction is better, or for a single model."""
        rows = [row for key, row in self.rows.items() if key[1] == name]
        values = {model: measurement.value for row in rows for model, measurement in row.items()}
        if not BETTER.get(name) or len(values) < 2:
            return ()
        best = (max if BETTER[name] == "higher" else min)(values.values())
        return tuple(model for model, value in values.items() if value == best)

    def as_csv(self) -> str:
        """A CSV table with a line per measurement: question, name, unit, and value and standard error per model."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        columns = [column for model in self.models for column in (model, f"{model} standard error")]
        writer.writerow(["question", "figure", "unit", *columns])
        for (question, name), row in self.rows.items():
            unit = next(iter(row.values())).unit
            cells = [row.get(model) for model in self.models]
            values = [part for cell in cells for part in (("", "") if cell is None else (cell.value, cell.error))]
            writer.writerow([question, name, unit, *("" if value is None else value for value in values)])
        return file.getvalue()

    def as_text(self) -> str:
        """A table for a terminal; `*` marks the best value of a row."""
        width = max(28, *(len(name) + 2 for _, name in self.rows))
        columns = [max(12, len(model) + 2) for model in self.models]
        lines = [" " * width + "".join(f"{model:>{size}}" for model, size in zip(self.models, columns, strict=True))]
        before = None
        for (question, name), row in self.rows.items():
            if question != before:
                lines += ["", question]
                before = question
            best = self.best(name)
            cells = [_cell(row.get(model), model in best) for model in self.models]
            lines.append(f"  {name:{width - 2}}" + "".join(f"{c:>{s}}" for c, s in zip(cells, columns, strict=True)))
        return "\n".join(lines)

    def figure(self) -> Figure:
        """A bar chart of the main measurements, with the best value of each marked."""
        values = {model: {} for model in self.models}
        for name in BETTER:
            for key, row in self.rows.items():
                if key[1] == name:
                    for model in self.models:
                        values[model][name] = row[model].value if model in row else None
        return plots.plot_comparison(values, better=BETTER)

    def rate_distortion(self) -> Figure | None:
        """Rate against distortion of the models; None if fewer than two models have both."""
        both = {key[1]: row for key, row in self.rows.items() if key[1] in ("kl_bits", "nll")}
        models = [model for model in self.models if len(both) == 2 and all(model in row for row in both.values())]
        if len(models) < 2:
            return None
        rates, distortions = ([both[name][model].value for model in models] for name in ("kl_bits", "nll"))
        return plots.plot_rate_distortion(rates, distortions, labels=models)


def compare_results(results: Mapping[str, Mapping[str, Result]]) -> Comparison:
    """Compares the measurements of two or more models.

    Args:
        results: name of the model -> the result of `evaluate`.

    Raises:
        InvalidInputError: for fewer than two models, or if no model has a measurement.

    Example:

    >>> one, two = ({"samples": Result("?", {"precision": Measurement(value)})} for value in (0.5, 0.9))
    >>> compare_results({"one": one, "two": two}).best("precision")
    ('two',)
    """
    if len(results) < 2:
        raise InvalidInputError(f"compare: expected two or more models, got {', '.join(results) or 'none'}.")
    rows: dict[tuple[str, str], dict[str, Measurement]] = {}
    for model, of_model in results.items():
        for question, result in of_model.items():
            for name, measurement in result.measurements.items():
                rows.setdefault((question, name), {})[model] = measurement
    if not rows:
        raise InvalidInputError("compare: none of the models has a measurement for these questions; select others.")
    questions = list(dict.fromkeys(question for question, _ in rows))
    ordered = {key: rows[key] for question in questions for key in rows if key[0] == question}
    return Comparison(tuple(results), ordered)


def _cell(measurement: Measurement | None, best: bool) -> str:
    return DASH if measurement is None else f"{measurement.value:.4g}{'*' if best else ''}"
