"""The base class of likelihoods that wrap another likelihood."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import tensorflow as tf

from keras_vae.distributions.likelihood import Likelihood
from keras_vae.trace import Trace


class WrappedLikelihood(Likelihood):
    """A likelihood that delegates to another likelihood, its `base`.

    A subclass sets `base` in its constructor and overrides the members that differ.
    """

    base: Likelihood

    @property
    def default_draw(self) -> Literal["mean", "sample"]:
        return self.base.default_draw

    @property
    def takes_bytes(self) -> bool:
        return self.base.takes_bytes

    @property
    def fill_value(self) -> float | np.ndarray:
        return self.base.fill_value

    def scale_of(self, x: np.ndarray) -> float:
        return self.base.scale_of(x)

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        return self.base.in_support(x)

    def check_events(self, x: np.ndarray) -> None:
        self.base.check_events(x)

    def check_range(self, low: float, high: float) -> None:
        self.base.check_range(low, high)

    def check_dtype(self, dtype: np.dtype) -> None:
        self.base.check_dtype(dtype)

    def refusal(self, value: str) -> str:
        return self.base.refusal(value)

    def statistics(self, trace: Trace) -> dict[str, tf.Tensor]:
        return self.base.statistics(trace)

    def update(self, statistics: Mapping[str, tf.Tensor], seed: tf.Tensor) -> None:
        if self.base.trainable:
            self.base.update(statistics, seed)
