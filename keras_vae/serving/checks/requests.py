"""Sample inputs for signatures, from their definitions."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from keras_vae.serving.png import png

FREE_LENGTH = 2
"""The length of dimensions without a fixed size, except dimension 0."""


def sample_inputs(signature: SignatureDef, n: int, examples: Mapping[str, np.ndarray] | None = None) -> dict:
    """Returns `n` rows for each input: repeated examples, or else noise, zeros for integers, or a grey image.

    Args:
        signature: a signature of a meta graph.
        n: number of rows.
        examples: name -> array of one or more rows.
    """
    if examples is not None:
        return {key: np.take(array, range(n), axis=0, mode="wrap") for key, array in examples.items()}
    return {key: _noise(info, n) for key, info in signature.inputs.items()}


def _noise(info, n):
    shape = (n, *(FREE_LENGTH if dim.size == -1 else dim.size for dim in info.tensor_shape.dim[1:]))
    if info.dtype == tf.string.as_datatype_enum:
        return np.full(shape, png(np.full((8, 8, 1), 0.5)))
    dtype = tf.as_dtype(info.dtype)
    noise = np.random.default_rng(n).random(shape) if dtype.is_floating else np.zeros(shape)
    return noise.astype(dtype.as_numpy_dtype)
