"""Whether an export takes images from 0 to 1, to which uint8 is divided by 255."""

from collections.abc import Callable, Mapping

import numpy as np

from keras_vae.checks import FAR_FROM_BYTES

PROBES = (2 * FAR_FROM_BYTES + 1, 1e9)
"""Values of constant images: the least that no model of intensities takes, and one that no model takes."""

REFUSED = (
    "expected values like those of training, which are not from 0 to 1, got uint8, which is divided by 255; give the "
    "values as they were in training, such as x.astype('float32')"
)


def takes_uint8(
    inputs: Mapping[str, tuple[str, tuple[int, ...]]], run: Callable[[dict[str, np.ndarray]], Mapping[str, np.ndarray]]
) -> bool:
    """Returns whether a signature may be given uint8 images, divided by 255.

    A signature answers NaN for images whose units are not those of the training data, see
    `keras_vae.models.data_range.check_units`. Two constant images therefore tell a model of intensities from one of
    other units, such as pixels from 0 to 255 as floats. It is True for other data than images, and if the export
    contains no range.

    Args:
        inputs: name of each input -> its dtype, and its shape without the batch.
        run: the signature, from arrays by name to arrays by name.

    Example:

    >>> def of_pixels(inputs):
    ...     means = inputs["x"].mean(axis=(1, 2, 3))
    ...     return {"elbo": np.where(means < 510, -1.0, np.nan)}
    >>> takes_uint8({"x": ("float32", (8, 8, 1))}, of_pixels)
    False
    """
    dtype, shape = inputs.get("x", ("", ()))
    if len(shape) != 3 or not dtype.startswith("float"):
        return True
    rows = {name: np.zeros((len(PROBES), *shape), dtype) for name, (dtype, shape) in inputs.items()}
    rows["x"] += np.reshape(PROBES, (-1, 1, 1, 1)).astype(dtype)
    answers = run(rows).values()
    usual, unusual = (all(np.isfinite(answer[row]).all() for answer in answers) for row in range(len(PROBES)))
    return unusual or not usual
