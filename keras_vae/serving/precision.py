"""The precision of the weights of an export."""

import contextlib
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.models import Autoencoder

NETWORKS = ("encoder", "decoder", "classifier")
MIN_KERNEL_SIZE = 1024


def with_precision(model: Autoencoder, dtype: str) -> Autoencoder:
    """Returns a copy of the model whose networks use `dtype`; distribution layers and all outputs remain float32.

    Args:
        model: a built model; it is not modified.
        dtype: `"bfloat16"` or `"float16"`.

    Example:

    >>> half = with_precision(zoo.vae((8,), 2, units=(4,)), "bfloat16")
    >>> half.encoder.compute_dtype, half.encode(np.zeros((1, 8))).mean().dtype
    ('bfloat16', tf.float32)
    """
    return model.with_parts(**{name: _cast(getattr(model, name), dtype) for name in NETWORKS if name in model.PARTS})


def _cast(network: keras.Model, dtype: str) -> keras.Model:
    config = _with_policy(keras.saving.serialize_keras_object(network), dtype)
    copy = keras.saving.deserialize_keras_object(config)
    copy.set_weights(network.get_weights())
    return copy


def _with_policy(config: Any, dtype: str) -> Any:
    """Replaces every dtype policy in a configuration."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return {**config, "config": {**config["config"], "name": dtype}}
        return {key: _with_policy(value, dtype) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_with_policy(value, dtype) for value in config)
    return config


class ServedWeights:
    """Values that replace the weights of a model while its signatures are traced.

    Args:
        model: a built model; it is not modified.
        quantized: whether to store kernels in 8 bits: k ~ s q, with q from -127 to 127 and a scale s for each entry of
            the last axis. Layers read s q, and arithmetic remains in float32. Kernels of fewer than 1024 values are not
            quantized.
        constant: whether all weights are constants of the graph, which then has no variables.
    """

    def __init__(self, model: Autoencoder, *, quantized: bool, constant: bool):
        kernels = [w for w in model.variables if quantized and w.name == "kernel" and _size(w) >= MIN_KERNEL_SIZE]
        make_tensor = tf.constant if constant else partial(tf.Variable, trainable=False)
        self._kernels = [
            (kernel, make_tensor(q), scale) for kernel in kernels for q, scale in [_quantize(kernel.numpy())]
        ]
        other_ids = set(map(id, model.variables if constant else ())) - set(map(id, kernels))
        self._constants = [(w, tf.constant(w.numpy())) for w in model.variables if id(w) in other_ids]

    def scope(self) -> contextlib.AbstractContextManager:
        """Returns a context in which the model uses these weights."""
        dequantized = [(kernel, tf.cast(q, tf.float32) * scale) for kernel, q, scale in self._kernels]
        return keras.StatelessScope(self._constants + dequantized)


def _quantize(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)), keepdims=True) / 127
    q = np.rint(np.divide(kernel, scale, out=np.zeros_like(kernel), where=scale > 0))
    return q.astype("int8"), scale.astype("float32")


def _size(weight: keras.Variable) -> int:
    return int(np.prod(weight.shape))
