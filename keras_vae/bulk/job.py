"""What is to be done, whoever does it."""

from dataclasses import dataclass
from typing import Any

from keras_vae.bulk.exported_model import ExportedModel
from keras_vae.bulk.formats import AnswerRows
from keras_vae.bulk.record import Answer, Rejected
from keras_vae.bulk.sources import Source


@dataclass(frozen=True)
class Job:
    """A question to a model about each record of a source.

    Attributes:
        model: with its signature.
        source: of the records.
        file_format: one of `FORMATS`, of what is written.
        batch_size: records that the model answers at a time.
    """

    model: ExportedModel
    source: Source
    file_format: str
    batch_size: int

    @property
    def answer_rows(self) -> AnswerRows:
        """How answers are written."""
        return AnswerRows(self.model.outputs)

    @property
    def about(self) -> dict[str, Any]:
        """What the summary says of the job."""
        outputs = {
            name: {"dtype": spec.dtype.name, "shape": list(spec.shape[1:])} for name, spec in self.model.outputs.items()
        }
        return {"model": self.model.path, "signature": self.model.name, "data": self.source.name, "outputs": outputs}


def twice(answer: Answer) -> Rejected:
    """What becomes of an answer whose key an earlier record has."""
    return Rejected(answer.key, answer.place, "repeated key", "An earlier record with an answer has the same key.")
