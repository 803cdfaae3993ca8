"""Principal components of the columns of a table as features."""

import numpy as np
import tensorflow as tf

from keras_vae.distributions import Table
from keras_vae.evaluation.features.features import Features
from keras_vae.evaluation.features.principal_components import PrincipalComponents


class ColumnComponents(Features):
    """The principal components of the rows of a table as its encoder gets them, so that no unit of a column decides.

    Real columns are standardised, counts are log(1 + count), and categories are one-hot.

    Args:
        table: the likelihood of the table, adapted to the training data.
        x: training examples `(N, D)`.
        seed: seed of the selection of examples.

    Raises:
        InvalidInputError: see `PrincipalComponents.fit`; values may not be missing.

    Example:

    >>> x = np.array([[7e5, 0], [8e5, 2], [9e5, 1]])
    >>> table = kv.Table((2,), ["real", ("categorical", 3)])
    >>> _ = table(np.zeros((1, 4))), table.adapt(x)
    >>> features = ColumnComponents(table, x)
    >>> features.name, features(x).shape
    ('2 principal components of the columns', (3, 2))
    """

    def __init__(self, table: Table, x: np.ndarray, *, seed: int = 0):
        self.table, self.event_shape = table, table.event_shape
        self.components = PrincipalComponents.fit(self._encoded(x), seed=seed)
        self.name = f"{len(self.components.directions)} principal components of the columns"

    def of_batch(self, x: np.ndarray) -> np.ndarray:
        return self.components.of_batch(self._encoded(x))

    def _encoded(self, x: np.ndarray) -> np.ndarray:
        return self.table.encoder_input(tf.constant(x, tf.float32)).numpy()
