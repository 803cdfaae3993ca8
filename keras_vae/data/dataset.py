"""Split and DataSet: examples in memory, valid by construction."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from keras_vae.checks import is_image
from keras_vae.data import pipeline
from keras_vae.data.factors import check_factors
from keras_vae.data.validate import validate, validate_factors, validate_labels
from keras_vae.digest import digest_of
from keras_vae.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Split:
    """Examples and, where known, their labels and factors of variation.

    Args:
        x: `(N, *event)`, made uint8 (pixels, 0..255) or float32 by `validate`.
        y: `(N,)` integer labels, or None.
        factors: `(N, K)` integers, the value of each factor of variation, or None.

    Raises:
        InvalidInputError: if `x`, `y` or `factors` cannot be used, or their lengths differ.

    Example:

    >>> split = Split(np.zeros((5, 28, 28), np.uint8), np.arange(5))
    >>> split.x.shape, len(split[:2])
    ((5, 28, 28, 1), 2)
    """

    x: np.ndarray
    y: np.ndarray | None = None
    factors: np.ndarray | None = None

    def __post_init__(self):
        object.__setattr__(self, "x", validate(self.x))
        if self.y is not None:
            object.__setattr__(self, "y", validate_labels(self.y, len(self.x)))
        if self.factors is not None:
            object.__setattr__(self, "factors", validate_factors(self.factors, len(self.x)))

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: slice | np.ndarray) -> "Split":
        """The examples at `index`, a slice or an array of indices."""
        return Split(*(None if part is None else part[index] for part in (self.x, self.y, self.factors)))

    def batches(
        self,
        batch_size: int,
        *,
        shuffle: bool = False,
        seed: int = 0,
        start_epoch: int | None = None,
        start_step: int = 0,
        binarize: str | None = None,
        labels: bool = False,
    ) -> tf.data.Dataset:
        """Batches of `x`, or with `labels` of `(x, y)`: see `keras_vae.data.pipeline.batches`."""
        if labels and self.y is None:
            raise InvalidInputError("labels: this model needs them, and the data have none; give labelled data.")
        y = self.y if labels else None
        return pipeline.batches(
            self.x, batch_size, shuffle=shuffle, seed=seed, start_epoch=start_epoch, start_step=start_step,
            binarize=binarize, y=y,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class DataSet:
    """Three splits of one kind of example.

    Args:
        name: what the data set is called.
        train: examples to learn from.
        validation: examples to choose by.
        test: examples to report on.
        label_names: the name of label i at position i; may be empty.
        notes: plain sentences for the user.
        factor_names: the name of each factor of variation; empty where they are not known.
        factor_sizes: how many values each of them has: those of factor k go from 0 to `factor_sizes[k] - 1`.
        column_names: of a table, the name of each of its D columns; empty for other data.
        categories: of a table, for each column the texts that its values 0, 1, ... stand for; empty for numbers.

    Raises:
        InvalidInputError: if the splits differ in shape or dtype, or their factors or columns are not those that are
            named.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    label_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    column_names: tuple[str, ...] = ()
    categories: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self):
        self._check_factors()
        columns = self.event_shape if self.column_names else (0,)
        if (len(self.column_names),) != columns or len(self.categories) not in (0, *columns):
            raise InvalidInputError(
                f"{self.name}: expected a name for each column, {columns}, got {len(self.column_names)} names and "
                f"{len(self.categories)} lists of categories; give as many."
            )
        expected = self.train.x
        for part, x in (("validation", self.validation.x), ("test", self.test.x)):
            if (x.shape[1:], x.dtype) != (expected.shape[1:], expected.dtype):
                raise InvalidInputError(
                    f"{self.name}: expected {part} examples like the training ones, {expected.shape[1:]} "
                    f"{expected.dtype}, got {x.shape[1:]} {x.dtype}."
                )

    def _check_factors(self):
        names, sizes = self.factor_names, self.factor_sizes
        if not len(set(names)) == len(names) == len(sizes):
            raise InvalidInputError(
                f"{self.name}: expected distinct factor_names and a size for each, got {names} with {sizes}; "
                "give as many."
            )
        for part in ("train", "validation", "test") if names else ():
            factors = getattr(self, part).factors
            if factors is None:
                raise InvalidInputError(
                    f"{self.name}: expected {part} examples with factors, got none; give them, or no factor_names."
                )
            check_factors(factors, dict(zip(names, sizes, strict=True)), f"{self.name}: {part} factors")

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return self.train.x.shape[1:]

    @property
    def is_image(self) -> bool:
        """Whether one example is `(H, W, C)` with 1, 3 or 4 channels."""
        return is_image(self.event_shape)

    def digests(self) -> dict[str, str]:
        """A digest of the examples, labels and factors of each split: equal ones mean equal data.

        Example:

        >>> list(kv.data.load("digits").digests())[:2]
        ['training examples', 'training labels']
        """
        splits = {"training": self.train, "validation": self.validation, "test": self.test}
        return {
            f"{name} {what}": digest_of([array])
            for name, split in splits.items()
            for what, array in (("examples", split.x), ("labels", split.y), ("factors", split.factors))
            if array is not None
        }

    def describe(self) -> str:
        """Sizes, shape, dtype, range, labels, factors and notes, a line each."""
        x = self.train.x
        lines = [
            self.name,
            f"  examples: {len(self.train)} training, {len(self.validation)} validation, {len(self.test)} test",
            f"  shape {self.event_shape}, {x.dtype}, training values {np.nanmin(x):g} to {np.nanmax(x):g}",
        ]
        if self.label_names:
            more = ", ..." if len(self.label_names) > 10 else ""
            lines.append(f"  {len(self.label_names)} labels: {', '.join(self.label_names[:10])}{more}")
        elif self.train.y is not None:
            lines.append(f"  {len(np.unique(self.train.y))} labels")
        if self.column_names:
            more = ", ..." if len(self.column_names) > 20 else ""
            lines.append(f"  {len(self.column_names)} columns: {', '.join(self.column_names[:20])}{more}")
        if self.factor_names:
            known = map("{} ({})".format, self.factor_names, self.factor_sizes)
            lines.append(f"  {len(self.factor_names)} factors: {', '.join(known)}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])
