"""Recorded answers: inputs and outputs of a model at its export, to check later that its outputs are unchanged."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

FILE = "recorded_answers.npz"

STEPS = "p_value"
"""How the names of outputs begin that change in steps."""

AMPLIFYING = ("combined", "score_distance", "code_distance", "feature_distance", "typicality")
"""Outputs that amplify the rounding errors of others: distances to close examples, and differences of large numbers."""

AMPLIFICATION = 100.0


class RecordedAnswer(NamedTuple):
    """Inputs and outputs of a signature.

    Attributes:
        inputs: input -> array.
        outputs: output -> array.
    """

    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]


def write_recorded_answers(path: Path, answers: Mapping[str, RecordedAnswer]) -> None:
    """Writes signature -> answer as a `.npz` file, without pickles."""
    arrays = {
        f"{signature}/{side}/{name}": array
        for signature, answer in answers.items()
        for side in RecordedAnswer._fields
        for name, array in getattr(answer, side).items()
    }
    np.savez_compressed(path, **arrays)


def read_recorded_answers(path: Path) -> dict[str, RecordedAnswer]:
    """Reads a file of `write_recorded_answers`."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    names = dict.fromkeys(key.split("/")[0] for key in arrays)
    return {name: RecordedAnswer(*(_side(arrays, name, side) for side in RecordedAnswer._fields)) for name in names}


def _side(arrays: Mapping[str, np.ndarray], signature: str, side: str) -> dict[str, np.ndarray]:
    prefix = f"{signature}/{side}/"
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}


def differences(expected: Mapping[str, np.ndarray], actual: Mapping[str, np.ndarray]) -> Iterable[float]:
    """Yields the largest difference of each output, relative to the expected value where its magnitude exceeds 1.

    For booleans and `STEPS` only the shapes are compared: they depend on other outputs, and may change at a threshold.
    The difference of the outputs `AMPLIFYING` is divided by `AMPLIFICATION`.
    """
    for name, array in expected.items():
        other = np.asarray(actual[name])
        if array.shape != other.shape:
            yield float("inf")
            continue
        if array.dtype == bool or name.startswith(STEPS):
            continue
        gap = np.abs(np.asarray(array, "float64") - other.astype("float64"))
        largest = float(np.max(gap / np.maximum(1.0, np.abs(array, dtype="float64")), initial=0.0))
        yield largest / AMPLIFICATION if name in AMPLIFYING else largest
