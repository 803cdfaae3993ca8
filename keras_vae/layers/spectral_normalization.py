"""Spectral normalization."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import Serializable, register


@register
class SpectralNormalization(Serializable, keras.layers.Wrapper):
    """Divides the kernel of a dense or convolutional layer by its largest singular value.

        layer(x; W / s, b)   with   s = v' W u,   u <- W' v / |W' v|,   v <- W u / |W u|

    The kernel is reshaped to a matrix W `(all other axes, last axis)`. The vector u is a weight. Every call with
    `training=True` runs `power_iterations` iterations, and s approaches the largest singular value from below. The
    gradient flows through s; u and v are constants. A kernel of zeros is used unchanged.

    `keras.layers.SpectralNormalization` overwrites the kernel in the forward pass. This layer does not: the kernel
    remains in float32 under mixed precision, and inference uses the normalised kernel even before training.

    Args:
        layer: a Keras layer with a `kernel`, such as `Dense`, `Conv2D` or `Conv2DTranspose`.
        power_iterations: number of power iterations per training call.

    Raises:
        InvalidInputError: if `power_iterations` is not an integer >= 1, or if the layer has no kernel. Calls raise it
            if the layer is quantized or has LoRA weights.

    Example:

    >>> SpectralNormalization(keras.layers.Dense(3))(tf.ones((2, 4))).shape
    TensorShape([2, 3])

    Reference: Miyato, Kataoka, Koyama & Yoshida, 2018, https://arxiv.org/abs/1802.05957
    """

    def __init__(self, layer: keras.layers.Layer, *, power_iterations: int = 1, **kwargs: Any):
        super().__init__(layer, **{"dtype": "float32", "autocast": False, **kwargs})
        self.power_iterations = check_integer("SpectralNormalization: power_iterations", power_iterations)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        if not hasattr(self.layer, "kernel"):
            raise InvalidInputError(
                f"SpectralNormalization: expected a layer with a kernel, such as Dense or Conv2D; "
                f"got {type(self.layer).__name__}."
            )
        self.u = self.add_weight(
            shape=(self.layer.kernel.shape[-1], 1),
            initializer="random_normal",
            trainable=False,
            name="u",
        )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if self.layer.quantization_mode is not None or getattr(self.layer, "lora_enabled", False):
            raise InvalidInputError(
                f"SpectralNormalization: expected {self.layer.name!r} in floating point and without LoRA, as its "
                "kernel is divided by its norm; leave it as it is, or do without spectral normalization."
            )
        kernel = ops.convert_to_tensor(self.layer.kernel)
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        u, norm = self._power_iteration(matrix)
        if training and self.trainable:
            self.u.assign(u)
        # A scope hides the one around it, so it names all that the layer reads.
        values = [(weight, ops.convert_to_tensor(weight)) for weight in self.layer.variables]
        normalized = (self.layer.kernel, kernel / ops.where(norm > 0, norm, 1.0))
        scope = keras.StatelessScope([*values, normalized], collect_losses=True)
        statistics = [(weight, scope.get_current_value(weight)) for weight in self.layer.non_trainable_variables]
        with scope:
            outputs = self.layer(inputs)
        for loss in scope.losses:
            self.add_loss(loss)
        for weight, before in statistics:
            if scope.get_current_value(weight) is not before:
                weight.assign(scope.get_current_value(weight))
        return outputs

    def _power_iteration(self, matrix):
        """The vector u after the iterations, `(n, 1)`, and v' W u, `(1, 1)`."""
        fixed, u = ops.stop_gradient(matrix), ops.normalize(self.u, axis=0)
        v = ops.normalize(ops.matmul(fixed, u), axis=0)
        for _ in range(self.power_iterations - 1):
            u = ops.normalize(ops.matmul(ops.transpose(fixed), v), axis=0)
            v = ops.normalize(ops.matmul(fixed, u), axis=0)
        u = ops.normalize(ops.matmul(ops.transpose(fixed), v), axis=0)
        return u, ops.matmul(ops.matmul(ops.transpose(v), matrix), u)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return self.layer.compute_output_shape(input_shape)
