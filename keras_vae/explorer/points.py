"""The examples on the map."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_vae.checks import check_integer
from keras_vae.data import Split, SplitDataset
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import Examples, read_examples
from keras_vae.models import Autoencoder

MOST_POINTS = 20_000
MOST_NUMBERS = 2**22
"""The maximum number of latents of all points, 16 MB: of 64x64 latents for each point, 1024 points are shown."""


@dataclass(frozen=True, eq=False)
class Points:
    """N examples of one or more parts of the data.

    Attributes:
        x: the examples, `(N, *event_shape)`.
        y: their labels `(N,)` or conditions `(N, size)`; None if there are none.
        factors: their factors of variation, `(N, K)`; None if there are none.
        part: index of the part of each example, `(N,)`.
        rows: index of each example within its part, `(N,)`.
        part_names: names of the parts, such as test and training.
        label_names: names of the labels 0, 1, ...; may be empty.
        factor_names: names of the factors.
        column_names: names of the columns of a table; empty for other data.
        categories: the texts of each column of a table; empty for numeric columns.
        note: which examples these are, in one line.
    """

    x: np.ndarray
    y: np.ndarray | None
    factors: np.ndarray | None
    part: np.ndarray
    rows: np.ndarray
    part_names: tuple[str, ...]
    label_names: tuple[str, ...] = ()
    factor_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
    categories: tuple[tuple[str, ...], ...] = ()
    note: str = ""

    def __len__(self) -> int:
        return len(self.x)

    @property
    def labels(self) -> np.ndarray | None:
        """The labels `(N,)`; None where there are none, or vectors in their place."""
        return None if self.y is None or self.y.ndim > 1 else self.y


def choose_points(model: Autoencoder, data: Any, count: int = 5000) -> Points:
    """Chooses the examples that the map shows, at equal distances.

    Args:
        model: the model.
        data: a `SplitDataset`, whose test and training examples are shown, half of the points each; or another form of
            `read_examples`.
        count: maximum number of examples, at most 20,000.

    Raises:
        InvalidInputError: if the data cannot be used, or if there are fewer than two examples.

    Example:

    >>> points = choose_points(zoo.vae((8, 8, 1), 2, units=(4,)), kv.data.load("digits"), count=100)
    >>> len(points), points.part_names
    (100, ('test', 'training'))
    """
    count = check_integer("points", count, least=2)
    if count > MOST_POINTS:
        raise InvalidInputError(f"points: expected at most {MOST_POINTS:,}, got {count:,}; give fewer.")
    count = min(count, max(2, MOST_NUMBERS // math.prod(model.latent_shape)))
    parts = {"test": data.test, "training": data.train} if isinstance(data, SplitDataset) else {"data": data}
    chosen, rows, totals = {}, {}, {}
    left = count
    for position, (name, part) in enumerate(sorted(parts.items(), key=lambda item: _length(item[1]))):
        share = left // (len(parts) - position)
        chosen[name], rows[name], totals[name] = _choose(model, part, name, share)
        left -= len(rows[name])
    names = tuple(parts)
    examples = [chosen[name] for name in names]
    if sum(map(len, examples)) < 2:
        raise InvalidInputError("data: expected two or more examples for a map, got one; give more.")
    described = {} if not isinstance(data, SplitDataset) else {
        name: getattr(data, name) for name in ("label_names", "factor_names", "column_names", "categories")
    }  # fmt: skip
    shown = " and ".join(
        f"{len(rows[name]):,} of {totals[name]:,} {'' if name == 'data' else name + ' '}examples" for name in names
    )
    is_all = all(len(rows[name]) == totals[name] for name in names)
    return Points(
        np.concatenate([each.x for each in examples]),
        _joined([each.y for each in examples]),
        _joined([each.factors for each in examples]),
        np.repeat(np.arange(len(names)), [len(each) for each in examples]),
        np.concatenate([rows[name] for name in names]),
        names,
        **described,
        note=f"{shown}{'' if is_all else ', at equal distances'}.",
    )


def _length(part: Any) -> float:
    return len(part) if isinstance(part, Split) else math.inf


def _choose(model: Autoencoder, part: Any, name: str, most: int) -> tuple[Examples, np.ndarray, int]:
    """Returns at most `most` examples, their indices, and the number of all examples of the part."""
    if isinstance(part, Split):  # of which only the chosen rows are read
        rows = _spread(len(part), most)
        return read_examples(model, part[rows], part=name), rows, len(part)
    examples = read_examples(model, part)
    rows = _spread(len(examples), most)
    return examples[rows], rows, len(examples)


def _spread(length: int, most: int) -> np.ndarray:
    return np.linspace(0, length - 1, min(length, most)).astype(int)


def _joined(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    """Returns the arrays one after the other; None if one is missing."""
    known = [array for array in arrays if array is not None]
    return np.concatenate(known) if len(known) == len(arrays) else None
