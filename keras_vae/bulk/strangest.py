"""The strangest records of a job that has asked for `anomaly`."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
from pyarrow import dataset

from keras_vae.bulk.job import Job
from keras_vae.bulk.record import AnsweredRecord, Record
from keras_vae.bulk.sources.image_files import ImageFiles
from keras_vae.bulk.sources.source import Source
from keras_vae.bulk.summary import ANSWERS, DEAD_LETTERS
from keras_vae.errors import InvalidInputError
from keras_vae.serving.image_bytes import decode_images


def strangest(out: str | os.PathLike, count: int, score: str = "combined") -> pa.Table:
    """Reads the answers with the highest scores, the highest first, of a job with Parquet files.

    Args:
        out: the output folder of `infer`.
        count: number of answers.
        score: name of the score.
    """
    order = [(score, "descending"), ("key", "ascending")]
    best: pa.Table | None = None
    for batch in dataset.dataset(Path(out) / ANSWERS, format="parquet").to_batches():
        table = pa.Table.from_batches([batch])
        table = table if best is None else pa.concat_tables([best, table])
        best = table.take(pc.select_k_unstable(table, min(count, len(table)), order))
    if best is None:
        raise InvalidInputError(f"{out}: expected answers, got none; look into {DEAD_LETTERS}.")
    return best


def count_anomalies(out: str | os.PathLike) -> int:
    """Returns the number of answers with `is_anomaly`, in the output folder of a job with Parquet files."""
    return dataset.dataset(Path(out) / ANSWERS, format="parquet").count_rows(filter=dataset.field("is_anomaly"))


class Reconstructed(NamedTuple):
    """N examples, by the keys of their records.

    Attributes:
        keys: the keys.
        x: the examples as the model sees them, `(N, *event_shape)`.
        reconstructions: their reconstructions, `(N, *event_shape)`.
    """

    keys: list[str]
    x: np.ndarray
    reconstructions: np.ndarray


def reconstruct(job: Job, keys: Sequence[str]) -> Reconstructed:
    """Reads the records with some keys, and reconstructs them; records that the model rejects are left out.

    Args:
        job: a job that asks for `reconstruct`, and whose records have these keys.
        keys: the keys, at most as many as fit in memory.
    """
    records = dict(_records(job.source, set(keys)))
    answers = job.model.answer([records[key] for key in keys if key in records])
    found = [answer for answer in answers if isinstance(answer, AnsweredRecord)]
    inputs = [one for answer in found if isinstance(one := job.model.inputs_of(records[answer.key]), dict)]
    if job.source.of_files and job.model.image_shape is not None:
        x = decode_images(tf.constant([one["image_bytes"] for one in inputs]), job.model.image_shape).numpy()
    else:
        x = np.stack([one["x"] for one in inputs])
    return Reconstructed(
        [answer.key for answer in found], x, np.stack([answer.outputs["reconstruction"] for answer in found])
    )


def _records(source: Source, keys: Collection[str]) -> Iterator[tuple[str, Record]]:
    """Yields key -> record for the first record of each key."""
    missing = set(keys)
    for unit in source.units:
        for item in (unit.only(missing) if isinstance(unit, ImageFiles) else unit).records():
            if isinstance(item, Record) and item.key in missing:
                missing.remove(item.key)
                yield item.key, item
        if not missing:
            return
