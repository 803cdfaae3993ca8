"""The variational mixture of posteriors."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_event_shape, check_flag, check_integer, check_seed, is_number
from keras_vae.distributions.normal_mixture import mixture
from keras_vae.errors import InvalidInputError
from keras_vae.priors.prior import Prior
from keras_vae.serialization import register

tfd = tfp.distributions

EDGE = 1e-3
"""How near to a bound a pseudo-input starts, as a part of the range: nearer, a sigmoid has no gradient."""


@register
class VampPrior(Prior):
    """p(z) = sum_k pi_k q(z | u_k): a mixture of the posteriors at K pseudo-inputs u, which are trained with the model.

    It works with every posterior that has a density. `adapt` initialises the pseudo-inputs with examples. The KL has no
    closed form; use `KL(estimator="monte_carlo")`.

    Args:
        event_shape: shape of one latent.
        input_shape: shape of one pseudo-input, which is the shape of an example.
        components: number of pseudo-inputs, K.
        bounds: minimum and maximum of the values of a pseudo-input, enforced by a sigmoid. None sets no bounds.
        learned_weights: whether to train the weights pi; otherwise they are 1 / K.
        support: support of the posterior, see `Prior`.
        seed: seed of the initial pseudo-inputs, and of the selection of examples in `adapt`.

    Raises:
        InvalidInputError: if an argument is out of its range.

    Example:

    >>> prior = VampPrior((2,), (8, 8, 1), components=5)
    >>> encode = lambda x: tfd.Independent(tfd.Normal(x[:, 0, :2, 0], 1.0), 1)
    >>> prior.distribution(encode).log_prob(tf.zeros((3, 2))).shape
    TensorShape([3])

    Reference: Tomczak & Welling, 2018, https://arxiv.org/abs/1705.07120
    """

    input_shape: tuple[int, ...]

    def __init__(
        self,
        event_shape: tuple[int, ...],
        input_shape: tuple[int, ...],
        *,
        components: int = 50,
        bounds: tuple[float, float] | None = (0.0, 1.0),
        learned_weights: bool = False,
        support: str = "real",
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self.input_shape = check_event_shape("VampPrior: input_shape", input_shape)
        self.components = check_integer("VampPrior: components", components)
        self.bounds = _check_bounds(bounds)
        self.learned_weights = check_flag("VampPrior: learned_weights", learned_weights)
        self.support = support
        self.seed = check_seed(seed)
        self.pseudo_inputs = self.add_weight(
            shape=(self.components, *self.input_shape),
            initializer=keras.initializers.RandomNormal(0, 1, self.seed),
            name="pseudo_inputs",
        )
        if learned_weights:
            self.logits = self.add_weight(shape=(self.components,), initializer="zeros", name="logits")

    def inputs(self) -> tf.Tensor:
        """The pseudo-inputs, within the bounds, `(K, *input_shape)`."""
        raw = tf.convert_to_tensor(self.pseudo_inputs)
        if self.bounds is None:
            return raw
        low, high = self.bounds
        return low + (high - low) * tf.sigmoid(raw)

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        if encode is None:
            raise InvalidInputError(
                "VampPrior: expected an encoder to make posteriors of the pseudo-inputs, got none; "
                "use prior_distribution() of the model, or distribution(model.posterior_of)."
            )
        logits = tf.convert_to_tensor(self.logits) if self.learned_weights else tf.zeros(self.components)
        return mixture(logits, encode(self.inputs()))

    def adapt(self, x: np.ndarray) -> None:
        """Initialises the pseudo-inputs with random examples, without replacement if there are at least K.

        With bounds, values are first moved to a distance of at least a thousandth of the range from each bound.

        Args:
            x: examples `(N, *input_shape)`, in the input format of the model.

        Raises:
            InvalidInputError: if the shape differs, or if values are not finite or out of bounds.
        """
        x = np.asarray(x, "float32")
        if x.shape[1:] != self.input_shape or len(x) == 0:
            raise InvalidInputError(
                f"VampPrior: expected examples of shape {('N', *self.input_shape)}, N >= 1, got {x.shape}; "
                "give the examples that the encoder sees."
            )
        low, high = self.bounds or (-math.inf, math.inf)
        if not (np.isfinite(x).all() and x.min() >= low and x.max() <= high):
            raise InvalidInputError(
                f"VampPrior: expected finite examples within {self.bounds}, got values in [{x.min():g}, {x.max():g}]; "
                "rescale them, or give the prior other bounds or None."
            )
        rows = np.random.default_rng(self.seed).choice(len(x), self.components, replace=len(x) < self.components)
        inputs = x[rows]
        if self.bounds is not None:
            part = np.clip((inputs - low) / (high - low), EDGE, 1 - EDGE)
            inputs = np.log(part) - np.log1p(-part)
        self.pseudo_inputs.assign(inputs)


def _check_bounds(bounds):
    if bounds is None:
        return None
    pair = isinstance(bounds, (tuple, list)) and len(bounds) == 2 and all(map(is_number, bounds))
    if not (pair and -math.inf < bounds[0] < bounds[1] < math.inf):
        raise InvalidInputError(f"VampPrior: bounds must be two rising numbers, such as (0.0, 1.0); got {bounds!r}.")
    return (float(bounds[0]), float(bounds[1]))
