"""Networks with weight decay or spectral normalisation."""

from typing import Any

import keras

from keras_vae.checks import check_flag, check_number
from keras_vae.errors import InvalidInputError
from keras_vae.layers.activations import check_activation
from keras_vae.layers.spectral_normalization import SpectralNormalization
from keras_vae.networks.network import Network


class Regularized(Network):
    """A `Network` with weight decay or spectral normalisation of its kernels.

    A subclass creates layers with a kernel by `self.kernel_layer`, and all other layers by `self.layer`.

    Args:
        l2: weight of the sum of squares of all kernels, which Keras adds to the loss, in nats.
        spectral_normalization: whether to wrap every layer with a kernel in `SpectralNormalization`.

    Raises:
        InvalidInputError: if `l2` is not a finite number >= 0, or if both options are set.

    Example:

    >>> @kv.register
    ... class Linear(Regularized):
    ...     'A dense layer.'
    ...
    ...     def __init__(self, input_shape, units, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.units = units
    ...         self.dense = self.kernel_layer(keras.layers.Dense, units, kernel_initializer="ones")
    ...         self.build_on(input_shape)
    ...
    ...     def call(self, x):
    ...         return self.dense(x)
    >>> print([float(loss) for loss in Linear((3,), 2, l2=0.5).losses])
    [3.0]

    Reference: Ghosh, Sajjadi, Vergari, Black & Schoelkopf, 2020, https://arxiv.org/abs/1903.12436
    """

    def __init__(self, *, l2: float = 0.0, spectral_normalization: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        part = type(self).__name__
        check_number(f"{part}: l2", l2, least=0)
        check_flag(f"{part}: spectral_normalization", spectral_normalization)
        if l2 and spectral_normalization:
            raise InvalidInputError(
                f"{part}: expected l2 or spectral_normalization, got both; a penalty on the size of a kernel "
                "that is normalised changes nothing, so choose one."
            )
        self.l2 = l2
        self.spectral_normalization = spectral_normalization

    def kernel_layer(self, kind: type[keras.layers.Layer], *args: Any, **kwargs: Any) -> keras.layers.Layer:
        """Creates a layer with a kernel, as `layer` does, with the `l2` or `spectral_normalization` of the network."""
        regularizer = keras.regularizers.L2(self.l2) if self.l2 else None
        check_activation(kwargs.get("activation"))
        layer = kind(*args, kernel_regularizer=regularizer, **{"dtype": self.dtype_policy, **kwargs})
        return SpectralNormalization(layer, name=layer.name) if self.spectral_normalization else layer
