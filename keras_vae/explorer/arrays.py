"""Arrays as JSON."""

import base64
from typing import Any

import numpy as np


def as_array(values: np.ndarray) -> dict[str, Any]:
    """Returns an array as its dtype, shape and base64 of its bytes, which the page reads without parsing numbers.

    Example:

    >>> as_array(np.array([[1.0, 2.0]], "float32"))
    {'dtype': 'float32', 'shape': [1, 2], 'bytes': 'AACAPwAAAEA='}
    """
    values = np.ascontiguousarray(values)
    content = base64.b64encode(values.astype(values.dtype.newbyteorder("<")).tobytes())
    return {"dtype": values.dtype.name, "shape": list(values.shape), "bytes": content.decode("ascii")}
