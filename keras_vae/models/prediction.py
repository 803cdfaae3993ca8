"""`predict`, for examples or pairs (x, condition)."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.models.array_batches import BATCH_SIZE, ordered_batches
from keras_vae.models.batch import check_spec, padded
from keras_vae.models.conditioning import Conditioning
from keras_vae.models.data_range import check_new_examples
from keras_vae.models.inputs import batches_for_keras, check_is_data, is_array
from keras_vae.models.stream_adapter import adapted


class _SawBatch(keras.callbacks.Callback):
    """Records whether there was a batch."""

    value = False

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.value = True


class Prediction(Conditioning):
    """The method `predict` of `Autoencoder`."""

    def predict(
        self,
        x: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        *,
        condition: Any = None,
    ) -> np.ndarray:
        """Returns the reconstructions E[x | z] at the posterior means z, as `keras.Model.predict` does.

        Args:
            x: examples `(N, *event_shape)`, or batches of them. For a conditional model, `[x, condition]` or batches
                `(x, condition)`, such as the training data set.
            batch_size: as in Keras.
            verbose: as in Keras.
            steps: as in Keras.
            callbacks: as in Keras.
            condition: conditions of the examples, if `x` contains only examples.

        Returns:
            Shape `(N, *event_shape)`. Arrays are checked first. In a stream of batches, the result of an invalid
            example is NaN.

        Raises:
            InvalidInputError: for invalid data or conditions.
        """
        x, condition = self.split_condition(x, condition)
        if self.condition is None and isinstance(x, (list, tuple)) and np.ndim(x[0]) == len(self.event_shape) + 1:
            raise InvalidInputError(f"x: expected examples alone, since {self.name} takes no condition; got a pair.")
        check_is_data(x)
        if is_array(x):
            x = check_new_examples(self, x)
            if self.condition is not None or condition is not None:
                condition = self.check_conditions(condition, len(x), may_be_inferred=True)
            data = (x,) if condition is None else (x, condition)
            x = ordered_batches(data, check_integer("batch_size", batch_size or BATCH_SIZE))
        elif condition is not None:
            raise InvalidInputError("condition: expected none beside batches; give batches of (x, condition).")
        else:
            x = adapted(batches_for_keras(x))
        saw_batch = _SawBatch()
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks.append(saw_batch)
        else:
            callbacks = [*keras.tree.flatten(callbacks or []), saw_batch]
        try:
            means = super().predict(x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks)
        except UnboundLocalError as error:  # of Keras, which has no outputs to return
            if saw_batch.value:
                raise
            raise InvalidInputError("data set: expected at least one batch, got none.") from error
        if not len(means):
            raise InvalidInputError("predict: expected at least one example, got only empty batches.")
        return means

    def predict_step(self, data: Any) -> tf.Tensor:
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        x, y = self.split_condition(x, y)
        check_spec(x, self)
        if self.condition is not None and y is None:
            self.check_y(None, int(x.shape[0] or 1))
        size = tf.shape(x)[0]
        missing = tf.maximum(1 - size, 0)  # some convolutions of TensorFlow give no rows a wrong shape
        y = None if self.condition is None or y is None else padded(y, missing)
        return self(padded(x, missing), training=False, condition=y)[:size]
