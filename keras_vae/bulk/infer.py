"""Runs a signature of an export on every record of a source and writes a folder of answers."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_vae.bulk.exported_model import SIGNATURES, ExportedModel
from keras_vae.bulk.formats import FORMATS
from keras_vae.bulk.job import Job
from keras_vae.bulk.local import run_here
from keras_vae.bulk.sources import find_source
from keras_vae.bulk.summary import ANSWERS, DEAD_LETTERS, REPORT, SUMMARY, Summary, read_summary
from keras_vae.bulk.unfinished import Unfinished
from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.files import check_writable, disk_errors, names_in, new_parents, partial_folder
from keras_vae.serving.extra import need


def infer(
    question: str,
    export: str | os.PathLike,
    data: str | os.PathLike,
    out: str | os.PathLike,
    *,
    runner: str | None = None,
    runner_options: Sequence[str] = (),
    file_format: str = "parquet",
    split: str | None = None,
    fields: Mapping[str, str] | None = None,
    key: str | None = None,
    batch_size: int = 256,
    overwrite: bool = False,
    resume: bool = False,
    verbose: int = 0,
) -> Summary:
    """Runs a signature of an export on every record of a source, which may be larger than memory.

    The output folder contains:

    - `answers/`: Parquet or TFRecord files with the `key` of each record and the outputs of the signature.
    - `dead_letters/`: the records without an answer, with their `key`, `place`, `kind` of fault and `reason`.
    - `summary.json`: the counts and a description of the job.

    Each record appears once, either in the answers or in the dead letters. If several records have the same key, the
    first record with an answer keeps the key and the others are rejected. A local folder appears only when the job is
    complete. A remote folder fills while the job runs.

    Args:
        question: `"encode"`, `"reconstruct"`, `"score"` or `"anomaly"`, see `keras_vae.serving.export_signatures`.
        export: a version of a SavedModel, or a folder of versions; the newest version is used.
        data: a file, folder or pattern of Parquet, TFRecord (of `tf.train.Example`) or image files, a `.npy` or `.npz`
            file, a folder written by `keras_vae.data.prepare`, or the name of a data set. Columns and features have the
            names of the signature's inputs: `x` (all values of an example in row-major order; uint8 values are pixels
            from 0 to 255) or `image_bytes`, and `condition`. From a table (`.csv`, `.tsv` or `.parquet`), the columns
            of the training data are selected by name, if the export contains their names, as the exports of
            `keras-vae export RUN` do; so are the labels of images, which are the names of their folders. A row of a
            table with a value that the model cannot take is a rejected record. Tables and named data sets are loaded
            into memory.
        out: the output folder.
        runner: runner of Apache Beam, such as `"DirectRunner"`. None runs the job in this process, without Beam.
        runner_options: options of Apache Beam.
        file_format: `"parquet"` or `"tfrecord"`.
        split: `"train"`, `"validation"` or `"test"`, for data with splits. None reads all splits.
        fields: input -> column or feature, for the inputs whose names differ.
        key: column or feature with the keys. None derives the keys from file and row.
        batch_size: number of records in a batch.
        overwrite: whether to replace the output folder of an earlier job, if it contains no other files.
        resume: whether the job can be stopped: the same call then continues after the last finished part, of about
            16,384 records. Only for a job in this process. The unfinished work is in a hidden folder beside `out`.
        verbose: 1 shows a progress bar, for a job in this process.

    Raises:
        InvalidInputError: for an export, source, runner, folder or option that cannot be used.
        OSError: if the folder cannot be written; no partial folder remains.

    Example:

    >>> version = serving.export(vae((8,), 2, units=(4,)), "saved_models/v", check=False)
    >>> np.save("x.npy", np.zeros((5, 8), "float32"))
    >>> print(bulk.infer("encode", version, "x.npy", "codes").as_text())
    5 records: 5 answered, 0 rejected
    """
    if question not in SIGNATURES:
        raise InvalidInputError(unknown(question, SIGNATURES, part="question"))
    if file_format not in FORMATS:
        raise InvalidInputError(unknown(file_format, FORMATS, part="format"))
    check_integer("batch_size", batch_size)
    _check_out(os.fspath(out), overwrite)
    if resume:
        _check_resumable(runner, os.fspath(out))
    if runner is not None:
        need("apache_beam", extra="beam")
        from keras_vae.bulk import beam

        beam.check_runner(runner)
    job = make_job(
        question, export, data, file_format=file_format, split=split, fields=fields, key=key, batch_size=batch_size
    )
    if resume:
        return _continued(job, os.fspath(out), overwrite, verbose)
    with _new_folder(os.fspath(out), overwrite) as folder:
        if runner is None:
            return run_here(job, Path(folder), verbose=verbose)
        from keras_vae.bulk import beam

        beam.run_on_beam(job, folder, runner=runner, options=runner_options)
        return read_summary(folder)


def make_job(
    question: str,
    export: str | os.PathLike,
    data: str | os.PathLike,
    *,
    file_format: str = "parquet",
    split: str | None = None,
    fields: Mapping[str, str] | None = None,
    key: str | None = None,
    batch_size: int = 256,
) -> Job:
    """Returns the job of `infer` for these arguments; raises its errors for the export and the source."""
    plain = ExportedModel(export, question)
    source = find_source(
        os.fspath(data), shape=plain.image_shape, split=split, fields=fields, key=key, columns=plain.columns,
        label_names=plain.label_names if "condition" in plain.inputs else None,
    )  # fmt: skip
    model = ExportedModel(export, question, of_files=source.of_files, names=source.names)
    return Job(model, source, file_format, batch_size)


def _continued(job: Job, out: str, overwrite: bool, verbose: int) -> Summary:
    """Runs a job after its finished parts, and moves them to `out` once all are there."""
    unfinished = Unfinished(Path(out), job)
    with disk_errors(Path(out)), unfinished.open() as done:
        summary = run_here(job, unfinished.folder, done=done, save=unfinished.save, verbose=verbose)
        with partial_folder(Path(out)) as temporary:
            _replace(Path(out), unfinished.become, temporary / "old", overwrite)
    return summary


def _check_resumable(runner: str | None, out: str) -> None:
    """Refuses a job that cannot be continued after a stop."""
    if runner is not None:
        raise InvalidInputError(
            f"--resume: expected a job in this process, got --runner {runner}; leave out --runner, to keep finished "
            "work, or --resume: Beam repeats failed work itself, but starts a stopped job again from the beginning."
        )
    if "://" in out:
        raise InvalidInputError(
            f"--resume: expected a local --out, got {out}; write to a local folder and copy it, or leave out --resume."
        )


def _check_out(out: str, overwrite: bool) -> None:
    """Refuses a folder that is in use or that cannot be written, before the job starts."""
    target = Path(out)
    if "://" in out:
        return
    if target.exists() and not overwrite:
        raise InvalidInputError(f"{out}: expected a new folder; it exists; use --overwrite or another --out.")
    if target.exists() and not (target / SUMMARY).exists():
        raise InvalidInputError(
            f"{out}: --overwrite replaces only a folder of an earlier job, with a {SUMMARY}; this folder has none; use "
            "another --out."
        )
    if target.exists() and (others := names_in(target) - {ANSWERS, DEAD_LETTERS, SUMMARY, *REPORT}):
        raise InvalidInputError(
            f"{out}: --overwrite replaces only the files of an earlier job; this folder also has {min(others)!r}; move "
            "it away, or use another --out."
        )
    check_writable(target.absolute().parent if target.exists() else target)


@contextlib.contextmanager
def _new_folder(out: str, overwrite: bool) -> Iterator[str]:
    """Yields a temporary folder that replaces `out` once the job has succeeded; a remote folder is `out` itself."""
    if "://" in out:
        yield out
        return
    target = Path(out)
    with new_parents(target), partial_folder(target) as temporary:
        folder = temporary / "new"
        folder.mkdir()
        yield str(folder)
        _replace(target, folder.rename, temporary / "old", overwrite)


def _replace(target: Path, move: Callable[[Path], Any], old: Path, overwrite: bool) -> None:
    """Moves a new folder to `target`, and a folder that is there to `old`, or back if this fails."""
    _check_out(str(target), overwrite)  # another job may have written the same folder in the meantime
    if target.exists():
        target.rename(old)
    try:
        move(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
