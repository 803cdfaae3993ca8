"""Inputs for signatures of which only their definition is known."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from keras_vae.serving.png import png

FREE = 2
"""The length of a dimension that a signature leaves open, beside dimension 0."""


def sample_inputs(signature: SignatureDef, n: int, known: Mapping[str, np.ndarray] | None = None) -> dict:
    """`n` rows for each input: those that are known, over and over, else noise, zeros for integers, a grey image.

    Args:
        signature: from a meta graph.
        n: how many rows.
        known: name -> array of one or more rows.
    """
    if known is not None:
        return {key: np.take(array, range(n), axis=0, mode="wrap") for key, array in known.items()}
    return {key: _noise(info, n) for key, info in signature.inputs.items()}


def _noise(info, n):
    shape = (n, *(FREE if dim.size == -1 else dim.size for dim in info.tensor_shape.dim[1:]))
    if info.dtype == tf.string.as_datatype_enum:
        return np.full(shape, png(np.full((8, 8, 1), 0.5)))
    dtype = tf.as_dtype(info.dtype)
    noise = np.random.default_rng(n).random(shape) if dtype.is_floating else np.zeros(shape)
    return noise.astype(dtype.as_numpy_dtype)
