"""The distribution of the scores of training examples, for the ranks and the threshold of `anomaly`."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Quantiles:
    """The distribution of a score over the training examples.

    Args:
        values: quantiles at evenly spaced fractions from 0 to 1, in ascending order, `(Q,)` with Q at least 2.

    Example:

    >>> quantiles = Quantiles.of(np.arange(101.0))
    >>> quantiles.threshold(0.05), quantiles.rank(tf.constant([-1.0, 25.0, 200.0])).numpy().tolist()
    (5.0, [0.0, 0.25, 1.0])
    """

    values: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, *, number: int = 1001) -> "Quantiles":
        """Computes the quantiles of `scores` `(N,)`.

        Raises:
            InvalidInputError: if there are fewer than two scores, or if a score is not finite.
        """
        scores = np.asarray(scores, "float64")
        if scores.ndim != 1 or len(scores) < 2 or not np.isfinite(scores).all():
            raise InvalidInputError(
                f"anomaly: expected two or more finite scores of training examples, got shape {scores.shape}"
                f"{'' if np.isfinite(scores).all() else ' with NaN or infinity'}; check the training first."
            )
        return cls(np.quantile(scores, np.linspace(0, 1, number)).astype("float32"))

    def threshold(self, share: float) -> float:
        """Returns the score that is greater than the scores of a fraction `share` of the examples."""
        return float(np.interp(share, np.linspace(0, 1, len(self.values)), self.values))

    def rank(self, scores: tf.Tensor) -> tf.Tensor:
        """Returns the fraction of examples with a lower score, 0 to 1, linear between the quantiles; shape `(B,)`."""
        values = tf.constant(self.values)
        last = len(self.values) - 1
        upper = tf.clip_by_value(tf.searchsorted(values, scores), 1, last)  # the first quantile that is not lower
        low, high = tf.gather(values, upper - 1), tf.gather(values, upper)
        fraction = tf.math.divide_no_nan(scores - low, high - low)
        return (tf.cast(upper - 1, tf.float32) + tf.clip_by_value(fraction, 0.0, 1.0)) / last
