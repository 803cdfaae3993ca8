"""What an export does to its examples before the model sees them."""

import tensorflow as tf

from keras_vae.data import binarize as binarization
from keras_vae.models import Autoencoder
from keras_vae.random import as_seed, fold

BINARIZE_NOISE = -3


def preprocess(model: Autoencoder, x: tf.Tensor, binarize: str | None) -> tf.Tensor:
    """Returns `x` `(B, *event_shape)`, binarized as in training, with the same noise for every example.

    Args:
        model: the exported model, whose seed determines the noise.
        x: examples from 0 to 1.
        binarize: the mode, see `ExportOptions`. None changes nothing.
    """
    if binarize is None:
        return x
    if binarize == "threshold":
        return tf.cast(x >= 0.5, tf.float32)
    return binarization.dynamic_alike(x, fold(as_seed(model.seed), BINARIZE_NOISE))
