"""The precision that the devices are made for."""

import tensorflow as tf

FLOAT16_TENSOR_CORES, BFLOAT16_TENSOR_CORES = (7, 0), (8, 0)
"""CUDA compute capabilities from which GPUs have them."""


def policy_of_devices() -> str:
    """Keras's dtype policy for what is here, by the weakest GPU; call it once the strategy is made.

    Variables stay float32 under each policy, and Keras scales the loss under float16.

    Example:

    >>> policy_of_devices() in ("float32", "mixed_float16", "mixed_bfloat16")
    True
    """
    if tf.config.list_logical_devices("TPU"):
        return "mixed_bfloat16"
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    weakest = min((one.get("compute_capability") or (0, 0) for one in details), default=(0, 0))
    if weakest >= BFLOAT16_TENSOR_CORES:
        return "mixed_bfloat16"
    return "mixed_float16" if weakest >= FLOAT16_TENSOR_CORES else "float32"
