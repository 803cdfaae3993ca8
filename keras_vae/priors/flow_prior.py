"""The base class of priors with a normalizing flow."""

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
    """p(z) = N(f((z - loc) / scale); 0, I) |det df/dz|, with a flow f from latents to noise.

    Train the prior with the model, or `fit` it to the latents of a trained model. A subclass defines one step of f:

        class MyFlow(FlowPrior):
            def make_step(self, number, seed):
                return MyBijection(self.dim, self.units, seed=seed)

    loc and scale are not trained by gradients. They are 0 and 1, or the mean and standard deviation of the latents
    after `fit`.

    Args:
        event_shape: shape of one latent; it is flattened internally.
        flows: number of steps.
        units: widths of the hidden layers of a step.
        activation: Keras activation of these layers.
        seed: seed of the initial weights. None draws one.

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
        """Number of elements of a latent."""
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
        """Fits a new prior to latents, such as the posterior means of a trained model, by maximum likelihood.

        The latents are standardised, and Adam with a cosine decay minimises the negative log-likelihood. Part of them
        is held out, and the weights of the epoch with the best likelihood on it are kept. The same arguments give the
        same prior.

        Args:
            codes: latents `(N, *event_shape)`.
            epochs: number of passes over the latents.
            batch_size: number of latents in a batch.
            learning_rate: initial learning rate; it decays to 0.
            validation_split: fraction that is held out; 0 keeps the last weights.
            seed: seed of the initial weights, the order and the split.
            verbose: 1 shows a progress bar.
            **options: other arguments of the class, such as `flows` and `units`.

        Raises:
            InvalidInputError: if there are fewer than two latents, if they are not finite, or if a number is out of its
                range.
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
