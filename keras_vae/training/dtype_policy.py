"""The dtype policy for the devices of this machine."""

import tensorflow as tf

FLOAT16_TENSOR_CORES, BFLOAT16_TENSOR_CORES = (7, 0), (8, 0)
"""The lowest CUDA compute capabilities of GPUs with these tensor cores."""


def policy_of_devices() -> str:
    """Returns the Keras dtype policy for the TPU, or for the GPU with the lowest compute capability.

    Call it after the strategy is created. Variables are float32 in all policies. Keras scales the loss for float16.

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
