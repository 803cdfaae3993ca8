"""The containers Split and SplitDataset, which hold valid examples in memory."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from keras_vae.checks import is_image
from keras_vae.data import pipeline
from keras_vae.data.factors import check_factors
from keras_vae.data.lazy_array import LARGE, LazyArray, sample
from keras_vae.data.shuffled_range import ShuffledRange
from keras_vae.data.validate import validate, validate_conditions, validate_factors
from keras_vae.digest import digest_of
from keras_vae.errors import InvalidInputError
from keras_vae.text import join_names

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Examples with optional labels and factors of variation.

    Args:
        x: `(N, *event)`; uint8 are pixels from 0 to 255, booleans become 0 or 255, and other numbers float32. Images
            `(N, H, W)` get a channel axis. Or a `LazyArray`, for examples that do not fit in memory.
        y: `(N,)` integer labels, vectors `(N, D)` for a model with a condition, such as measurements or one-hot
            labels, which become float32, or None. Labels may be whole floats; a column `(N, 1)` of integers becomes
            `(N,)`.
        factors: `(N, K)` integers, the value of each factor of variation, or None.
        names: `(N,)` texts, such as the path of the file of each image in its folder, or None.

    Raises:
        InvalidInputError: if `x`, `y`, `factors` or `names` cannot be used, or if their lengths differ.

    Example:

    >>> split = Split(np.zeros((5, 28, 28), np.uint8), np.arange(5))
    >>> split.x.shape, len(split[:2])
    ((5, 28, 28, 1), 2)
    """

    x: np.ndarray | LazyArray
    y: np.ndarray | None = None
    factors: np.ndarray | None = None
    names: np.ndarray | None = None

    def __post_init__(self):
        if isinstance(self.x, LazyArray):
            _check_lazy(self.x)
        else:
            object.__setattr__(self, "x", validate(self.x))
        if self.y is not None:
            object.__setattr__(self, "y", validate_conditions(self.y, len(self.x)))
        if self.factors is not None:
            object.__setattr__(self, "factors", validate_factors(self.factors, len(self.x)))
        if self.names is not None:
            object.__setattr__(self, "names", _checked_names(self.names, len(self.x)))

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: slice | np.ndarray | ShuffledRange) -> "Split":
        """Returns the examples at `index`, a slice or an array of indices."""
        arrays = [part for part in (self.x, self.y, self.factors, self.names) if isinstance(part, np.ndarray)]
        rows = np.asarray(index) if arrays and isinstance(index, ShuffledRange) else index
        others = (None if part is None else part[rows] for part in (self.y, self.factors, self.names))
        return Split(self.x[index if isinstance(self.x, LazyArray) else rows], *others)

    def in_memory(self, most_bytes: int = LARGE) -> "Split":
        """Returns the split with its examples in memory.

        Of a `LazyArray` with more bytes than `most_bytes`, examples at equal distances are read.
        """
        if isinstance(self.x, np.ndarray):
            return self
        rows = self.x.spread(len(self), most_bytes)
        others = (None if part is None else part[rows] for part in (self.y, self.factors, self.names))
        return Split(np.asarray(self.x[rows]), *others)

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
        """Returns batches of `x`, `(batch_size, *event)`, or of `(x, y)` with `labels=True`.

        Args:
            batch_size: number of examples in a batch.
            shuffle: see `keras_vae.data.batches`, as for the arguments below.
            seed: seed of the order and of the binarisation.
            start_epoch: index of the first epoch of an infinite stream; None returns a single pass.
            start_step: index of the first batch in this epoch.
            binarize: `"dynamic"`, `"static"` or `"threshold"`; None leaves the values unchanged.
            labels: whether the batches contain `y`.

        Raises:
            InvalidInputError: if there are no labels, or if an argument is out of range.
        """
        if labels and self.y is None:
            raise InvalidInputError("labels: expected data with labels, which this model needs; use labelled data.")
        y = self.y if labels else None
        return pipeline.batches(
            self.x, batch_size, shuffle=shuffle, seed=seed, start_epoch=start_epoch, start_step=start_step,
            binarize=binarize, y=y,
        )  # fmt: skip


def _check_lazy(x: LazyArray) -> None:
    """Checks that a lazy array has the shape and dtype that `validate` would give it; reads nothing."""
    as_valid = validate(np.zeros((min(len(x), 1), *x.shape[1:]), x.dtype))
    if (as_valid.shape[1:], as_valid.dtype) != (x.shape[1:], x.dtype):
        raise InvalidInputError(
            f"x: expected a lazy array of uint8 or float32, of images with a channel axis, such as shape (N, "
            f"{', '.join(map(str, as_valid.shape[1:]))}) and {as_valid.dtype}; got {x}; convert the rows in its take()."
        )


def _checked_names(names: np.ndarray, count: int) -> np.ndarray:
    """Returns the names as an array of objects, which takes no more memory than the texts."""
    names = np.asarray(names, object)
    if names.shape != (count,) or not all(isinstance(name, str) for name in names):
        raise InvalidInputError(f"names: expected {count} texts, one per example, got shape {names.shape}.")
    return names


def check_alike(name: str, *splits: Split) -> None:
    """Raises `InvalidInputError` if the labels or vectors of the splits that have them differ in shape."""
    shapes = {split.y.shape[1:] for split in splits if split.y is not None}
    if len(shapes) > 1:
        kinds = " and ".join(sorted(f"vectors of {shape[0]} numbers" if shape else "labels" for shape in shapes))
        raise InvalidInputError(f"{name}: expected labels or vectors of one shape in all splits, got {kinds}.")


@dataclass(frozen=True, eq=False)
class SplitDataset:
    """A data set with splits for training, validation and test.

    Args:
        name: name of the data set.
        train: examples for training.
        validation: examples for model selection.
        test: examples for the final evaluation.
        label_names: name of each label; may be empty.
        notes: remarks on the data for the user, one sentence each.
        factor_names: name of each factor of variation; empty if the factors are unknown.
        factor_sizes: number of values of each factor. The values of factor k are 0 to `factor_sizes[k] - 1`.
        column_names: names of the D columns of a table; empty for other data.
        categories: for each column of a table, the texts with the indices 0, 1, ...; empty for a numeric column.

    Raises:
        InvalidInputError: if the splits differ in shape or dtype, or if the factors or columns do not match their
            names.

    Example:

    >>> x = np.zeros((10, 8, 8, 1), np.uint8)
    >>> data = SplitDataset("black images", Split(x[:6]), Split(x[6:8]), Split(x[8:]))
    >>> print(data.describe())
    black images
      examples: 6 training, 2 validation, 2 test
      shape (8, 8, 1), uint8, training values 0 to 0
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
                f"{self.name}: expected column_names and categories for {columns[0]} columns, got "
                f"{len(self.column_names)} names and {len(self.categories)} lists of categories; give one per column."
            )
        expected = self.train.x
        for part, x in (("validation", self.validation.x), ("test", self.test.x)):
            if (x.shape[1:], x.dtype) != (expected.shape[1:], expected.dtype):
                raise InvalidInputError(
                    f"{self.name}: expected {part} examples like the training examples, {expected.shape[1:]} "
                    f"{expected.dtype}, got {x.shape[1:]} {x.dtype}; convert them."
                )
        check_alike(self.name, self.train, self.validation, self.test)

    def _check_factors(self):
        names, sizes = self.factor_names, self.factor_sizes
        if not len(set(names)) == len(names) == len(sizes):
            raise InvalidInputError(
                f"{self.name}: expected distinct factor_names and a size for each, got {names} with {sizes}; "
                "give one size per name."
            )
        for part in PARTS if names else ():
            factors = getattr(self, part).factors
            if factors is None:
                raise InvalidInputError(
                    f"{self.name}: expected {part} examples with factors, got none; add the factors, or leave out "
                    "factor_names."
                )
            check_factors(factors, dict(zip(names, sizes, strict=True)), f"{self.name}: {part} factors")

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return self.train.x.shape[1:]

    @property
    def is_image(self) -> bool:
        """Whether an example is an image, `(H, W, C)` with 1, 3 or 4 channels."""
        return is_image(self.event_shape)

    def digests(self) -> dict[str, str]:
        """Returns a digest of the examples, labels and factors of each split. Equal digests mean equal data.

        Example:

        >>> list(kv.data.load("digits").digests())[:2]
        ['training examples', 'training labels']
        """
        splits = {"training": self.train, "validation": self.validation, "test": self.test}
        return {
            f"{name} {array_name}": digest_of([array])
            for name, split in splits.items()
            for array_name, array in (("examples", split.x), ("labels", split.y), ("factors", split.factors))
            if array is not None
        }

    def describe(self) -> str:
        """Returns the sizes, shape, dtype, range, labels, factors and notes as text, one line each."""
        x = sample(self.train.x)
        described = "training values" if x is self.train.x else "values in a sample"
        lines = [
            self.name,
            f"  examples: {len(self.train)} training, {len(self.validation)} validation, {len(self.test)} test",
            f"  shape {self.event_shape}, {x.dtype}, {described} {np.nanmin(x):g} to {np.nanmax(x):g}",
        ]
        if self.label_names:
            more = ", ..." if len(self.label_names) > 10 else ""
            lines.append(f"  {len(self.label_names)} labels: {', '.join(self.label_names[:10])}{more}")
        elif self.train.y is not None and self.train.y.ndim > 1:
            lines.append(f"  a vector of {self.train.y.shape[1]} numbers beside each example")
        elif self.train.y is not None:
            lines.append(f"  {len(np.unique(self.train.y))} labels")
        if self.column_names:
            more = ", ..." if len(self.column_names) > 20 else ""
            lines.append(f"  {len(self.column_names)} columns: {join_names(self.column_names[:20])}{more}")
        if self.factor_names:
            factors = map("{} ({})".format, self.factor_names, self.factor_sizes)
            lines.append(f"  {len(self.factor_names)} factors: {', '.join(factors)}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(" ".join(line.splitlines()) for line in lines)  # a name may contain line breaks
