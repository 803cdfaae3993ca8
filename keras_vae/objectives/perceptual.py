"""The perceptual loss: the distance of images in the features of a classifier."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.networks.backbone import BackboneEncoder
from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class Perceptual(Term):
    """The distance between x and E[x | z] in the feature maps of a frozen network of `keras.applications`.

        sum_l mean_(h,w) |f_l(x) - f_l(E[x | z])|^2,  f_l of unit norm over the channels

    Each layer adds a value from 0 to 4, which has no unit. The network is not part of the model: it is neither saved
    nor exported, and a loaded model downloads it again by name.

    Args:
        input_shape: `(H, W, C)` of the images in [0, 1], C = 1 or 3.
        backbone: name of the architecture.
        layers: names of the layers to compare.
        weights: `"imagenet"`, which Keras downloads once. None uses random weights.
        name: see `Term`.

    Raises:
        InvalidInputError: for an unknown architecture or layer, for unsupported images, or for weights that are not
            available.

    Example:

    >>> term = Perceptual((32, 32, 1), layers=("block1_conv2",), weights=None)
    >>> term.name
    'perceptual'

    References: Johnson, Alahi & Fei-Fei, 2016, https://arxiv.org/abs/1603.08155; Zhang et al., 2018,
    https://arxiv.org/abs/1801.03924
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        backbone: str = "VGG16",
        *,
        layers: Sequence[str] = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3"),
        weights: str | None = "imagenet",
        name: str | None = None,
    ):
        super().__init__(name)
        self.input_shape = tuple(input_shape)
        self.backbone = backbone
        self.layers = tuple(layers)
        self.weights = weights
        self._encoder = BackboneEncoder(self.input_shape, backbone, weights=weights, pooling=None, trainable=False)
        body = self._encoder.body
        names = {layer.name for layer in body.layers}
        if not self.layers or not set(self.layers) <= names:
            raise InvalidInputError(
                f"Perceptual: layers must be names of layers of {backbone}, such as {body.layers[-1].name!r}; "
                f"got {self.layers}."
            )
        self._maps = keras.Model(body.input, [body.get_layer(layer).output for layer in self.layers])

    def __call__(self, trace: Trace) -> tf.Tensor:
        maps = zip(self._features(trace.x), self._features(trace.likelihood.mean()[0]), strict=True)
        distances = [tf.reduce_sum((real - made) ** 2, axis=-1) for real, made in maps]
        return tf.add_n([tf.reduce_mean(distance, axis=(1, 2)) for distance in distances])

    def _features(self, x: tf.Tensor) -> list[tf.Tensor]:
        """Returns the feature maps of each layer, normalised over the channels."""
        maps = self._maps(self._encoder.preprocessed(x))
        maps = maps if isinstance(maps, (list, tuple)) else [maps]
        return [tf.math.l2_normalize(tf.cast(one, tf.float32), axis=-1, epsilon=1e-10) for one in maps]
