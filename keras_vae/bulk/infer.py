"""From a question to a folder of answers."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from keras_vae.bulk.exported_model import SIGNATURES, ExportedModel
from keras_vae.bulk.formats import FORMATS
from keras_vae.bulk.job import Job
from keras_vae.bulk.local import run_here
from keras_vae.bulk.sources import find_source
from keras_vae.bulk.summary import SUMMARY, Summary, read_summary
from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.files import check_writable, new_parents, partial_folder
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
    verbose: int = 0,
) -> Summary:
    """Asks an export about every record of a source, however many there are.

    Writes `answers/`, Parquet or TFRecord files with the `key` of each record and the outputs of the signature;
    `dead_letters/`, records without an answer with their `key`, `place`, `kind` of fault and `reason`; and
    `summary.json`, the counts and what was asked. Each record comes out once, in one of the two. Of several records
    with one key the first that has an answer keeps it. The folder appears when all is done, unless it is a remote one.

    Args:
        question: `"encode"`, `"reconstruct"` or `"score"`, see `keras_vae.serving.signatures_of`.
        export: a version of a SavedModel, or the folder of versions, of which the newest is taken.
        data: a file, folder or pattern of Parquet, TFRecord (of `tf.train.Example`) or image files, a `.npy` or `.npz`
            file, or the name of a data set. Columns and features are named as the inputs of the signature: `x`, all
            numbers of an example row-major (uint8: pixels 0 to 255), or `image_bytes`, and `condition`. Of a table,
            `.csv`, `.tsv` or `.parquet`, the columns are read that the model was trained on, by their names, if the
            export knows them (`keras-vae export RUN` tells it). Tables and data sets by name are held in memory.
        out: the folder.
        runner: of Apache Beam, such as `"DirectRunner"`; None works in this process, without Beam.
        runner_options: of Apache Beam.
        file_format: `"parquet"` or `"tfrecord"`.
        split: train, validation or test, of data with splits; None for all.
        fields: input -> column or feature, where they differ.
        key: column or feature with the keys; None makes them from file and row.
        batch_size: records that the model answers at a time.
        overwrite: replace the folder.
        verbose: 1 shows a progress bar, of a job in this process.

    Raises:
        InvalidInputError: for an export, source, runner, folder or option that cannot be used.
        OSError: if the folder cannot be written; nothing is left of it then.

    Example:

    >>> version = serving.export(vae((8,), 2, units=(4,)), "saved_models/v")
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
    if runner is not None:
        need("apache_beam", extra="beam")
        from keras_vae.bulk import beam

        beam.check_runner(runner)
    plain = ExportedModel(export, question)
    size, columns = plain.image_size, plain.columns
    source = find_source(os.fspath(data), size=size, split=split, fields=fields, key=key, columns=columns)
    model = ExportedModel(export, question, of_files=True) if source.of_files else plain
    job = Job(model, source, file_format, batch_size)
    with _new_folder(os.fspath(out), overwrite) as folder:
        if runner is None:
            return run_here(job, Path(folder), verbose=verbose)
        beam.run_on_beam(job, folder, runner=runner, options=runner_options)
        return read_summary(folder)


def _check_out(out: str, overwrite: bool) -> None:
    """Refuses a folder that is in use or cannot be written, before there is anything to write."""
    target = Path(out)
    if "://" in out:
        return
    if target.exists() and not overwrite:
        raise InvalidInputError(f"{out}: it exists; use --overwrite or another --out.")
    if target.exists() and not (target / SUMMARY).exists():
        raise InvalidInputError(f"{out}: it holds no answers of an earlier job, so --overwrite leaves it alone.")
    check_writable(target.absolute().parent if target.exists() else target)


@contextlib.contextmanager
def _new_folder(out: str, overwrite: bool) -> Iterator[str]:
    """A folder to write to, which takes the place of `out` when all has gone well; a remote one is `out` itself."""
    if "://" in out:
        yield out
        return
    target = Path(out)
    with new_parents(target), partial_folder(target) as temporary:
        folder = temporary / "new"
        folder.mkdir()
        yield str(folder)
        _check_out(out, overwrite)  # another job may have finished there meanwhile
        if target.exists():
            target.rename(temporary / "old")
        try:
            folder.rename(target)
        except BaseException:
            if (temporary / "old").exists():
                (temporary / "old").rename(target)
            raise
