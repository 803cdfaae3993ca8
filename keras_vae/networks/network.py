"""The base class of networks, and the shapes of networks of users."""

from typing import Any

import keras

from keras_vae.errors import InvalidInputError
from keras_vae.layers.activations import check_activation
from keras_vae.serialization import Serializable
from keras_vae.sublayers import changed_sublayers, restore_sublayers


class Network(Serializable, keras.Model):
    """A subclassed Keras model that its constructor builds for a known input shape.

    A subclass creates its layers with `self.layer` and calls `self.build_on(input_shape)` at the end of `__init__`.

    Args:
        sublayers: which sublayers are frozen or quantized, as in `get_config`.
        **kwargs: as for `keras.Model`.

    Example:

    >>> @kv.register
    ... class TwoLayers(Network):
    ...     '''An encoder with one hidden layer, `(B, 8) -> (B, 4)`.'''
    ...
    ...     def __init__(self, input_shape, units=16, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.units = units
    ...         self.hidden = self.layer(keras.layers.Dense, units, activation="relu")
    ...         self.out = self.layer(keras.layers.Dense, 4)
    ...         self.build_on(input_shape)
    ...
    ...     def call(self, x):
    ...         return self.out(self.hidden(x))
    >>> TwoLayers((8,))(tf.zeros((3, 8))).shape
    TensorShape([3, 4])
    """

    def __init__(self, *, sublayers: dict[str, Any] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self._sublayers = sublayers

    def layer(self, kind: type[keras.layers.Layer], *args: Any, **kwargs: Any) -> keras.layers.Layer:
        """Creates a layer with the dtype policy of the network, which it keeps if the model is loaded under another.

        Args:
            kind: class of the layer.
            *args: its arguments.
            **kwargs: its keyword arguments.

        Raises:
            InvalidInputError: if the argument `activation` is unknown to Keras.
        """
        check_activation(kwargs.get("activation"))
        return kind(*args, dtype=self.dtype_policy, **kwargs)

    def build_on(self, input_shape: tuple[int, ...]) -> None:
        """Builds every layer for inputs of this shape (without the batch axis)."""
        self.input_shape = (None, *input_shape)
        # A call on a symbolic tensor would leave a node that belongs to no functional model.
        with keras.name_scope(self.name):
            self.compute_output_spec(keras.KerasTensor(self.input_shape))
        self.built = True
        restore_sublayers(self, self._sublayers)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Does nothing: the constructor has built the network."""

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), **changed_sublayers(self)}
        return {**config, "input_shape": self.input_shape[1:]} if "input_shape" in config else config


def input_shape_of(network: keras.Model, *, part: str) -> tuple[int, ...]:
    """Returns the input shape of `network` without the batch axis.

    Args:
        network: a `Network`, a functional or sequential model, or any subclassed model that has been built.
        part: `"encoder"` or `"decoder"`, for messages.

    Raises:
        InvalidInputError: if it is not a Keras model, or if its input shape is not known or not complete.
    """
    if not isinstance(network, keras.Model):
        raise InvalidInputError(f"{part}: expected a keras.Model, got {type(network).__name__}.")
    shape = getattr(network, "input_shape", None) or (network.get_build_config() or {}).get("input_shape")
    if not shape or not isinstance(shape, (tuple, list)) or not all(isinstance(n, int) for n in shape[1:]):
        raise InvalidInputError(
            f"{part}: expected a model of one input with a known shape, got {network.name!r} with {shape}; "
            "give it a keras.Input, or build it with `model.build((None, ...))` first."
        )
    return tuple(shape[1:])


def features_shape_of(network: keras.Model, input_shape: tuple[int, ...], *, part: str) -> tuple[int | None, ...]:
    """Returns the output shape of `network`, `(None, *features)`.

    Raises:
        InvalidInputError: if the output is not a single tensor of known shape.
    """
    features = network.compute_output_spec(keras.KerasTensor((None, *input_shape)))
    if isinstance(features, (list, tuple, dict)):
        layers = (
            "z_mean, z_log_var or a sample: the posterior" if part == "encoder" else "a distribution: the likelihood"
        )
        raise InvalidInputError(
            f"{part}: expected one tensor of features, got {len(features)} outputs from {network.name!r}; end it with "
            f"the features, without layers for {layers} has these layers."
        )
    shape = tuple(getattr(features, "shape", ()))
    if len(shape) < 2 or None in shape[1:]:
        raise InvalidInputError(
            f"{part}: expected one tensor of known shape (batch, ...) from {network.name!r}, got {features!r}."
        )
    return shape
