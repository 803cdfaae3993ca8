"""A callback that evaluates the averages of the weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from keras_vae.optimizers.schedule_free_adamw import ScheduleFreeAdamW


class AverageWeights(keras.callbacks.Callback):
    """Evaluates the averages of the weights that an optimizer keeps, while training continues with the weights.

    Use it with optimizers with `use_ema=True`, and with `ScheduleFreeAdamW`. Keras's `SwapEMAWeights` swaps weights and
    averages by additions, with rounding errors; this callback keeps an exact copy. It does nothing for other
    optimizers.

    Example:

    >>> model = zoo.vae((8, 8, 1), 2, units=(16,))
    >>> model.compile(keras.optimizers.Adam(use_ema=True, ema_momentum=0.9))
    >>> x = kv.data.load("digits").train.x[:256]
    >>> history = model.fit(x, validation_data=(x,), verbose=0, callbacks=[AverageWeights()])
    >>> values = model.evaluate(x, verbose=0, return_dict=True)  # `fit` ends with the averages
    >>> abs(values["elbo"] - history.history["val_elbo"][-1]) < 1e-2
    True

    Reference: Polyak & Juditsky, 1992, https://doi.org/10.1137/0330046 (averages of weights)
    """

    def __init__(self):
        super().__init__()
        self.weights: list[np.ndarray] = []

    @contextmanager
    def averages(self) -> Iterator[None]:
        """A context in which the weights of the model are the averages."""
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
        """Sets the weights of a model to the averages of its optimizers, if they keep any."""
        for optimizer, variables in model.optimizers:
            optimizer.finalize_variable_values(variables)

    @staticmethod
    def undo(model: Any) -> bool:
        """Undoes `apply`, and returns whether all optimizers that keep averages can do so.

        `ScheduleFreeAdamW` can. Other optimizers do not keep the weights themselves.
        """
        for optimizer, variables in model.optimizers:
            inner = getattr(optimizer, "inner_optimizer", optimizer)  # of a LossScaleOptimizer
            if isinstance(inner, ScheduleFreeAdamW) and not inner.use_ema:
                inner.restore_variable_values(variables)
        return not any(optimizer.use_ema for optimizer, _ in model.optimizers)

    def remember(self) -> None:
        """Saves a copy of the weights."""
        self.weights = [keras.ops.convert_to_numpy(variable) for variable in self.model.trainable_variables]

    def restore(self) -> None:
        """Restores the weights that `remember` saved."""
        for variable, value in zip(self.model.trainable_variables, self.weights, strict=True):
            variable.assign(value)
