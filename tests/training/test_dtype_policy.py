"""Mixed precision where the devices are made for it."""

import pytest
import tensorflow as tf

from keras_vae.training.dtype_policy import policy_of_devices


@pytest.mark.parametrize(
    ("capabilities", "policy"),
    [
        ([], "float32"),
        ([(6, 1)], "float32"),
        ([(7, 0)], "mixed_float16"),
        ([(7, 5)], "mixed_float16"),
        ([(8, 0)], "mixed_bfloat16"),
        ([(9, 0), (9, 0)], "mixed_bfloat16"),
        ([(9, 0), (7, 5)], "mixed_float16"),
        ([(9, 0), None], "float32"),
    ],
    ids=str,
)
def test_the_weakest_gpu_decides(monkeypatch, capabilities, policy):
    details = {f"GPU:{i}": {"compute_capability": one} if one else {} for i, one in enumerate(capabilities)}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(details) if kind == "GPU" else [])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", details.get)
    assert policy_of_devices() == policy
