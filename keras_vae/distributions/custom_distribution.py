"""What distributions that TFP does not have are made of."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


class CustomDistribution(tfd.Distribution):
    """A `tfd.Distribution` with the settings that all of ours share.

    Args:
        parameters: the constructor's arguments by name, `dict(locals())` in its first line.
        reparameterized: whether a gradient flows through its draws.
        dtype: of its events.
        name: what TFP calls it; the class's name when None.

    Attributes:
        sample_runs_network: whether `sample` runs a network, which is faster for many samples at once.
    """

    sample_runs_network = False

    def __init__(
        self,
        parameters: Mapping[str, Any],
        *,
        reparameterized: bool = False,
        dtype: tf.DType = tf.float32,
        name: str | None = None,
    ):
        super().__init__(
            dtype=dtype,
            reparameterization_type=tfd.FULLY_REPARAMETERIZED if reparameterized else tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name or type(self).__name__,
        )
