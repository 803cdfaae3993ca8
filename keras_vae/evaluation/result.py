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
        measurements: name -> number with its unit.
        verdict: what the numbers mean, one sentence each.
        notes: what was left out, and why.
        pictures: name -> picture, in the order of the page.
    """

    question: str
    measurements: Mapping[str, Measurement]
    verdict: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: Mapping[str, Picture] = field(default_factory=dict)
