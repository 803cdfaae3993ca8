"""A callback that evaluates the averages of the weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


class AverageWeights(keras.callbacks.Callback):
    """Evaluates the averages of the weights that an optimizer keeps, while training goes on with the weights.

    It is for optimizers with `use_ema=True`, and for `ScheduleFreeAdamW`. Keras's `SwapEMAWeights` exchanges the two by
    sums, which rounds them; this callback keeps an exact copy. With other optimizers it does nothing.

    Example:

    >>> model = zoo.vae((8, 8, 1), 2, units=(16,))
    >>> model.compile(keras.optimizers.Adam(use_ema=True, ema_momentum=0.9))
    >>> x = kv.data.load("digits").train.x[:256]
    >>> history = model.fit(x, validation_data=(x,), verbose=0, callbacks=[AverageWeights()])
    >>> values = model.evaluate(x, verbose=0, return_dict=True)  # `fit` ends with the averages
    >>> abs(values["elbo"] - history.history["val_elbo"][-1]) < 1e-2
    True
    """

    def __init__(self):
        super().__init__()
        self.weights: list[np.ndarray] = []

    @contextmanager
    def averages(self) -> Iterator[None]:
        """A context in which the model has the averages."""
        self.on_test_begin()
        try:
            yield
        finally:
            self.on_test_end()

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self.remember()
        self.apply(self.model)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self.restore()

    @staticmethod
    def apply(model: Any) -> None:
        """Gives a model the averages that its optimizers keep, if they do."""
        for optimizer, variables in model.optimizers:
            optimizer.finalize_variable_values(variables)

    def remember(self) -> None:
        """Keeps a copy of the weights."""
        self.weights = [keras.ops.convert_to_numpy(variable) for variable in self.model.trainable_variables]

    def restore(self) -> None:
        """Gives the model the weights that it had at `remember`."""
        for variable, value in zip(self.model.trainable_variables, self.weights, strict=True):
            variable.assign(value)
