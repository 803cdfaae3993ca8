"""The network of a step of a flow."""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.layers.activations import check_activation
from keras_vae.layers.bijection import check_context_dim, check_units, child_seed
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.serialization import register


@register
class Conditioner(Float32Layer):
    """A dense network on vectors x, with a context c that is added before the first activation.

        h_1 = a(x W_1 + c V + b_1),   h_i = a(h_(i-1) W_i + b_i),   out = h_L W_(L+1) + b_(L+1)

    The initial weights of the last layer, and thus the initial outputs, are near 0.

    Args:
        input_dim: length of x.
        output_dim: length of the output.
        units: widths of the hidden layers.
        activation: Keras activation of the hidden layers.
        context_dim: length of the context. None for a network without context.
        masks: one mask per layer, `(inputs, outputs)`, with 1 for each weight that is used and 0 for the others. None
            uses all weights.
        seed: seed of the initial weights. None draws one.

    Call arguments:
        x: `(..., input_dim)`.
        context: `(..., context_dim)`; its leading axes and those of x are broadcast.

    Returns:
        Shape `(..., output_dim)`.

    Raises:
        InvalidInputError: if a number is out of its range, or if the masks do not match the layers.

    Example:

    >>> Conditioner(3, 5, (16,), context_dim=2)(tf.zeros((4, 3)), tf.ones((4, 2))).shape
    TensorShape([4, 5])
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        units: Sequence[int] = (64,),
        *,
        activation: str = "relu",
        context_dim: int | None = None,
        masks: Sequence[np.ndarray] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.input_dim = check_integer("Conditioner: input_dim", input_dim)
        self.output_dim = check_integer("Conditioner: output_dim", output_dim)
        self.units = check_units("Conditioner", units)
        self.activation = activation
        self.context_dim = check_context_dim("Conditioner", context_dim)
        self.masks = None if masks is None else [np.asarray(mask, "float32") for mask in masks]
        self.seed = None if seed is None else check_seed(seed)
        self._activation = keras.activations.get(check_activation(activation))
        sizes = [self.input_dim, *self.units, self.output_dim]
        shapes = list(itertools.pairwise(sizes))
        if self.masks is not None and [mask.shape for mask in self.masks] != shapes:
            raise InvalidInputError(
                f"Conditioner: expected masks of shapes {shapes}; got {[mask.shape for mask in self.masks]}."
            )
        self._kernels = [self._kernel(f"kernel_{i}", shape, i, last=i == len(units)) for i, shape in enumerate(shapes)]
        self._biases = [
            self.add_weight(shape=(size,), initializer="zeros", name=f"bias_{i}") for i, size in enumerate(sizes[1:])
        ]
        if self.context_dim is not None:
            shape = (self.context_dim, sizes[1])
            self._context_kernel = self._kernel("context_kernel", shape, len(sizes), last=not self.units)
        self.built = True

    def _kernel(self, name, shape, number, *, last):
        seed = child_seed(self.seed, number)
        initializer = (
            keras.initializers.RandomNormal(0.0, 0.01, seed) if last else keras.initializers.GlorotUniform(seed)
        )
        return self.add_weight(shape=shape, initializer=initializer, name=name)

    def call(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tf.Tensor:
        for i, (kernel, bias) in enumerate(zip(self._kernels, self._biases, strict=True)):
            x = ops.matmul(x, kernel if self.masks is None else kernel * self.masks[i]) + bias
            if i == 0 and context is not None:
                x = x + ops.matmul(context, self._context_kernel)
            if i < len(self.units):
                x = self._activation(x)
        return x
