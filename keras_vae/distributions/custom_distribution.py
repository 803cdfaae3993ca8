"""The base class of distributions that TFP does not have."""

from collections.abc import Collection, Mapping
from typing import Any, Self

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.errors import InvalidInputError

tfd = tfp.distributions


class CustomDistribution(tfd.Distribution):
    """A `tfd.Distribution` with the settings that all distributions of keras_vae share.

    Slices, `distribution[row : row + 1]`, call the constructor with slices of its tensors and distributions. These must
    begin with the batch axes, unless `shared` names them.

    Args:
        parameters: the arguments of the constructor by name; use `dict(locals())` in its first line.
        reparameterized: whether gradients flow through samples.
        dtype: dtype of the events.
        name: name in TFP. None uses the name of the class.

    Attributes:
        shared: arguments of the constructor that do not begin with the batch axes, other than numbers and NumPy arrays.
        sample_runs_network: whether `sample` runs a network, which is faster for many samples in one call.

    Raises:
        InvalidInputError: for a slice, if a tensor does not begin with the batch axes.

    Example:

    >>> class Shifted(CustomDistribution):
    ...     def __init__(self, loc, name="Shifted"):
    ...         super().__init__(dict(locals()), name=name)
    ...         self.loc = loc
    ...
    ...     def _batch_shape(self):
    ...         return self.loc.shape
    ...
    ...     def _event_shape(self):
    ...         return tf.TensorShape([])
    ...
    ...     def _mean(self):
    ...         return self.loc + 1.0
    >>> Shifted(tf.constant([1.0, 2.0, 3.0]))[1:].mean().numpy().tolist()
    [3.0, 4.0]
    """

    shared: Collection[str] = ()
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

    def __getitem__(self, slices: Any) -> Self:
        try:
            self.parameter_properties()
        except NotImplementedError:
            arguments = {
                name: tf.nest.map_structure(lambda part, name=name: self._rows(name, part, slices), value)
                for name, value in self.parameters.items()
                if name not in self.shared
            }
            return type(self)(**{**self.parameters, **arguments})
        return super().__getitem__(slices)

    def _rows(self, name, part, slices):
        if isinstance(part, tfd.Distribution):
            return part[slices]
        if not tf.is_tensor(part) and not isinstance(part, tf.Variable):
            return part
        rank = self.batch_shape.rank
        begins = part.shape.rank is not None and part.shape.rank >= rank
        for own, size in zip(part.shape[:rank] if begins else (), self.batch_shape, strict=True):
            begins &= own is None or own == size
        if not begins:
            raise InvalidInputError(
                f"{type(self).__name__}: expected {name} to begin with the batch axes {self.batch_shape}, got shape "
                f"{part.shape}; name it in `shared`, or define __getitem__."
            )
        return part[_of_batch(slices, rank)]


def _of_batch(slices, rank):
    """Returns `slices` of the batch axes with the ellipsis expanded, to slice tensors with additional axes."""
    slices = slices if isinstance(slices, tuple) else (slices,)
    places = [i for i, each in enumerate(slices) if each is Ellipsis]
    if not places:
        return slices
    others = sum(each is not tf.newaxis and each is not Ellipsis for each in slices)
    return (*slices[: places[0]], *[slice(None)] * (rank - others), *slices[places[0] + 1 :])
