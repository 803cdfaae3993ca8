"""Convolutional or recurrent encoder and decoder for sequences of vectors."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_vae.checks import check_flag, check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.networks.conv import check_filters, default_filters
from keras_vae.networks.network import Network
from keras_vae.serialization import get, register
from keras_vae.widths import check_widths, halved

KINDS = {"conv1d": "convolutions", "gru": "gated recurrent units"}


def check_sequence_shape(part: str, shape: Sequence[int]) -> tuple[int, int]:
    """Returns `shape` as a tuple; raises `InvalidInputError` if it is not `(T, C)`."""
    if len(shape) != 2:
        raise InvalidInputError(
            f"{part}: expected sequences (time steps, channels), got {tuple(shape)}; use other networks for these data."
        )
    length, channels = shape
    return length, channels


class _Sequence(Network):
    """The arguments and the dilated residual convolutions that encoder and decoder share."""

    residual_convs: list[keras.layers.Layer]

    def _set_sizes(self, *, kind, filters, units, kernel_size, dilations, activation, unroll, length):
        part = type(self).__name__
        get(kind, KINDS, part="kind of sequence network")
        self.kind = kind
        self.filters = check_filters(part, filters, (length, length)) if kind == "conv1d" else filters
        self.units = check_integer(f"{part}: units", units)
        self.kernel_size = check_integer(f"{part}: kernel_size", kernel_size)
        self.dilations = check_widths(f"{part}: dilations", dilations)
        self.activation = activation
        self.unroll = check_flag(f"{type(self).__name__}: unroll", unroll)

    def _conv(self, filters, name, **options):
        return self.layer(keras.layers.Conv1D, filters, self.kernel_size, padding="same", name=name, **options)

    def _residual_convs(self, widths):
        """Creates one convolution for each dilation of each stage, stage by stage."""
        return [
            self._conv(n, f"stage_{i}_dilation_{j}", dilation_rate=dilation)
            for i, n in enumerate(widths)
            for j, dilation in enumerate(self.dilations)
        ]

    def _residual(self, x, stage):
        first = stage * len(self.dilations)
        for conv in self.residual_convs[first : first + len(self.dilations)]:
            x = x + conv(keras.activations.get(self.activation)(x)) / len(self.residual_convs)
        return x

    def _gru(self, name, **options):
        # The cuDNN kernel does not compile with XLA; because of it, Keras would leave the whole model uncompiled.
        return self.layer(keras.layers.GRU, self.units, unroll=self.unroll, use_cudnn=False, name=name, **options)


@register
class SequenceEncoder(_Sequence):
    """Maps sequences to features, `(B, T, C) -> (B, F)`.

    `"conv1d"` halves the length of the sequence once for each of the `filters`. Dilated residual convolutions
    x + conv(a(x)) / n follow each step, where n is their total number, so that the gain does not grow with the length.
    The last layer is dense, F = units. `"gru"` reads the sequence in both directions and concatenates both final
    states, F = 2 * units.

    Args:
        input_shape: `(T, C)`, with any number of time steps.
        kind: `"conv1d"` or `"gru"`.
        units: width of the dense layer, or of each of the two recurrent layers.
        filters: for conv1d, number of filters of each downsampling step. None uses 32, 64, 128, 256, 256, ...,
            until 4 to 7 time steps are left.
        kernel_size: for conv1d, length of the convolution kernels.
        dilations: for conv1d, dilations of the residual convolutions after each downsampling step.
        activation: for conv1d, Keras activation a.
        unroll: for gru, whether to unroll the time steps. This is faster for a few dozen steps, but slow to compile for
            more.

    Raises:
        InvalidInputError: if the input is not a sequence, if `kind` is unknown, or if a number is not an integer >= 1.

    Example:

    >>> SequenceEncoder((50, 3))(tf.zeros((2, 50, 3))).shape
    TensorShape([2, 256])
    >>> SequenceEncoder((50, 3), "gru", units=16)(tf.zeros((2, 50, 3))).shape
    TensorShape([2, 32])

    Reference: van den Oord et al., 2016, https://arxiv.org/abs/1609.03499 (dilations);
    Cho et al., 2014, https://arxiv.org/abs/1406.1078 (gated recurrent units)
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        kind: str = "conv1d",
        *,
        units: int = 256,
        filters: Sequence[int] | None = None,
        kernel_size: int = 5,
        dilations: Sequence[int] = (1, 2),
        activation: str = "relu",
        unroll: bool = False,
        **kwargs: Any,
    ):
        input_shape = check_sequence_shape("SequenceEncoder", input_shape)
        super().__init__(**kwargs)
        self._set_sizes(
            kind=kind,
            filters=filters,
            units=units,
            kernel_size=kernel_size,
            dilations=dilations,
            activation=activation,
            unroll=unroll,
            length=input_shape[0],
        )
        if kind == "gru":
            self.forward_gru = self._gru("forward")
            self.backward_gru = self._gru("backward", go_backwards=True)
        else:
            self.downs = [self._conv(n, f"stage_{i}_down", strides=2) for i, n in enumerate(self.filters)]
            self.residual_convs = self._residual_convs(self.filters)
            self.flatten = self.layer(keras.layers.Flatten, name="flatten")
            self.dense = self.layer(keras.layers.Dense, units, activation=activation, name="dense")
        self.build_on(input_shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        if self.kind == "gru":
            return ops.concatenate([self.forward_gru(x), self.backward_gru(x)], axis=-1)
        for stage, down in enumerate(self.downs):
            x = self._residual(down(x), stage)
        return self.dense(self.flatten(x))


@register
class SequenceDecoder(_Sequence):
    """The mirror image of `SequenceEncoder`, `(B, *latent_shape) -> (B, T, F)`.

    `"conv1d"` doubles the length of the sequence once for each of the `filters`, and crops it where the encoder rounds
    up; F = features. `"gru"` reads the same latent vector at every time step; F = units.

    Args:
        input_shape: shape of one latent vector, such as `(16,)`.
        sequence_shape: `(T, C)` of the sequences. The likelihood maps the features to C channels.
        kind: `"conv1d"` or `"gru"`.
        units: width of the dense layer, or of the recurrent layer.
        filters: for conv1d, number of filters of each upsampling step, from the latent side. None uses those of
            `SequenceEncoder` in reverse.
        features: for conv1d, number of features per time step.
        kernel_size: for conv1d, length of the convolution kernels.
        dilations: for conv1d, dilations of the residual convolutions after each upsampling step.
        activation: for conv1d, Keras activation.
        unroll: for gru, see `SequenceEncoder`.

    Raises:
        InvalidInputError: if `sequence_shape` is not a sequence, if `kind` is unknown, or if a number is not an integer
            >= 1.

    Example:

    >>> SequenceDecoder((16,), (50, 3))(tf.zeros((2, 16))).shape
    TensorShape([2, 50, 16])
    >>> SequenceDecoder((16,), (50, 3), "gru", units=32)(tf.zeros((2, 16))).shape
    TensorShape([2, 50, 32])

    Reference: van den Oord et al., 2016, https://arxiv.org/abs/1609.03499 (dilations);
    Cho et al., 2014, https://arxiv.org/abs/1406.1078 (gated recurrent units)
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        sequence_shape: tuple[int, ...],
        kind: str = "conv1d",
        *,
        units: int = 256,
        filters: Sequence[int] | None = None,
        features: int = 16,
        kernel_size: int = 5,
        dilations: Sequence[int] = (1, 2),
        activation: str = "relu",
        unroll: bool = False,
        **kwargs: Any,
    ):
        sequence_shape = check_sequence_shape("SequenceDecoder", sequence_shape)
        length = sequence_shape[0]
        if filters is None and kind == "conv1d":
            filters = default_filters(length, length)[::-1]
        super().__init__(**kwargs)
        self._set_sizes(
            kind=kind,
            filters=filters,
            units=units,
            kernel_size=kernel_size,
            dilations=dilations,
            activation=activation,
            unroll=unroll,
            length=length,
        )
        self.sequence_shape = sequence_shape
        self.features = check_integer("SequenceDecoder: features", features)
        self.flatten = self.layer(keras.layers.Flatten, name="flatten")
        if kind == "gru":
            self.repeat = self.layer(keras.layers.RepeatVector, length, name="repeat")
            self.gru = self._gru("gru", return_sequences=True)
        else:
            self.lengths = [n for (n,) in halved((length,), len(self.filters))[::-1]]
            start, widths = (self.lengths[0], self.filters[0]), (*self.filters[1:], features)
            self.dense = self.layer(keras.layers.Dense, units, activation=activation, name="dense")
            self.grid = self.layer(keras.layers.Dense, start[0] * start[1], activation=activation, name="grid")
            self.reshape = self.layer(keras.layers.Reshape, start, name="reshape")
            self.double = self.layer(keras.layers.UpSampling1D, 2, name="double")
            self.ups = [self._conv(n, f"stage_{i}_up") for i, n in enumerate(widths)]
            self.residual_convs = self._residual_convs(widths)
        self.build_on(tuple(input_shape))

    def call(self, z: tf.Tensor) -> tf.Tensor:
        if self.kind == "gru":
            return self.gru(self.repeat(self.flatten(z)))
        x = self.reshape(self.grid(self.dense(self.flatten(z))))
        for stage, (up, length) in enumerate(zip(self.ups, self.lengths[1:], strict=True)):
            x = self._residual(up(self.double(x)[:, :length]), stage)
        return x
