"""The work of `keras-vae anomalies`: scores, and the files with them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from keras_vae.cli.labelled_examples import labelled_examples
from keras_vae.cli.outputs import check_folder, write_csv
from keras_vae.cli.sources import model_of, reference_examples
from keras_vae.data.row_names import names_of, readable
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.evaluation import ANOMALY_SCORES, AnomalyScorer, condition_of
from keras_vae.evaluation.anomalies import p_value_of
from keras_vae.files import new_parents, write_json, write_whole
from keras_vae.plots import plot_anomalies, save
from keras_vae.training.model_file import config_of

FORMATS = ("csv", "parquet")
FILES = ("scores.csv", "scores.parquet", "strangest.png", "summary.json")
USUAL = ("normal", "good", "usual")
"""Names of labels that are those of usual examples."""
SHOWN, PRINTED = 24, 10
"""The maximum number of examples in the picture, and in the text."""


class AnomalyReport:
    """Checks the options before the work, and writes the results.

    Args:
        out: the output folder.
        top: number or share (`"1%"`) of the strangest examples.
        score: the score that sorts the table.
        quantile: share of the calibration examples that do not exceed the threshold.
        normal: labels of usual examples. None uses those of training, and `USUAL`.
        file_format: `"csv"` or `"parquet"`.
        overwrite: whether to replace earlier results.

    Raises:
        InvalidInputError: if an option cannot be used, or if the folder has other files.
    """

    def __init__(
        self,
        out: Path,
        top: str,
        score: str,
        quantile: float,
        normal: list[str] | None,
        file_format: str,
        *,
        overwrite: bool,
    ):
        self.out, self.score, self.quantile, self.normal, self.format = out, score, quantile, normal, file_format
        self.top = top_of(top)
        if score not in ANOMALY_SCORES:
            raise InvalidInputError(unknown(score, ANOMALY_SCORES, part="score"))
        if file_format not in FORMATS:
            raise InvalidInputError(unknown(file_format, FORMATS, part="format"))
        if not 0 < quantile < 1:
            raise InvalidInputError(f"--quantile: expected a number between 0 and 1, got {quantile}; such as 0.99.")
        check_folder(out, FILES, content="scores", overwrite=overwrite)

    def write(
        self, run: Path, data: str | None, split: str | None, reference: str | None, label_column: str | None, seed: int
    ) -> str:
        """Scores the data, writes the files and returns the text for the terminal."""
        model = model_of(run)
        part, labels = labelled_examples(model, run, data, split, label_column)
        strange = self._strange(labels, names_of(part), config_of(run))
        scorer = AnomalyScorer(model, *reference_examples(model, run, reference), seed=seed, verbose=1)
        if self.score not in scorer.names:
            raise InvalidInputError(
                f"--score: {model.name} has no {self.score} on these data; use {', '.join(scorer.names)}."
            )
        condition = condition_of(model, part.y)
        scores = scorer(part.x, condition)
        names, rows = names_of(part), np.flatnonzero(readable(part.x))
        lost = [] if names is None else sorted({*names} - {*names[rows]})
        order = rows[np.argsort(-scores[self.score][rows], kind="stable")]
        values, threshold = scores[self.score], scorer.threshold(self.score, self.quantile)
        table: dict[str, Any] = {"rank": np.arange(1, len(order) + 1)}
        table["name" if names is not None else "index"] = order if names is None else names[order]
        if labels is not None:
            table["label"] = np.array(["" if label is None else label for label in labels])[order]
        table |= {"is_anomaly": values[order] > threshold, "p_value": scorer.shares(self.score, values[order])}
        table |= {name: found[order] for name, found in scores.items()}
        others = {name: found[order] for name, found in scores.items() if name != self.score}
        table |= {p_value_of(name, self.score): scorer.shares(name, found) for name, found in others.items()}
        count = self.top(len(order))
        summary = {
            "model": str(run),
            "data": data,
            "examples": len(order),
            "score": self.score,
            "meaning": ANOMALY_SCORES[self.score],
            "quantile": self.quantile,
            "threshold": threshold,
            "anomalies": int(table["is_anomaly"].sum()),
            "top": count,
            "unreadable": lost,
        }
        if strange is not None:
            summary |= _of_labels(strange[rows], {name: found[rows] for name, found in scores.items()})
        shown = order[: min(count, SHOWN)]
        x, given = np.asarray(part.x[shown]), None if condition is None else condition[shown]
        reconstructions = model.reconstruct(x, condition=given)
        titles = [str(index) if names is None else Path(str(names[index])).name for index in shown]
        figure = plot_anomalies(
            model.prepare(x).numpy(), reconstructions, labels=titles, scores=values[shown], score_name=self.score
        )
        self._write_files(table, summary, figure)
        return self._text(table, summary)

    def _strange(self, labels: list[str | None] | None, names: np.ndarray | None, config: Any) -> np.ndarray | None:
        """Returns which examples are anomalies by their labels, bool `(N,)`; None if that is not known."""
        if labels is None:
            if self.normal is not None:
                raise InvalidInputError("--normal: expected data with labels, got none; leave it out, or give labels.")
            return None
        without = [row for row, label in enumerate(labels) if label is None]
        known = {str(label) for label in labels if label is not None}
        usual = {*self.normal} if self.normal is not None else {*USUAL, *((config and config.label_names) or ())}
        both = bool(known & usual) and bool(known - usual)
        if self.normal is None:
            return None if without or not both else np.array([label not in usual for label in labels])
        if without:
            first = "" if names is None else f", such as {names[without[0]]}"
            raise InvalidInputError(
                f"--normal: expected a label of each example, got none of {len(without)}{first}; move them into "
                "sub-folders, or leave --normal out."
            )
        if not both:
            raise InvalidInputError(
                f"--normal: expected labels of usual and of other examples, got only {', '.join(sorted(known))}; AUROC "
                "needs both kinds."
            )
        return np.array([label not in usual for label in labels])

    def _write_files(self, table, summary, figure) -> None:
        path = self.out / f"scores.{self.format}"
        with new_parents(path):
            write_whole(path, lambda path: _write_table(path, table))
            write_whole(self.out / "strangest.png", lambda path: save(figure, path))
            write_json(self.out / "summary.json", summary)
            for name in {f"scores.{other}" for other in FORMATS} - {path.name}:  # of an earlier call
                (self.out / name).unlink(missing_ok=True)

    def _text(self, table, summary) -> str:
        lines = as_lines(table, self.score, min(summary["top"], PRINTED))
        lines.append(
            f"\n{100 * (1 - self.quantile):.3g}% of the usual examples score above {summary['threshold']:.4g}; here "
            f"{summary['anomalies']} of {summary['examples']} do."
        )
        if "auroc" in summary:
            lines.append(f"\n{'score':18}{'AUROC':>8}{'average precision':>20}")
            lines += [
                f"{name:18}{value:>8.3f}{summary['average_precision'][name]:>20.3f}"
                for name, value in summary["auroc"].items()
            ]
        if summary["unreadable"]:
            count = len(summary["unreadable"])
            total = count + summary["examples"]
            lines.append(f"\nLeft out: {count} of {total} images, which cannot be read; summary.json names them.")
        return "\n".join([*lines, f"\nWritten: {self.out} (scores.{self.format}, strangest.png, summary.json)"])


def as_lines(table: Mapping[str, Any], score: str, count: int) -> list[str]:
    """Returns the first rows of a table of scores as text."""
    names = table["name"] if "name" in table else table["index"]
    rows = (
        f"{row + 1:>6}  {table[score][row]:>14.4g}  {table['p_value'][row]:>8.2g}  {names[row]}" for row in range(count)
    )
    return [f"{'rank':>6}  {score:>14}  {'p-value':>8}  name", *rows]


def top_of(text: str) -> Callable[[int], int]:
    """Returns the number of the strangest examples as a function of the number of examples."""
    is_share, value = text.endswith("%"), 0.0
    try:
        value = float(text.removesuffix("%"))
        good = 0 < value <= 100 if is_share else value >= 1 and value == int(value)
    except (ValueError, OverflowError):
        good = False
    if not good:
        raise InvalidInputError(f"--top: expected a number such as 20, or a share such as 1%; got {text!r}.")
    return lambda n: min(n, max(1, round(n * value / 100) if is_share else int(value)))


def _of_labels(strange: np.ndarray, scores: dict[str, np.ndarray]) -> dict[str, Any]:
    if strange.all() or not strange.any():  # the readable examples of one kind
        return {}
    return {
        "labelled_anomalies": int(strange.sum()),
        "auroc": {name: float(roc_auc_score(strange, values)) for name, values in scores.items()},
        "average_precision": {name: float(average_precision_score(strange, values)) for name, values in scores.items()},
    }


def _write_table(path: Path, table: dict[str, np.ndarray]) -> None:
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({name: pa.array(values.tolist()) for name, values in table.items()}), path)
        return
    write_csv(path, table, zip(*(values.tolist() for values in table.values()), strict=True))
