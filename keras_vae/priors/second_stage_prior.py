"""A second VAE, over the latents of the first one."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_seed
from keras_vae.distributions.custom_distribution import CustomDistribution
from keras_vae.layers.bijection import check_units, child_seed
from keras_vae.priors.fit import check_codes, maximize_likelihood
from keras_vae.priors.prior import Prior
from keras_vae.random import noise_of
from keras_vae.serialization import register

tfd = tfp.distributions


class _Bounded(CustomDistribution):
    """p(z) = int p(z | u) N(u; 0, I) du, whose `log_prob` is an importance-weighted lower bound."""

    sample_runs_network = True

    def __init__(self, stage, name="SecondStage"):
        parameters = dict(locals())
        self.stage = stage
        super().__init__(parameters, reparameterized=True, name=name)

    def _sample_n(self, n, seed=None):
        u_seed, z_seed = tf.unstack(tfp.random.split_seed(seed, n=2))
        u = self.stage.base().sample(n, seed=u_seed)
        return tf.reshape(self.stage.decode(u).sample(seed=z_seed), (n, *self.stage.event_shape))

    def _log_prob(self, z):
        flat = tf.reshape(z, tf.concat([tf.shape(z)[: -len(self.stage.event_shape)], [self.stage.size]], axis=0))
        posterior = self.stage.encode(flat)
        u = posterior.mean() + posterior.stddev() * noise_of(flat, self.stage.samples, self.stage.latent_dim)
        weights = self.stage.decode(u).log_prob(flat) + self.stage.base().log_prob(u) - posterior.log_prob(u)
        return tf.reduce_logsumexp(weights, axis=0) - tf.math.log(float(self.stage.samples))

    def _mean(self):
        return tf.reshape(self.stage.decode(tf.zeros(self.stage.latent_dim)).mean(), self.stage.event_shape)

    def _batch_shape(self):
        return tf.TensorShape([])

    def _batch_shape_tensor(self, **_):
        return tf.constant([], tf.int32)

    def _event_shape(self):
        return tf.TensorShape(self.stage.event_shape)

    def _event_shape_tensor(self, **_):
        return tf.constant(self.stage.event_shape)


@register
class SecondStagePrior(Prior):
    """p(z) = E_{u ~ N(0, I)}[p(z | u)]: a second VAE, over the latents of the first one.

    The log-density has no closed form. `log_prob` is the importance-weighted lower bound with `samples` samples of u,
    so an ELBO with this prior is still a lower bound. The noise of u is a function of z. `mean` is the mean of p(z | u)
    at u = 0. Train the prior with `PriorNLL` during the training of the first stage, or `fit` it to the latents of a
    trained model.

    Args:
        event_shape: shape of one latent.
        latent_dim: dimension of u. None uses the dimension of z.
        units: widths of the hidden layers of encoder and decoder.
        samples: number of samples of u for `log_prob`.
        seed: seed of the initial weights. None draws one.

    Raises:
        InvalidInputError: if a shape or number is out of its range.

    Example:

    >>> SecondStagePrior((4,), units=(16,)).distribution().sample(3, seed=(0, 1)).shape
    TensorShape([3, 4])

    Reference: Dai & Wipf, 2019, https://arxiv.org/abs/1903.05789
    """

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        latent_dim: int | None = None,
        units: Sequence[int] = (128, 128),
        samples: int = 1,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self.seed = seed
        self.size = math.prod(self.event_shape)
        self.latent_dim = self.size if latent_dim is None else check_integer("SecondStagePrior: latent_dim", latent_dim)
        self.units = check_units("SecondStagePrior", units)
        self.samples = check_integer("SecondStagePrior: samples", samples)
        self._encoder = self._stack("encoder", self.size, self.latent_dim, first=0)
        self._decoder = self._stack("decoder", self.latent_dim, self.size, first=len(self.units) + 1)

    def _stack(self, name, inputs, outputs, *, first):
        layers = []
        for number, width in enumerate((*self.units, 2 * outputs)):
            activation = "swish" if number < len(self.units) else None
            start = keras.initializers.GlorotUniform(child_seed(self.seed, first + number))
            layer = keras.layers.Dense(
                width, activation=activation, kernel_initializer=start, dtype="float32", name=f"{name}_{number}"
            )
            layer.build((None, inputs))
            layers.append(layer)
            inputs = width
        return layers

    def base(self) -> tfd.Distribution:
        """p(u) = N(0, I)."""
        return tfd.MultivariateNormalDiag(tf.zeros(self.latent_dim))

    def encode(self, z: tf.Tensor) -> tfd.Distribution:
        """q(u | z) for flattened latents z, `(..., D)`; batch shape `(...)`, event shape `(latent_dim,)`."""
        return self._through(self._encoder, z)

    def decode(self, u: tf.Tensor) -> tfd.Distribution:
        """p(z | u) of flattened latents z, for u, `(..., latent_dim)`; batch shape `(...)`, event shape `(D,)`."""
        return self._through(self._decoder, u)

    def _through(self, layers, x):
        flat = tf.reshape(x, (-1, x.shape[-1]))
        for layer in layers:
            flat = layer(flat)
        loc, raw_scale = tf.split(tf.reshape(flat, tf.concat([tf.shape(x)[:-1], [flat.shape[-1]]], 0)), 2, axis=-1)
        return tfd.Independent(tfd.Normal(loc, tf.nn.softplus(raw_scale) + 1e-4), 1)

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        return _Bounded(self)

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
        """Fits a new prior to latents, such as samples from the posteriors of a trained VAE.

        Args:
            codes: latents `(N, *event_shape)`.
            epochs: number of passes over the latents.
            batch_size: number of latents in a batch.
            learning_rate: initial learning rate; it decays to 0.
            validation_split: fraction that is held out to select the best epoch; 0 keeps the last weights.
            seed: seed of the initial weights, the order and the split.
            verbose: 1 shows a progress bar.
            **options: other arguments of the class, such as `units`.

        Raises:
            InvalidInputError: if there are fewer than two latents, if they are not finite, or if a number is out of its
                range.
        """
        codes = check_codes(cls.__name__, codes)
        prior = cls(codes.shape[1:], seed=check_seed(seed), **options)
        settings = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
        maximize_likelihood(prior, codes, **settings, validation_split=validation_split, seed=seed, verbose=verbose)
        return prior
