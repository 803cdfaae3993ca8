"""What priors made by a normalizing flow have in common."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_seed
from keras_vae.distributions.flow_distribution import FlowDistribution
from keras_vae.layers.bijection import Bijection, check_units, child_seed
from keras_vae.layers.flow import Flow
from keras_vae.priors.fit import check_codes, maximize_likelihood
from keras_vae.priors.prior import Prior

tfd = tfp.distributions


class FlowPrior(Prior):
    """p(z) = N(f((z - loc) / scale); 0, I) |det df/dz|, with a flow f from codes to noise.

    It learns together with the model, or from the codes of a trained one by `fit`. A new family names its step:

        class MyFlow(FlowPrior):
            def make_step(self, number, seed):
                return MyBijection(self.dim, self.units, seed=seed)

    loc and scale are weights that no gradient trains: 0 and 1, or the codes' own after `fit`.

    Args:
        event_shape: shape of one code; it is flattened within.
        flows: how many steps.
        units: width of each hidden layer in a step.
        activation: a Keras activation of these layers.
        seed: seed of the initial weights; drawn by Keras when None.

    Raises:
        InvalidInputError: if a number is out of its range.
    """

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        flows: int,
        units: Sequence[int] = (64, 64),
        activation: str = "relu",
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self.flows = check_integer(f"{type(self).__name__}: flows", flows)
        self.units = check_units(type(self).__name__, units)
        self.activation = activation
        self.seed = None if seed is None else check_seed(seed)
        self.loc, self.scale = (
            self.add_weight(shape=self.event_shape, initializer=initializer, trainable=False, name=name)
            for name, initializer in (("loc", "zeros"), ("scale", "ones"))
        )
        self.flow = Flow([self.make_step(i, child_seed(self.seed, i)) for i in range(self.flows)], name="flow")

    def make_step(self, number: int, seed: int | None) -> Bijection:
        """The map f_k for k = `number` + 1, built."""
        raise NotImplementedError

    @property
    def dim(self) -> int:
        """How many numbers a code has."""
        return math.prod(self.event_shape)

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        loc, scale = tf.convert_to_tensor(self.loc), tf.convert_to_tensor(self.scale)
        stretch = tf.reduce_sum(tf.math.log(scale))

        def to_code(u, _):
            z, log_det = self.flow.inverse(self._reshape(u, self.event_shape, (self.dim,)))
            return loc + scale * self._reshape(z, (self.dim,), self.event_shape), log_det + stretch

        def to_noise(z, _):
            u, log_det = self.flow.forward(self._reshape((z - loc) / scale, self.event_shape, (self.dim,)))
            return self._reshape(u, (self.dim,), self.event_shape), log_det - stretch

        zeros = tf.zeros(self.event_shape)
        return FlowDistribution(zeros, tf.ones_like(zeros), to_code, to_noise, event_ndims=len(self.event_shape))

    @staticmethod
    def _reshape(x, old, new):
        """`x`, `(..., *old)`, as `(..., *new)`."""
        return x if old == new else tf.reshape(x, tf.concat([tf.shape(x)[: -len(old)], new], axis=0))

    @classmethod
    def fit(
        cls,
        codes: Any,
        *,
        epochs: int = 50,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        validation_split: float = 0.1,
        seed: int = 0,
        verbose: int = 1,
        **options: Any,
    ) -> Self:
        """A new prior of the greatest likelihood on codes, such as the posterior means of a trained model.

        The codes are standardised, and Adam with a cosine decay minimises the negative log-likelihood. A part of the
        codes is held out; the weights of the epoch that explains it best are kept. Equal arguments give equal priors.

        Args:
            codes: `(N, *event_shape)`.
            epochs: passes over the codes.
            batch_size: codes in a step.
            learning_rate: of the first step; it falls to 0.
            validation_split: share of the codes held out; 0 keeps the last weights.
            seed: of the weights, the order and the choice of codes to hold out.
            verbose: 1 shows a progress bar.
            **options: of the class, such as `flows` and `units`.

        Raises:
            InvalidInputError: for codes that are no finite array of at least 2, or a number out of its range.
        """
        codes = check_codes(cls.__name__, codes)
        prior = cls(codes.shape[1:], seed=seed, **options)
        prior.loc.assign(codes.mean(axis=0))
        prior.scale.assign(np.maximum(codes.std(axis=0), 1e-6))
        maximize_likelihood(
            prior,
            codes,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            validation_split=validation_split,
            seed=seed,
            verbose=verbose,
        )
        return prior
