"""The splits of a source, and the creation of missing splits."""

from dataclasses import dataclass, replace

import numpy as np

from keras_vae.checks import check_integer, is_integer, is_number
from keras_vae.data.lazy_array import LARGE, InMemory, Joined, LazyArray
from keras_vae.data.shuffled_range import MOST_SHUFFLED, ShuffledRange
from keras_vae.data.split_dataset import Split, SplitDataset, check_alike
from keras_vae.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Parts:
    """The splits of a source. `train` contains all examples that are in no other split."""

    train: Split
    validation: Split | None = None
    test: Split | None = None
    label_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    column_names: tuple[str, ...] = ()
    categories: tuple[tuple[str, ...], ...] = ()

    @property
    def whole(self) -> Split:
        """All examples: the training examples, then those for validation and for test."""
        parts = [part for part in (self.train, self.validation, self.test) if part is not None]
        check_alike("y", *parts)
        y = [part.y for part in parts if part.y is not None]
        factors = [part.factors for part in parts if part.factors is not None]
        names = [part.names for part in parts if part.names is not None]
        lazy = any(isinstance(part.x, LazyArray) for part in parts)
        return Split(
            Joined([part.x for part in parts]) if lazy else np.concatenate([part.x for part in parts]),
            np.concatenate(y) if len(y) == len(parts) else None,
            np.concatenate(factors) if len(factors) == len(parts) else None,
            np.concatenate(names) if len(names) == len(parts) else None,
        )

    def complete(
        self, name: str, *, validation: float | int = 0.1, test: float | int = 0.1, seed: int = 0
    ) -> SplitDataset:
        """Creates the missing splits from the examples of `train`, by a random permutation.

        For more than `MOST_SHUFFLED` examples, it is a `ShuffledRange`, which takes no memory.

        Args:
            name: name of the data set.
            validation: size of a missing validation split: a fraction of `train`, a float in (0, 1), or a number of
                examples, an integer above 1.
            test: size of a missing test split, as for `validation`.
            seed: seed of the permutation, 0 or more.

        Raises:
            InvalidInputError: if a size cannot be used, or if no training example would remain.

        Example:

        >>> data = Parts(Split(np.zeros((100, 2)))).complete("zeros", test=20)
        >>> len(data.train), len(data.validation), len(data.test)
        (70, 10, 20)
        """
        n = len(self.train)
        validation_count = 0 if self.validation else _count(validation, n, "validation")
        test_count = 0 if self.test else _count(test, n, "test")
        if validation_count + test_count >= n:
            raise InvalidInputError(
                f"{name}: expected one or more examples for training, got {n} examples in total, {validation_count} of "
                f"them for validation and {test_count} for test; use more examples or smaller splits."
            )
        seed = check_integer("seed", seed, least=0)
        metadata = (self.label_names, self.notes, self.factor_names, self.factor_sizes)
        metadata += (self.column_names, self.categories)
        if self.validation and self.test:
            return SplitDataset(name, self.train, self.validation, self.test, *metadata)
        order = np.random.default_rng(seed).permutation(n) if n <= MOST_SHUFFLED else ShuffledRange(n, seed)
        train = self.train
        if isinstance(train.x, np.ndarray) and train.x.nbytes > LARGE:
            train = replace(train, x=InMemory(train.x))  # the splits share the array
        return SplitDataset(
            name,
            train[order[test_count + validation_count :]],
            self.validation or train[order[test_count : test_count + validation_count]],
            self.test or train[order[:test_count]],
            *metadata,
        )


def _count(share: float | int, n: int, part: str) -> int:
    if is_integer(share) and share > 1:
        return int(share)
    if is_number(share) and 0 < share < 1:
        return max(1, round(share * n))
    raise InvalidInputError(f"{part}: expected a fraction between 0 and 1 or a count above 1, got {share!r}.")
