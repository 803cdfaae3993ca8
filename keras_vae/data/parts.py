"""What a source holds, and how the splits that it lacks are made."""

from dataclasses import dataclass

import numpy as np

from keras_vae.checks import check_integer, is_integer, is_number
from keras_vae.data.dataset import DataSet, Split
from keras_vae.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Parts:
    """The splits that a source has of its own; `train` holds whatever belongs to no other."""

    train: Split
    validation: Split | None = None
    test: Split | None = None
    label_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    column_names: tuple[str, ...] = ()
    categories: tuple[tuple[str, ...], ...] = ()

    def complete(self, name: str, *, validation: float | int = 0.1, test: float | int = 0.1, seed: int = 0) -> DataSet:
        """Splits what is missing off `train` by one seeded permutation.

        Args:
            name: of the data set.
            validation: share of `train`, a float in (0, 1), or a number of examples, an integer above 1; read only
                if there is no validation split.
            test: likewise.
            seed: of the permutation, 0 or more.

        Raises:
            InvalidInputError: if a share cannot be used or a split would be left with no example.

        Example:

        >>> data = Parts(Split(np.zeros((100, 2)))).complete("zeros", test=20)
        >>> len(data.train), len(data.validation), len(data.test)
        (70, 10, 20)
        """
        n = len(self.train)
        held_out = 0 if self.validation else _count(validation, n, "validation")
        tested = 0 if self.test else _count(test, n, "test")
        if held_out + tested >= n:
            raise InvalidInputError(
                f"{name}: expected an example or more for training, got {n} examples of which {held_out} go to "
                f"validation and {tested} to test; give more examples or smaller splits."
            )
        seed = check_integer("seed", seed, least=0)
        described = (self.label_names, self.notes, self.factor_names, self.factor_sizes)
        described += (self.column_names, self.categories)
        if held_out + tested == 0:
            return DataSet(name, self.train, self.validation, self.test, *described)
        order = np.random.default_rng(seed).permutation(n)
        return DataSet(
            name,
            self.train[order[tested + held_out :]],
            self.validation or self.train[order[tested : tested + held_out]],
            self.test or self.train[order[:tested]],
            *described,
        )


def _count(share: float | int, n: int, part: str) -> int:
    if is_integer(share) and share > 1:
        return int(share)
    if is_number(share) and 0 < share < 1:
        return max(1, round(share * n))
    raise InvalidInputError(f"{part}: expected a share between 0 and 1 or a count above 1, got {share!r}.")
