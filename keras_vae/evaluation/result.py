"""The result of one question of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.picture import Picture


@dataclass(frozen=True)
class Result:
    """The result of one question about a model.

    Attributes:
        question: the question, as a sentence.
        measurements: name -> `Measurement`.
        verdict: the interpretation of the measurements, one sentence each.
        notes: missing measurements, with the reason.
        pictures: name -> picture, in the order of the page.

    Example:

    >>> result = Result("Do samples look like the data?", {"precision": Measurement(0.9)}, ("Most samples do.",))
    >>> result.measurements["precision"].value
    0.9
    """

    question: str
    measurements: Mapping[str, Measurement]
    verdict: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: Mapping[str, Picture] = field(default_factory=dict)
