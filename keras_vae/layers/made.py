"""A network whose outputs depend only on the preceding inputs."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_vae.checks import check_flag, check_integer, check_seed
from keras_vae.layers.bijection import check_context_dim, check_units
from keras_vae.layers.conditioner import Conditioner
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.serialization import register


@register
class MADE(Float32Layer):
    """A masked autoencoder for density estimation: two outputs for each d that depend only on x_1, ..., x_(d-1).

        out_d = f_d(x_<d, c) of shape (2,), such as a shift and a raw scale

    Each unit of a hidden layer has a degree m and is connected to inputs (or units) of degrees up to m. Output d is
    connected to units of degrees below d. Masks of dense layers implement this in one pass. The context c is added
    before the first activation, so every output depends on it.

    Args:
        dim: length of x.
        units: widths of the hidden layers.
        activation: Keras activation of the hidden layers.
        reverse: whether to use the order dim, ..., 1, so that out_d depends on x_(d+1), ..., x_dim.
        context_dim: length of the context. None for a network without context.
        seed: seed of the initial weights. None draws one.

    Call arguments:
        x: `(..., dim)`.
        context: `(..., context_dim)`; its leading axes and those of x are broadcast.

    Returns:
        Shape `(..., dim, 2)`; initially near 0.

    Raises:
        InvalidInputError: if a number is out of its range.

    Example:

    >>> MADE(3, (16,))(tf.zeros((4, 3))).shape
    TensorShape([4, 3, 2])

    Reference: Germain, Gregor, Murray & Larochelle, 2015, https://arxiv.org/abs/1502.03509
    """

    def __init__(
        self,
        dim: int,
        units: Sequence[int] = (64,),
        *,
        activation: str = "relu",
        reverse: bool = False,
        context_dim: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.dim = check_integer("MADE: dim", dim)
        self.units = check_units("MADE", units)
        self.activation = activation
        self.reverse = check_flag("MADE: reverse", reverse)
        self.context_dim = check_context_dim("MADE", context_dim)
        self.seed = None if seed is None else check_seed(seed)
        self.network = Conditioner(
            self.dim,
            2 * self.dim,
            self.units,
            activation=activation,
            context_dim=self.context_dim,
            masks=self._make_masks(),
            seed=self.seed,
            name="network",
        )
        self.built = True

    @property
    def degrees(self) -> np.ndarray:
        """The position of each input in the order, from 1 to dim, `(dim,)`."""
        degrees = np.arange(1, self.dim + 1)
        return degrees[::-1] if self.reverse else degrees

    def _make_masks(self) -> list[np.ndarray]:
        least = 1 if self.context_dim is None and self.dim > 1 else 0  # degree 0 sees the context alone
        hidden = [least + np.arange(width) * (self.dim - least) // width for width in self.units]
        layers = [self.degrees, *hidden]
        masks = [after[None, :] >= before[:, None] for before, after in itertools.pairwise(layers)]
        return [*masks, np.tile(self.degrees, 2)[None, :] > layers[-1][:, None]]

    def call(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tf.Tensor:
        return ops.stack(ops.split(self.network(x, context), 2, axis=-1), axis=-1)
