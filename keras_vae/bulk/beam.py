"""Runs a job on Apache Beam: on the cores of this machine, or on Dataflow, Flink or Spark."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from keras_vae.bulk.exported_model import ExportedModel
from keras_vae.bulk.formats import DeadLetterRows
from keras_vae.bulk.job import Job, reject_repeated
from keras_vae.bulk.quiet import quiet
from keras_vae.bulk.record import AnsweredRecord, Record, RejectedRecord
from keras_vae.bulk.summary import ANSWERS, DEAD_LETTERS, SUMMARY, Summary
from keras_vae.errors import InvalidInputError, unknown

with quiet():
    import apache_beam as beam
    from apache_beam import pipeline as pipelines
    from apache_beam.ml.inference.base import ModelHandler, RunInference
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners import runner as runners

RUNNERS = ("DataflowRunner", "DirectRunner", "FlinkRunner", "PrismRunner", "SparkRunner")
TABLE_ROWS = 1024  # records in each table that goes to the Parquet writer
HARNESS_LOG_LEVEL = "--default_sdk_harness_log_level=ERROR"


class ExportHandler(ModelHandler[Record, AnsweredRecord | RejectedRecord, ExportedModel]):
    """Runs an export in Beam's `RunInference`. Beam's own handler cannot load a SavedModel under Keras 3.

    Args:
        model: the export. Only its path is pickled; each worker loads the model.
        batch_size: number of records in a batch.
    """

    def __init__(self, model: ExportedModel, batch_size: int):
        super().__init__(min_batch_size=batch_size, max_batch_size=batch_size)
        self.model = model

    def load_model(self) -> ExportedModel:
        return self.model.load()

    def run_inference(
        self, batch: Sequence[Record], model: ExportedModel, inference_args: dict[str, Any] | None = None
    ) -> list[AnsweredRecord | RejectedRecord]:
        return model.answer(batch)


def check_runner(runner: str) -> None:
    """Raises `InvalidInputError` for a runner that Beam does not have or that cannot start here."""
    try:
        runners.create_runner(runner)
    except (AttributeError, ImportError) as error:
        raise InvalidInputError(
            f"--runner {runner}: expected a runner that can start here ({error}); for DataflowRunner: pip install "
            "'apache-beam[gcp]'"
        ) from error
    except (TypeError, ValueError) as error:
        raise InvalidInputError(unknown(runner, RUNNERS, part="runner")) from error


def run_on_beam(job: Job, folder: str, *, runner: str, options: Sequence[str] = ()) -> None:
    """Processes a job in a Beam pipeline. The last step writes the summary.

    Args:
        job: the job.
        folder: folder to write to, on any file system that Beam can write to.
        runner: name of the Beam runner.
        options: options of Beam, such as `--direct_num_workers=2`.
    """
    settings = PipelineOptions([HARNESS_LOG_LEVEL, *options])
    with quiet(), _plain_labels(), beam.Pipeline(runner=runner, options=settings) as pipeline:
        items = (
            pipeline
            | "Units" >> beam.Create(job.source.units)
            | "Share" >> beam.Reshuffle()
            | "Read" >> beam.FlatMap(_records).with_output_types(Any)
        )
        records, unreadable = _partition(items, "Readable", Record)
        results = records | "Ask" >> RunInference(ExportHandler(job.model, job.batch_size))
        answers, rejected_by_model = _partition(results, "Answered", AnsweredRecord)
        rejected = [unreadable, rejected_by_model]
        if job.source.has_own_keys:
            by_key = answers | "ByKey" >> beam.Map(lambda answer: (answer.key, answer)) | beam.GroupByKey()
            answers, repeats = _partition(by_key | "First" >> beam.FlatMap(_first_and_others), "New", AnsweredRecord)
            rejected.append(repeats)
        dead_letters = rejected | "DeadLetters" >> beam.Flatten()
        _write(answers, job.file_format, f"{folder}/{ANSWERS}/part", job.answer_rows)
        _write(dead_letters, job.file_format, f"{folder}/{DEAD_LETTERS}/part", DeadLetterRows())
        counts = [
            beam.pvalue.AsSingleton(collection | f"Count{name}" >> beam.combiners.Count.Globally())
            for name, collection in (("Read", items), ("Answers", answers))
        ]
        kinds = (
            dead_letters
            | beam.Map(lambda record: record.kind)
            | "CountKinds" >> beam.combiners.Count.PerElement()
            | beam.combiners.ToDict()
        )
        _ = (
            pipeline
            | beam.Create([job.about])
            | "Summarize" >> beam.Map(_summary, *counts, beam.pvalue.AsSingleton(kinds))
            | beam.io.WriteToText(f"{folder}/{SUMMARY}", shard_name_template="", append_trailing_newlines=False)
        )


@contextlib.contextmanager
def _plain_labels() -> Iterator[None]:
    """Lets Beam build a pipeline in a notebook.

    There, Beam adds the numbers of the cells to its labels, for which it imports modules that fail with pandas 3.
    """
    original = pipelines.alter_label_if_ipython
    pipelines.alter_label_if_ipython = lambda transform, pvalueish: None
    try:
        yield
    finally:
        pipelines.alter_label_if_ipython = original


def _records(unit):
    return unit.records()


def _partition(items, name, kind):
    """Returns two collections: the items of a class, and the other items."""

    def of_kind(item, _):
        return 0 if isinstance(item, kind) else 1

    return items | name >> beam.Partition(of_kind, 2)


def _first_and_others(key_and_answers):
    first, *repeats = sorted(key_and_answers[1], key=lambda answer: answer.place)
    return [first, *map(reject_repeated, repeats)]


def _summary(about, read_count, answer_count, kinds):
    return Summary(read_count, answer_count, kinds).as_json(about)


def _write(items, file_format, prefix, rows):
    suffix = f".{file_format}"
    if file_format == "tfrecord":
        examples = items | f"Serialize {prefix}" >> beam.Map(rows.example).with_output_types(bytes)
        _ = examples | f"Write {prefix}" >> beam.io.WriteToTFRecord(prefix, file_name_suffix=suffix)
        return
    tables = (
        items
        | f"Gather {prefix}" >> beam.BatchElements(TABLE_ROWS, TABLE_ROWS)
        | f"Table {prefix}" >> beam.Map(rows.table).with_output_types(Any)
    )
    _ = tables | f"Write {prefix}" >> beam.io.parquetio.WriteToParquetBatched(
        prefix, rows.schema, codec="snappy", file_name_suffix=suffix
    )
