"""Runs a job in this process."""

import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import tensorflow as tf

from keras_vae.bulk.formats import DeadLetterRows, Rows
from keras_vae.bulk.job import Job, reject_repeated
from keras_vae.bulk.record import AnsweredRecord, Record, RejectedRecord
from keras_vae.bulk.sources import Unit
from keras_vae.bulk.summary import ANSWERS, DEAD_LETTERS, SUMMARY, Summary
from keras_vae.interrupts import uninterrupted
from keras_vae.progress import progress
from keras_vae.tfrecord import read_records

CHUNK = 4096  # answers that are written together
ROWS_PER_PART = 16_384


class Done(NamedTuple):
    """The finished parts of a job.

    Attributes:
        parts: their number.
        summary: their counts.
    """

    parts: int
    summary: Summary


NOTHING = Done(0, Summary(0, 0, {}))


def run_here(
    job: Job, folder: Path, *, done: Done = NOTHING, save: Callable[[Done], None] | None = None, verbose: int = 0
) -> Summary:
    """Processes a job in this process, in the order of the source.

    If the keys come from the user's data, the keys of all answers stay in memory, to detect repeated keys.

    Args:
        job: the job.
        folder: an existing folder to write to, empty except for the finished parts.
        done: the parts that are finished already.
        save: called after each part with all finished parts, to continue the job later. None runs the job as one part.
        verbose: 1 shows a progress bar.
    """
    parts = [job.source.units] if save is None else _parts(job.source.units)
    for name in (ANSWERS, DEAD_LETTERS):
        (folder / name).mkdir(exist_ok=True)
    keys = _AnsweredKeys(_keys_in(folder / ANSWERS, done.parts) if job.source.has_own_keys else ())
    records = iter(_records(job, parts[done.parts :], verbose))
    for number in range(done.parts, len(parts)):
        name = f"part-{number:05}-of-{len(parts):05}.{job.file_format}"
        done = Done(number + 1, done.summary + _run_part(job, iter(partial(next, records), None), folder, name, keys))
        if save is not None:
            save(done)
    (folder / SUMMARY).write_text(done.summary.as_json(job.about))
    return done.summary


def _parts(units: Sequence[Unit]) -> list[list[Unit]]:
    """Groups consecutive units into parts of about `ROWS_PER_PART` records."""
    parts: list[list[Unit]] = [[]]
    rows = 0
    for unit in units:
        if rows >= ROWS_PER_PART:
            parts.append([])
            rows = 0
        parts[-1].append(unit)
        rows += ROWS_PER_PART if unit.rows is None else unit.rows
    return parts


def _records(job: Job, parts: Sequence[Sequence[Unit]], verbose: int) -> Iterable[Record | RejectedRecord | None]:
    """Iterates over the records of parts, with None at the end of each part."""
    rows = [unit.rows for units in parts for unit in units]
    total = None if None in rows else sum(row or 0 for row in rows) + len(parts)
    records = (
        record
        for units in parts
        for record in itertools.chain(itertools.chain.from_iterable(unit.records() for unit in units), [None])
    )
    return progress(records, total, job.source.name, verbose=verbose)


def _run_part(
    job: Job, records: Iterator[Record | RejectedRecord], folder: Path, name: str, keys: "_AnsweredKeys"
) -> Summary:
    read, answered, rejected = 0, 0, Counter()
    with (
        _Writer(folder / ANSWERS / name, job.answer_rows) as answers,
        _Writer(folder / DEAD_LETTERS / name, DeadLetterRows()) as dead_letters,
    ):
        while items := list(itertools.islice(records, job.batch_size)):
            with uninterrupted():
                new_answers, new_rejections = _process(job, items)
            read += len(items)
            if job.source.has_own_keys:
                new_answers, repeats = keys.split(new_answers)
                new_rejections += map(reject_repeated, repeats)
            answers.write(new_answers)
            dead_letters.write(new_rejections)
            answered += len(new_answers)
            rejected.update(record.kind for record in new_rejections)
    return Summary(read, answered, dict(rejected))


def _process(job: Job, items: Sequence[Record | RejectedRecord]) -> tuple[list[AnsweredRecord], list[RejectedRecord]]:
    results = [item for item in items if isinstance(item, RejectedRecord)]
    results += job.model.answer([item for item in items if isinstance(item, Record)])
    answers = [result for result in results if isinstance(result, AnsweredRecord)]
    return answers, [result for result in results if isinstance(result, RejectedRecord)]


class _Writer:
    """Writes rows to one file, named like one shard of many, as Beam names its files."""

    def __init__(self, path: Path, rows: Rows):
        self.rows = rows
        self.waiting: list[Any] = []
        self.file = (
            pq.ParquetWriter(path, rows.schema, write_page_checksum=True)
            if path.suffix == ".parquet"
            else tf.io.TFRecordWriter(str(path))
        )

    def __enter__(self):
        return self

    def __exit__(self, kind: type[BaseException] | None, *_):
        if kind is None:
            self._write()
            self.file.close()
            return
        with contextlib.suppress(Exception):  # the first error tells what is wrong, such as a full disk
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


def _keys_in(folder: Path, parts: int) -> Iterator[str]:
    """Yields the keys of the answers in the first parts."""
    for path in sorted(folder.iterdir())[:parts]:
        if path.suffix == ".parquet":
            yield from pq.read_table(path, columns=["key"])["key"].to_pylist()
            continue
        for record in read_records(str(path)):
            yield tf.train.Example.FromString(record).features.feature["key"].bytes_list.value[0].decode()


class _AnsweredKeys:
    """The keys of the answers so far."""

    def __init__(self, keys: Iterable[str]):
        self.keys = set(keys)

    def split(self, answers: Sequence[AnsweredRecord]) -> tuple[list[AnsweredRecord], list[AnsweredRecord]]:
        """Returns the answers with a new key, and the answers that repeat a key."""
        new, repeats = [], []
        for answer in answers:
            (repeats if answer.key in self.keys else new).append(answer)
            self.keys.add(answer.key)
        return new, repeats
