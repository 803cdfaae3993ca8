"""Runs a job in this process."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import tensorflow as tf

from keras_vae.bulk.formats import DeadLetterRows, Rows
from keras_vae.bulk.job import Job, reject_repeated
from keras_vae.bulk.record import AnsweredRecord, Record, RejectedRecord
from keras_vae.bulk.summary import ANSWERS, DEAD_LETTERS, SUMMARY, Summary
from keras_vae.progress import progress

CHUNK = 4096  # answers that are written together


def run_here(job: Job, folder: Path, *, verbose: int = 0) -> Summary:
    """Processes a job in this process, in the order of the source.

    If the keys come from the user's data, the keys of all answers stay in memory, to detect repeated keys.

    Args:
        job: the job.
        folder: an existing, empty folder to write to.
        verbose: 1 shows a progress bar.
    """
    read, answered, rejected, keys = 0, 0, Counter(), _AnsweredKeys()
    with (
        _Writer(folder / ANSWERS, job.file_format, job.answer_rows) as answers,
        _Writer(folder / DEAD_LETTERS, job.file_format, DeadLetterRows()) as dead_letters,
    ):
        for items in _chunks(_records(job, verbose), job.batch_size):
            new_answers, new_rejections = _process(job, items)
            read += len(items)
            if job.source.has_own_keys:
                new_answers, repeats = keys.split(new_answers)
                new_rejections += map(reject_repeated, repeats)
            answers.write(new_answers)
            dead_letters.write(new_rejections)
            answered += len(new_answers)
            rejected.update(record.kind for record in new_rejections)
    summary = Summary(read, answered, dict(rejected))
    (folder / SUMMARY).write_text(summary.as_json(job.about))
    return summary


def _records(job: Job, verbose: int) -> Iterator[Record | RejectedRecord]:
    records = itertools.chain.from_iterable(unit.records() for unit in job.source.units)
    return iter(progress(records, job.source.rows, job.source.name, verbose=verbose))


def _chunks(items, size):
    while chunk := list(itertools.islice(items, size)):
        yield chunk


def _process(job: Job, items: Sequence[Record | RejectedRecord]) -> tuple[list[AnsweredRecord], list[RejectedRecord]]:
    results = [item for item in items if isinstance(item, RejectedRecord)]
    results += job.model.answer([item for item in items if isinstance(item, Record)])
    answers = [result for result in results if isinstance(result, AnsweredRecord)]
    return answers, [result for result in results if isinstance(result, RejectedRecord)]


class _Writer:
    """Writes rows to one file, named like one shard of many, as Beam names its files."""

    def __init__(self, folder: Path, file_format: str, rows: Rows):
        folder.mkdir()
        path = str(folder / f"part-00000-of-00001.{file_format}")
        self.rows = rows
        self.waiting: list[Any] = []
        self.file = (
            pq.ParquetWriter(path, rows.schema, write_page_checksum=True)
            if file_format == "parquet"
            else tf.io.TFRecordWriter(path)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._write()
        self.file.close()

    def write(self, items: Sequence[Any]) -> None:
        self.waiting += items
        if len(self.waiting) >= CHUNK:
            self._write()

    def _write(self):
        if isinstance(self.file, pq.ParquetWriter):
            if self.waiting:
                self.file.write_table(self.rows.table(self.waiting))
        else:
            for item in self.waiting:
                self.file.write(self.rows.example(item))
        self.waiting = []


class _AnsweredKeys:
    """The keys of the answers so far."""

    def __init__(self):
        self.keys: set[str] = set()

    def split(self, answers: Sequence[AnsweredRecord]) -> tuple[list[AnsweredRecord], list[AnsweredRecord]]:
        """Returns the answers with a new key, and the answers that repeat a key."""
        new, repeats = [], []
        for answer in answers:
            (repeats if answer.key in self.keys else new).append(answer)
            self.keys.add(answer.key)
        return new, repeats
