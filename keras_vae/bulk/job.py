"""A job of bulk inference, independent of the runner that processes it."""

from dataclasses import dataclass
from typing import Any

from keras_vae.bulk.exported_model import ExportedModel
from keras_vae.bulk.formats import AnswerRows
from keras_vae.bulk.record import AnsweredRecord, RejectedRecord
from keras_vae.bulk.sources import Source


@dataclass(frozen=True)
class Job:
    """One signature of a model, to run on each record of a source.

    Attributes:
        model: the export and its signature.
        source: the records.
        file_format: format of the output files, one of `FORMATS`.
        batch_size: number of records in a batch.
    """

    model: ExportedModel
    source: Source
    file_format: str
    batch_size: int

    @property
    def answer_rows(self) -> AnswerRows:
        """The row format of the answers."""
        return AnswerRows(self.model.outputs)

    @property
    def about(self) -> dict[str, Any]:
        """The description of the job in the summary."""
        outputs = {
            name: {"dtype": spec.dtype.name, "shape": list(spec.shape[1:])} for name, spec in self.model.outputs.items()
        }
        return {"model": self.model.path, "signature": self.model.name, "data": self.source.name, "outputs": outputs}


def reject_repeated(answer: AnsweredRecord) -> RejectedRecord:
    """Turns an answer into a rejected record, because an earlier answer has the same key."""
    return RejectedRecord(
        answer.key, answer.place, "repeated key", "An earlier record with an answer has the same key."
    )
