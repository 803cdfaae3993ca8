"""The base class of likelihoods that wrap another likelihood."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from keras_vae.distributions.likelihood import Likelihood
from keras_vae.trace import Trace


def is_wrapped(likelihood: Any) -> bool:
    """Returns whether a likelihood, or the one of a name or a mapping with a name, has another one as its base.

    Example:

    >>> is_wrapped("masked"), is_wrapped({"name": "normal"})
    (True, False)
    """
    from keras_vae.distributions import LIKELIHOODS

    name = likelihood.get("name") if isinstance(likelihood, Mapping) else likelihood
    family = LIKELIHOODS.get(name) if isinstance(name, str) else type(name)
    return isinstance(family, type) and issubclass(family, WrappedLikelihood)


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
