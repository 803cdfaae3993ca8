"""Lower bounds on log p(x)."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.layers.compiled_method import compiled_method
from keras_vae.models.batched_methods import BatchedMethods, map_batches
from keras_vae.models.data_range import check_new_examples
from keras_vae.models.importance_sampling import ImportanceSampling
from keras_vae.objectives import log_weights
from keras_vae.progress import progress
from keras_vae.random import as_seed, fold
from keras_vae.trace import Trace


class LikelihoodBounds(BatchedMethods):
    """The methods of `Autoencoder` for bounds on log p(x), in nats per example."""

    def elbo(
        self, x: Any, *, condition: Any = None, samples: int = 1, seed: int = 0, batch_size: int | None = None
    ) -> np.ndarray:
        """The evidence lower bound log p(x) >= E_q[log p(x | z)] - KL(q(z | x) || p(z)), nats per example, `(N,)`.

        Args:
            x: examples `(N, *event_shape)`.
            condition: conditions of a conditional model: `(N,)` labels, `(N, size)` vectors, or one for all examples.
            samples: number of samples of z per example for the expectation.
            seed: seed of these samples; the same seed and batch size give the same values.
            batch_size: number of latents that are decoded at once.

        Raises:
            InvalidInputError: if the posterior or the prior has no density.

        Example:

        >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
        >>> elbo = model.elbo(x)
        >>> elbo.shape, round(float(elbo.mean()))
        ((180,), 26)
        """
        x, samples, seed = self._check_bound(x), check_integer("samples", samples), check_seed(seed)
        rows = max(1, self.batch_size_for(batch_size) // samples)

        def bound(batch, condition):
            return self._elbo(batch, condition, fold(as_seed(seed), next(counter)), samples)

        counter = iter(range(len(x)))
        return map_batches(bound, rows, x, self.check_conditions(condition, len(x), may_be_inferred=True)).numpy()

    def log_likelihood(
        self,
        x: Any,
        *,
        condition: Any = None,
        samples: int = 1000,
        seed: int = 0,
        batch_size: int | None = None,
        verbose: int = 0,
    ) -> np.ndarray:
        """The importance-weighted bound log 1/S sum_s p(x, z_s) / q(z_s | x) <= log p(x), nats per example, `(N,)`.

        Its expectation is the ELBO for S = 1, increases with S and converges to log p(x). The memory does not depend on
        S.

        Args:
            x: examples `(N, *event_shape)`.
            condition: conditions of a conditional model: `(N,)` labels, `(N, size)` vectors, or one for all examples.
            samples: number of importance samples of z per example, S.
            seed: seed of these samples; the same seed and batch size give the same values.
            batch_size: number of latents that are decoded at once.
            verbose: 1 shows a progress bar.

        Raises:
            InvalidInputError: if the posterior or the prior has no density.

        Example:

        >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
        >>> round(float(model.log_likelihood(x, samples=50).mean()))
        29

        Reference: Burda, Grosse & Salakhutdinov, 2016, https://arxiv.org/abs/1509.00519
        """
        options = {"samples": samples, "seed": seed, "batch_size": batch_size, "verbose": verbose}
        return self.importance_sampling(x, condition=condition, **options).log_likelihood

    def importance_sampling(
        self,
        x: Any,
        *,
        condition: Any = None,
        samples: int = 1000,
        seed: int = 0,
        batch_size: int | None = None,
        verbose: int = 0,
    ) -> ImportanceSampling:
        """`log_likelihood` with diagnostics, see `ImportanceSampling`.

        Args:
            x: examples `(N, *event_shape)`.
            condition: conditions of a conditional model: `(N,)` labels, `(N, size)` vectors, or one for all examples.
            samples: number of importance samples of z per example, S.
            seed: seed of these samples.
            batch_size: number of latents that are decoded at once.
            verbose: 1 shows a progress bar.

        Raises:
            InvalidInputError: if the posterior or the prior has no density.
        """
        x, samples, seed = self._check_bound(x), check_integer("samples", samples), check_seed(seed)
        draws = self.batch_size_for(batch_size)
        size = min(len(x), max(1, draws // min(samples, 100)))  # 100 draws for each time that x is encoded
        chunk = min(samples, max(1, draws // size))
        batches = math.ceil(len(x) / size)
        numbers = iter(progress(range(batches), batches, "Estimating the log-likelihood", verbose=verbose))

        def padded(batch):
            return None if batch is None else np.concatenate([batch, np.repeat(batch[:1], size - len(batch), axis=0)])

        def sums(batch, condition):
            noise = fold(as_seed(seed), next(numbers))
            return self._sums_of_weights(padded(batch), padded(condition), noise, samples, chunk)[: len(batch)]

        values = map_batches(sums, size, x, self.check_conditions(condition, len(x), may_be_inferred=True)).numpy()
        first, second = values.T
        return ImportanceSampling.of_sums(first, second, samples)

    def log_weights(self, trace: Trace) -> tf.Tensor:
        """The log-weights log p(x, z) - log q(z | x) of the samples z of a trace, in nats, shape `(S, B)`."""
        return log_weights(trace)

    @compiled_method
    def _elbo(self, x, condition, seed, samples):
        return self.elbo_terms(self.trace(x, seed=seed, samples=samples, extras=_extras(condition)))["elbo"]

    @compiled_method
    def _sums_of_weights(self, x, condition, seed, samples, chunk):
        """Log sum_s w_s and log sum_s w_s^2 over the importance weights w_s of each example, `(B, 2)`."""

        def summed(number, draws):
            trace = self.trace(x, seed=fold(seed, number), samples=draws, extras=_extras(condition))
            log_w = self.log_weights(trace)  # (S, B)
            return tf.reduce_logsumexp(tf.stack([log_w, 2.0 * log_w], axis=-1), axis=0)

        def add_chunk(number, total):
            return number + 1, tf.reduce_logsumexp([total, summed(number, chunk)], axis=0)

        chunks, rest = divmod(samples, chunk)
        zero = tf.fill((tf.shape(x)[0], 2), -np.inf)  # log 0; a first chunk outside the loop would be traced twice
        _, total = tf.while_loop(lambda number, _: number < chunks, add_chunk, (tf.constant(0), zero))
        if rest:
            total = tf.reduce_logsumexp([total, summed(chunks, rest)], axis=0)
        return total

    def _check_bound(self, x):
        if not self.has_density:
            raise InvalidInputError(
                f"{self.name}: it has no likelihood bound, because its posterior or prior has no density; use a VAE."
            )
        return check_new_examples(self, x)


def _extras(condition):
    return {} if condition is None else {"y": condition}
