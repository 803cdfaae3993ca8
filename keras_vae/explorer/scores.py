"""The scores of the points, from the server, so that they are those of a file that is dropped on the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from keras_vae.progress import progress
from keras_vae.serving.server.model_version import ModelVersion

ELBO, ANOMALY = "ELBO in nats", "anomaly score"
OUTPUTS = {"score": (ELBO, "elbo"), "anomaly": (ANOMALY, "combined")}
BATCH = 32
"""The number of rows in a request, at most the largest batch of an export."""

Predict = Callable[[str, dict[str, np.ndarray]], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Signatures:
    """The signatures of an export.

    Attributes:
        predict: runs a signature on inputs by name, and returns its outputs by name.
        inputs: name -> names of the inputs of each signature.
    """

    predict: Predict
    inputs: Mapping[str, list[str]]

    @classmethod
    def of(cls, version: ModelVersion) -> Self:
        """Returns those of a version in this process."""
        return cls(version.run, {name: list(signature.inputs) for name, signature in version.signatures.items()})


def scores_of(
    signatures: Signatures, x: np.ndarray, condition: Any = None, *, verbose: int = 0
) -> dict[str, np.ndarray]:
    """Returns name -> score of each example, `(N,)`: the ELBO and the anomaly score, where the server has them.

    Args:
        signatures: the signatures.
        x: examples, float32 `(N, *event_shape)`.
        condition: their conditions, for a conditional model.
        verbose: 1 shows the progress, if the work is long.

    Example:

    >>> signatures = Signatures(lambda name, inputs: {"elbo": inputs["x"].sum(axis=1)}, {"score": ["x"]})
    >>> scores_of(signatures, np.ones((3, 2)))
    {'ELBO in nats': array([2., 2., 2.])}
    """
    found = {}
    for signature in OUTPUTS.keys() & signatures.inputs.keys():
        name, output = OUTPUTS[signature]
        parts = []
        starts = range(0, len(x), BATCH)
        for start in progress(starts, len(starts), f"Computing the {name}", verbose=verbose):
            rows = slice(start, start + BATCH)
            given = {"condition": np.asarray(condition)[rows]} if "condition" in signatures.inputs[signature] else {}
            parts.append(signatures.predict(signature, {"x": x[rows], **given})[output])
        found[name] = np.concatenate(parts)
    return {name: found[name] for name in (ELBO, ANOMALY) if name in found}
