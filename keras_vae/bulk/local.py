"""One process that works through a job."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import tensorflow as tf

from keras_vae.bulk.formats import DeadLetterRows, Rows
from keras_vae.bulk.job import Job, twice
from keras_vae.bulk.record import Answer, Record, Rejected
from keras_vae.bulk.summary import ANSWERS, DEAD_LETTERS, SUMMARY, Summary
from keras_vae.progress import progress

WRITTEN = 4096  # records at a time


def run_here(job: Job, folder: Path, *, verbose: int = 0) -> Summary:
    """Answers everything in this process, in order.

    The keys of answered records are held in memory where they are the user's own.

    Args:
        job: what is to be done.
        folder: to write to; it exists and is empty.
        verbose: 1 shows a progress bar.
    """
    read, answered, rejected, keys = 0, 0, Counter(), _Keys()
    with (
        _Writer(folder / ANSWERS, job.file_format, job.answer_rows) as answers,
        _Writer(folder / DEAD_LETTERS, job.file_format, DeadLetterRows()) as dead_letters,
    ):
        for some in _chunks(_shown(job, verbose), WRITTEN):
            good, bad = _answered(job, some)
            read += len(some)
            if job.source.has_own_keys:
                good, again = keys.part(good)
                bad += map(twice, again)
            answers.write(good)
            dead_letters.write(bad)
            answered += len(good)
            rejected.update(one.kind for one in bad)
    summary = Summary(read, answered, dict(rejected))
    (folder / SUMMARY).write_text(summary.as_json(job.about))
    return summary


def _shown(job: Job, verbose: int) -> Iterator[Record | Rejected]:
    records = itertools.chain.from_iterable(unit.records() for unit in job.source.units)
    return progress(records, job.source.rows, job.source.name, verbose=verbose)


def _chunks(items, size):
    while chunk := list(itertools.islice(items, size)):
        yield chunk


def _answered(job: Job, items: Sequence[Record | Rejected]) -> tuple[list[Answer], list[Rejected]]:
    results = [item for item in items if isinstance(item, Rejected)]
    for batch in _chunks((item for item in items if isinstance(item, Record)), job.batch_size):
        results += job.model.answer(batch)
    return [one for one in results if isinstance(one, Answer)], [one for one in results if isinstance(one, Rejected)]


class _Writer:
    """One file in a folder, named as one of many would be."""

    def __init__(self, folder: Path, file_format: str, rows: Rows):
        folder.mkdir()
        path = str(folder / f"part-00000-of-00001.{file_format}")
        self.rows = rows
        self.file = (
            pq.ParquetWriter(path, rows.schema, write_page_checksum=True)
            if file_format == "parquet"
            else tf.io.TFRecordWriter(path)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, items: Sequence[Answer] | Sequence[Rejected]) -> None:
        if isinstance(self.file, pq.ParquetWriter):
            if items:
                self.file.write_table(self.rows.table(items))
            return
        for item in items:
            self.file.write(self.rows.example(item))


class _Keys:
    """The keys that have an answer."""

    def __init__(self):
        self.seen: set[str] = set()

    def part(self, answers: Sequence[Answer]) -> tuple[list[Answer], list[Answer]]:
        """Those with a new key, and those with one that came before."""
        new, again = [], []
        for answer in answers:
            (again if answer.key in self.seen else new).append(answer)
            self.seen.add(answer.key)
        return new, again
