"""Activations by name."""

from typing import Any

import keras

from keras_vae.errors import InvalidInputError, unknown

NOT_ACTIVATIONS = ("deserialize", "get", "serialize")
ACTIVATIONS = tuple(name for name in dir(keras.activations) if name[0] != "_" and name not in NOT_ACTIVATIONS)
"""The names of Keras's activations."""


def check_activation(activation: Any) -> Any:
    """Returns an activation, as in Keras: a name, a function, a layer or None.

    Raises:
        InvalidInputError: if it is none.

    Example:

    >>> check_activation("relu")
    'relu'
    >>> check_activation("reluu")
    Traceback (most recent call last):
    keras_vae.errors.InvalidInputError: Unknown activation 'reluu': did you mean 'relu'? Known: celu, elu, ...
    """
    try:
        keras.activations.get(activation)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(unknown(activation, ACTIVATIONS, part="activation")) from error
    return activation
