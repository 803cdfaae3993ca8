"""The scores of the points, from the server, so that they are those of a file that is dropped on the page."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from keras_vae.progress import progress

ELBO, ANOMALY = "ELBO in nats", "anomaly score"
OUTPUTS = {"score": (ELBO, "elbo"), "anomaly": (ANOMALY, "combined")}
BATCH = 32
"""The number of rows in a request, at most the largest batch of an export."""

Predict = Callable[[str, dict[str, np.ndarray]], Mapping[str, np.ndarray]]


def scores_of(
    predict: Predict, signatures: Mapping[str, list[str]], x: np.ndarray, condition: Any = None, *, verbose: int = 0
) -> dict[str, np.ndarray]:
    """Returns name -> score of each example, `(N,)`: the ELBO and the anomaly score, where the server has them.

    Args:
        predict: runs a signature on inputs by name, and returns its outputs by name.
        signatures: name -> names of the inputs of each signature.
        x: examples, float32 `(N, *event_shape)`.
        condition: their conditions, for a conditional model.
        verbose: 1 shows the progress, if the work is long.

    Example:

    >>> scores_of(lambda name, inputs: {"elbo": inputs["x"].sum(axis=1)}, {"score": ["x"]}, np.ones((3, 2)))
    {'ELBO in nats': array([2., 2., 2.])}
    """
    found = {}
    for signature in OUTPUTS.keys() & signatures.keys():
        name, output = OUTPUTS[signature]
        parts = []
        starts = range(0, len(x), BATCH)
        for start in progress(starts, len(starts), f"Computing the {name}", verbose=verbose):
            rows = slice(start, start + BATCH)
            given = {"condition": np.asarray(condition)[rows]} if "condition" in signatures[signature] else {}
            parts.append(predict(signature, {"x": x[rows], **given})[output])
        found[name] = np.concatenate(parts)
    return {name: found[name] for name in (ELBO, ANOMALY) if name in found}
