"""What a model answered when it was exported, kept beside the export so that others can check that it still does."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

FILE = "recorded_answers.npz"


class Answer(NamedTuple):
    """One question to a signature and its answer: name -> array each."""

    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]


def write_recorded(path: Path, answers: Mapping[str, Answer]) -> None:
    """Writes signature -> answer as `.npz`, without pickles."""
    arrays = {
        f"{signature}/{side}/{name}": array
        for signature, answer in answers.items()
        for side in Answer._fields
        for name, array in getattr(answer, side).items()
    }
    np.savez_compressed(path, **arrays)


def read_recorded(path: Path) -> dict[str, Answer]:
    """What `write_recorded` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    names = dict.fromkeys(key.split("/")[0] for key in arrays)
    return {name: Answer(*(_side(arrays, name, side) for side in Answer._fields)) for name in names}


def _side(arrays: Mapping[str, np.ndarray], signature: str, side: str) -> dict[str, np.ndarray]:
    prefix = f"{signature}/{side}/"
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}


def differences(expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> Iterable[float]:
    """The largest difference of each output, relative to its own size where that exceeds 1.

    Yes-or-no outputs are compared in shape alone: they follow from others, and on a threshold may go either way.
    """
    for name, array in expected.items():
        other = np.asarray(found[name])
        if array.shape != other.shape:
            yield float("inf")
            continue
        if array.dtype == bool:
            continue
        gap = np.abs(np.asarray(array, "float64") - other.astype("float64"))
        yield float(np.max(gap / np.maximum(1.0, np.abs(array, dtype="float64")), initial=0.0))
