"""Features of a network that was trained on ImageNet."""

import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import check_images
from keras_vae.evaluation.features.features import Features
from keras_vae.networks import BackboneEncoder


class InceptionFeatures(Features):
    """The 2048 pooled features of an InceptionV3 that was trained on ImageNet, of images resized to 299x299.

    The weights are those of `keras.applications`. Published FIDs use other weights, so do not compare these distances
    with published ones.

    Args:
        weights: `"imagenet"`, which Keras downloads once. None for random weights, which are only useful in tests.

    Raises:
        InvalidInputError: if the weights cannot be downloaded. Calls raise it if the examples are not images
            `(H, W, 1)` or `(H, W, 3)` in [0, 1].

    Reference: Szegedy et al., 2016, https://arxiv.org/abs/1512.00567
    """

    batch_size = 32

    def __init__(self, weights: str | None = "imagenet"):
        try:
            network = BackboneEncoder((299, 299, 3), "InceptionV3", weights=weights, trainable=False)
        except InvalidInputError as error:
            raise InvalidInputError(
                f"Inception features: expected {weights!r} weights of InceptionV3, got: {error.__cause__ or error}; "
                "connect to the network once, or use the features 'classifier' or 'pca'."
            ) from error
        self.name = f"2048 features of InceptionV3, {'random' if weights is None else weights} weights"

        def features(x):
            return network(tf.image.resize(x, (299, 299), antialias=True))

        self._features = tf.function(features, autograph=False, reduce_retracing=True)

    def of_batch(self, x: np.ndarray) -> np.ndarray:
        check_images("Inception features", x)
        if x.shape[-1] not in (1, 3):
            raise InvalidInputError(f"Inception features: expected 1 or 3 channels, got {x.shape[-1]}; use 'pca'.")
        return self._features(np.broadcast_to(x, (*x.shape[:-1], 3)))
