"""A mixture of normals with full covariance, fitted to latents after training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.priors.fit import check_codes
from keras_vae.priors.prior import Prior
from keras_vae.progress import progress
from keras_vae.serialization import register

tfd = tfp.distributions
tfb = tfp.bijectors

MOST_COMPONENTS = 64
"""The largest number of normals that `fit` tries."""

MOST_NUMBERS = 2**28
"""In all covariances: 2 GB while they are fitted."""


@register
class GaussianMixturePrior(Prior):
    """p(z) = sum_k pi_k N(z; loc_k, L_k L_k^T), fitted to the latents of a trained model by expectation maximisation.

    Use `GaussianMixturePrior.fit(codes)`; the constructor alone returns K standard normals. Gradients do not train this
    prior. Its KL has no closed form; use `KL(estimator="monte_carlo")`.

    Args:
        event_shape: shape of one latent; it is flattened for the covariances.
        components: number of normals, K.

    Raises:
        InvalidInputError: if `components` is not an integer >= 1, or if the covariances have more than 2^28 numbers.

    Example:

    >>> codes = np.random.default_rng(0).normal(size=(100, 2))
    >>> GaussianMixturePrior.fit(codes, components=3).distribution().sample(5, seed=(1, 2)).shape
    TensorShape([5, 2])

    Reference: Ghosh et al., 2020, who sample autoencoders in this way, https://arxiv.org/abs/1903.12436
    """

    def __init__(self, event_shape: tuple[int, ...], *, components: int = 10, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        self.components = check_integer("GaussianMixturePrior: components", components)
        size = math.prod(self.event_shape)
        _check_size(self.components, size)
        identity = np.broadcast_to(np.eye(size, dtype="float32"), (self.components, size, size))
        self.log_weights = self._fitted("log_weights", np.full(self.components, -math.log(self.components), "float32"))
        self.loc = self._fitted("loc", np.zeros((self.components, size), "float32"))
        self.scale_tril = self._fitted("scale_tril", identity)

    def _fitted(self, name, value):
        return self.add_weight(
            shape=value.shape, initializer=lambda *_, **__: tf.constant(value), trainable=False, name=name
        )

    @classmethod
    def fit(cls, codes: Any, *, components: int | None = 10, seed: int = 0, verbose: int = 0) -> GaussianMixturePrior:
        """Fits a mixture to latents by expectation maximisation, initialised by k-means.

        Args:
            codes: latents `(N, *event_shape)`, such as `model.encode(x).mean()`.
            components: number of normals. None holds out a tenth of the latents and tries 1, 2, 4, ... normals as long
                as the likelihood of this tenth rises. The best number is then fitted to all latents.
            seed: seed of the initialisation, and of the choice of the tenth.
            verbose: 1 shows the numbers of normals that are tried.

        Raises:
            InvalidInputError: if the latents are not finite, if there are fewer than two or fewer than `components`, or
                if the covariances have more than 2^28 numbers.
        """
        from sklearn import mixture

        codes = check_codes("GaussianMixturePrior", codes)
        seed = check_seed(seed)
        flat = codes.reshape(len(codes), -1).astype("float64")
        if components is None:
            components = _best_number(flat, seed, verbose)
        components = check_integer("GaussianMixturePrior: components", components)
        if len(codes) < components:
            raise InvalidInputError(
                f"GaussianMixturePrior.fit: expected at least {components} codes for {components} components, "
                f"got {len(codes)}; give it more codes or fewer components."
            )
        _check_size(components, flat.shape[1])
        fitted = mixture.GaussianMixture(components, random_state=seed).fit(flat)
        prior = cls(codes.shape[1:], components=components)
        prior.log_weights.assign(np.log(fitted.weights_))
        prior.loc.assign(fitted.means_)
        prior.scale_tril.assign(np.linalg.cholesky(fitted.covariances_))
        return prior

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        normals = tfd.MultivariateNormalTriL(tf.convert_to_tensor(self.loc), tf.convert_to_tensor(self.scale_tril))
        mixture = tfd.MixtureSameFamily(tfd.Categorical(logits=tf.convert_to_tensor(self.log_weights)), normals)
        if len(self.event_shape) == 1:
            return mixture
        return tfd.TransformedDistribution(mixture, tfb.Reshape(self.event_shape, self.loc.shape[1:]))


def _best_number(codes, seed, verbose):
    """Returns the number of normals, a power of two, with the best likelihood of a tenth of the codes."""
    from sklearn import mixture

    order = np.random.default_rng(seed).permutation(len(codes))
    held_out = len(codes) // 10
    if not held_out:
        return 1
    others, training = codes[order[:held_out]], codes[order[held_out:]]
    most = min(MOST_COMPONENTS, len(training) // 2, MOST_NUMBERS // codes.shape[1] ** 2)
    numbers = [2**i for i in range(max(1, most.bit_length()))]
    best, score = 1, -math.inf
    for number in progress(numbers, None, "Numbers of normals that were tried", verbose=verbose):
        found = mixture.GaussianMixture(number, random_state=seed).fit(training).score(others)
        if found <= score:
            break
        best, score = number, found
    return best


def _check_size(components, size):
    if components * size**2 > MOST_NUMBERS:
        raise InvalidInputError(
            f"GaussianMixturePrior: expected covariances of at most {MOST_NUMBERS:,} numbers, got {components} of "
            f"{size}x{size}; use fewer components, or a flow, such as MAFPrior."
        )
