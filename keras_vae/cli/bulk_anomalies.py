"""`keras-vae anomalies` with an export: bulk inference, then a table and a picture of the strangest records."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from keras_vae.bulk.exported_model import ExportedModel
from keras_vae.bulk.infer import make_job
from keras_vae.bulk.strangest import count_anomalies, reconstruct, strangest
from keras_vae.cli.anomaly_report import PRINTED, SHOWN, as_lines, top_of
from keras_vae.cli.bulk_options import fields_of, in_bulk
from keras_vae.cli.outputs import write_csv
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.evaluation import ANOMALY_SCORES
from keras_vae.evaluation.anomalies import P_VALUE, p_value_of
from keras_vae.files import write_whole
from keras_vae.plots import plot_anomalies, save
from keras_vae.text import counted


def write_anomalies(
    model: Path,
    out: Path,
    data: str | None,
    split: str | None,
    top: str,
    score: str,
    *,
    overwrite: bool,
    options: Mapping[str, Any],
) -> str:
    """Answers all records, writes `strangest.csv` and `strangest.png` beside, and returns the text for the terminal.

    Args:
        model: the export.
        out: see `infer`.
        data: see `infer`.
        split: see `infer`.
        top: number or share (`"1%"`) of the strangest records in `strangest.csv`.
        score: the score that sorts them.
        overwrite: see `infer`.
        options: the other options of `in_bulk`.
    """
    count_of = top_of(top)
    outputs = ExportedModel(model, "anomaly").outputs
    scores = [name for name in ANOMALY_SCORES if name in outputs]
    if score not in scores:
        raise InvalidInputError(unknown(score, scores, part="score"))
    summary = in_bulk("anomaly", model, out, data, split, overwrite, file_format="parquet", **options)
    if not summary.answered:
        return "There is no record to rank."
    found = strangest(out, count_of(summary.answered), score)
    table = _table(found, [score, *(name for name in scores if name != score)])
    write_whole(out / "strangest.csv", lambda path: write_csv(path, table, zip(*table.values(), strict=True)))
    job = make_job(
        "reconstruct", model, data or "", split=split, fields=fields_of(options["field"]), key=options["key"]
    )
    shown = reconstruct(job, table["name"][:SHOWN])
    if shown.keys:
        values = dict(zip(table["name"], table[score], strict=True))
        figure = plot_anomalies(
            shown.x,
            shown.reconstructions,
            labels=[PurePosixPath(key).name for key in shown.keys],
            scores=[values[key] for key in shown.keys],
            score_name=score,
        )
        write_whole(out / "strangest.png", lambda path: save(figure, path))
    lines = as_lines(table, score, min(len(found), PRINTED))
    lines.append(f"\nAnomalies by `combined`: {count_anomalies(out):,} of {counted(summary.answered, 'record')}.")
    return "\n".join([*lines, f"Written: {out} (strangest.csv, strangest.png)"])


def _table(found: pa.Table, scores: list[str]) -> dict[str, list]:
    """Returns the columns of `strangest.csv`; the p-value of the first score is `p_value`.

    An export of an earlier version has that of `combined` only; those of others are NaN, or left out.
    """
    columns = {name: found[name].to_pylist() for name in ("is_anomaly", *scores)}
    p_values = {p_value_of(name, scores[0]): p_value_of(name) for name in scores}
    columns |= {name: found[own].to_pylist() for name, own in p_values.items() if own in found.column_names}
    columns.setdefault(P_VALUE, [float("nan")] * len(found))
    return {"rank": list(range(1, len(found) + 1)), "name": found["key"].to_pylist(), **columns}
