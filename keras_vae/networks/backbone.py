"""The architectures of `keras.applications` as encoders."""

import inspect
import sys
from types import ModuleType
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_vae.errors import InvalidInputError
from keras_vae.networks.network import Network
from keras_vae.serialization import get, register


def backbones() -> dict[str, ModuleType]:
    """Returns the names of the architectures in `keras.applications`, and the module of each.

    Example:

    >>> "MobileNetV2" in backbones()
    True
    """
    architectures = inspect.getmembers(keras.applications, inspect.isfunction)
    return {name: sys.modules[make.__module__] for name, make in architectures}


@register
class BackboneEncoder(Network):
    """An encoder from an architecture of `keras.applications` without its classifier, `(B, H, W, C) -> (B, F)`.

    Images must be in [0, 1]; they are scaled as `preprocess_input` of the architecture documents. A grey channel is
    repeated three times.

    Args:
        input_shape: `(H, W, C)`, where C is 1 or 3. The architecture determines the minimum size, often 32x32.
        backbone: name of the architecture, such as `"ResNet50V2"` or `"EfficientNetB0"`.
        weights: `"imagenet"` for the weights of an ImageNet classifier, which Keras downloads once. None uses random
            weights. A copy from the configuration has random weights; a saved model contains its weights.
        pooling: `"avg"` or `"max"` over positions. None returns the map `(B, h, w, F)`.
        trainable: whether the encoder is trained. A frozen encoder also keeps the moving statistics of its batch
            normalisation.

    Raises:
        InvalidInputError: for an unknown architecture, for unsupported images, or for weights that are not available.

    Example:

    >>> BackboneEncoder((32, 32, 1), "MobileNetV3Small")(tf.zeros((2, 32, 32, 1))).shape
    TensorShape([2, 576])

    Reference: https://keras.io/api/applications
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        backbone: str = "MobileNetV2",
        *,
        weights: str | None = None,
        pooling: str | None = "avg",
        trainable: bool = True,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        input_shape = tuple(input_shape)
        if len(input_shape) != 3 or input_shape[-1] not in (1, 3):
            raise InvalidInputError(
                f"BackboneEncoder: expected images (height, width, channels) with 1 or 3 channels; got {input_shape}."
            )
        for name, value, choices in (
            ("weights", weights, (None, "imagenet")),
            ("pooling", pooling, (None, "avg", "max")),
        ):
            if value not in choices:
                raise InvalidInputError(f"BackboneEncoder: {name} must be one of {choices}; got {value!r}.")
        self.backbone = backbone
        self.pooling = pooling
        self.family = get(backbone, backbones(), part="backbone")
        self.body = self._architecture((*input_shape[:2], 3), weights)
        self.trainable = trainable
        self.build_on(input_shape)

    def _architecture(self, shape, weights):
        make = getattr(self.family, self.backbone)
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.dtype_policy)
        try:
            return make(include_top=False, weights=weights, input_shape=shape, pooling=self.pooling)
        except ValueError as error:
            raise InvalidInputError(
                f"BackboneEncoder: {self.backbone} cannot take images of {shape}: {error}"
            ) from error
        except Exception as error:
            if weights is None:
                raise
            raise InvalidInputError(
                f"BackboneEncoder: the weights {weights!r} of {self.backbone} could not be downloaded ({error}); "
                "connect to the network once, or use weights=None."
            ) from error
        finally:
            keras.config.set_dtype_policy(policy)

    def preprocessed(self, x: tf.Tensor) -> tf.Tensor:
        """Returns images in [0, 1], `(B, H, W, C)`, scaled to the input range of the architecture."""
        if x.shape[-1] == 1:
            x = ops.repeat(x, 3, axis=-1)
        return self.family.preprocess_input(255.0 * x)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.body(self.preprocessed(x))

    def get_config(self):
        return {
            **super().get_config(),
            "input_shape": self.input_shape[1:],
            "backbone": self.backbone,
            "weights": None,
            "pooling": self.pooling,
        }
