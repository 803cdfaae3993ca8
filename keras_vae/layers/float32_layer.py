"""Layers that compute in float32 under every dtype policy."""

from typing import Any

import keras

from keras_vae.serialization import Serializable


class Float32Layer(Serializable, keras.layers.Layer):
    """A layer whose weights are float32 in all its methods.

    Under a mixed policy, Keras casts the float variables that a model's `call` reads to 16 bits. A layer's own `call`
    is exempt if its policy is float32, but its other methods are not, such as those that build a distribution.

    Args:
        **kwargs: see `keras.layers.Layer`.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**{"dtype": "float32", **kwargs})

    def add_weight(self, *args: Any, **kwargs: Any) -> keras.Variable:
        return super().add_weight(*args, **{"autocast": False, **kwargs})
