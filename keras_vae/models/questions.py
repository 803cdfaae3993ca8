"""The methods of a trained model: latents, reconstructions, samples, interpolations and likelihoods."""

import math
import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.layers.compiled_method import compiled_method
from keras_vae.models.conditioning import Conditioning
from keras_vae.models.data_range import check_new_examples, check_units
from keras_vae.models.importance_sampling import ImportanceSampling
from keras_vae.models.inputs import as_numbers, check_codes, check_shape, check_values, to_tensor
from keras_vae.objectives import log_weights
from keras_vae.progress import progress
from keras_vae.random import as_seed, fold
from keras_vae.trace import Trace

tfd = tfp.distributions

NUMBERS = 4_000_000  # in a batch by default: 5102 images of 28x28, 325 of 64x64x3
MOST_TRAVERSED = 2**29  # numbers in the latents of all traversals


class Questions(Conditioning):
    """The methods of `Autoencoder` that use a trained model; they need no optimizer.

    They accept NumPy arrays or eager tensors of any length, check them, and process them in compiled batches. A
    `batch_size` of None is derived from the size of an example.
    """

    def encode(self, x: Any, *, condition: Any = None, batch_size: int | None = None) -> tfd.Distribution:
        """Returns the posterior q(z | x), with methods such as `mean()`, `stddev()` and `sample()`.

        Args:
            x: examples `(N, *event_shape)`.
            condition: conditions of a conditional model: `(N,)` labels, `(N, size)` vectors, or one for all examples.
            batch_size: number of examples in a batch.

        Returns:
            A distribution with batch shape `(N,)` and event shape `latent_shape`.

        Raises:
            InvalidInputError: if the examples or the conditions cannot be used.

        Example:

        >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
        >>> model.encode(x[:3]).mean().shape
        TensorShape([3, 8])
        """
        x = check_shape(x, self.event_shape)

        def parameters(rows, condition):
            batch, low, high = to_tensor(rows)
            check_values(x, low, high, self.likelihood)
            check_units(self, rows, low, high)
            return self._posterior_parameters(batch, condition)

        condition = self.check_conditions(condition, len(x))
        return self.posterior.distribution(in_batches(parameters, self.batch_size_for(batch_size), x, condition))

    def decode(self, z: Any, *, condition: Any = None, batch_size: int | None = None) -> tfd.Distribution:
        """Returns the likelihood p(x | z); its `mean()` is the decoded example E[x | z].

        Args:
            z: latents `(N, *latent_shape)`.
            condition: conditions of a conditional model: `(N,)` labels, `(N, size)` vectors, or one for all examples.
            batch_size: number of latents in a batch.

        Returns:
            A distribution with batch shape `(N,)` and event shape `event_shape`.

        Raises:
            InvalidInputError: if the latents or the conditions cannot be used.

        Example:

        >>> model = kv.from_preset("vae_digits")
        >>> model.decode(np.zeros((3, 8))).mean().shape
        TensorShape([3, 8, 8, 1])
        """
        z = check_codes(z, self.latent_shape)
        condition = self.check_conditions(condition, len(z))
        parameters = in_batches(self._likelihood_parameters, self.batch_size_for(batch_size), z, condition)
        return self.likelihood.distribution(parameters)

    def reconstruct(
        self,
        x: Any,
        *,
        condition: Any = None,
        draw: Literal["mean", "sample"] = "mean",
        seed: int | None = None,
        batch_size: int | None = None,
    ) -> np.ndarray:
        """Encodes and decodes examples, `(N, *event_shape)`.

        Args:
            x: examples `(N, *event_shape)`.
            condition: conditions of a conditional model: `(N,)` labels, `(N, size)` vectors, or one for all examples.
            draw: `"mean"` for E[x | z] at the posterior mean z, `"sample"` for x ~ p(x | z) at z ~ q(z | x).
            seed: seed of the noise. None uses new noise in every call.
            batch_size: number of examples in a batch.

        Raises:
            InvalidInputError: if the examples, the conditions or an option cannot be used.

        Example:

        >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
        >>> error = model.reconstruct(x) - x / 255
        >>> error.shape, round(float((error**2).mean()), 2)
        ((180, 8, 8, 1), 0.01)
        """
        posterior = self.encode(x, condition=condition, batch_size=batch_size)
        if draw == "mean":
            return self._expected(posterior.mean(), condition, batch_size)
        z_seed, x_seed = self._seeds(seed)
        return self._drawn(posterior.sample(seed=z_seed), condition, draw, x_seed, batch_size)

    def sample(
        self,
        n: int,
        seed: int | None = None,
        *,
        condition: Any = None,
        draw: Literal["mean", "sample"] | None = None,
        batch_size: int | None = None,
    ) -> np.ndarray:
        """Generates examples from the prior, `(n, *event_shape)`.

        Args:
            n: number of examples.
            seed: seed of the noise. None uses new noise in every call.
            condition: conditions of a conditional model: `(n,)` labels, `(n, size)` vectors, or one for all examples.
            draw: `"mean"` for E[x | z] at z ~ p(z), `"sample"` for x ~ p(x | z). None uses the `default_draw` of the
                likelihood: `"sample"` for tables and counts, otherwise `"mean"`.
            batch_size: number of latents in a batch.

        Raises:
            InvalidInputError: if the model has no prior, or if the conditions or an option cannot be used.

        Example:

        >>> model = kv.from_preset("vae_digits")
        >>> model.sample(16, seed=0).shape
        (16, 8, 8, 1)
        """
        n = check_integer("n", n)
        z_seed, x_seed = self._seeds(seed)
        z = self.prior_distribution().sample(n, seed=z_seed)
        return self._drawn(z, condition, self.likelihood.default_draw if draw is None else draw, x_seed, batch_size)

    def interpolate(self, start: Any, end: Any, *, condition: Any = None, steps: int = 10) -> np.ndarray:
        """Decodes straight lines between the posterior means of two sets of examples.

        Args:
            start: examples `(N, *event_shape)`.
            end: the same number of examples.
            condition: conditions of the pairs, for a conditional model.
            steps: number of points on each line, including both ends.

        Returns:
            Shape `(N, steps, *event_shape)`.

        Raises:
            InvalidInputError: if the examples or the conditions cannot be used, or differ in number.

        Example:

        >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
        >>> model.interpolate(x[:2], x[2:4], steps=5).shape
        (2, 5, 8, 8, 1)
        """
        steps = check_integer("steps", steps)
        start, end = (self.encode(x, condition=condition).mean() for x in (start, end))
        if len(start) != len(end):
            raise InvalidInputError(f"interpolate: expected as many ends as starts, got {len(start)} and {len(end)}.")
        return self._paths(tf.linspace(start, end, steps, axis=1), condition)

    def traverse(
        self,
        x: Any = None,
        *,
        condition: Any = None,
        dimensions: Sequence[int] | np.ndarray | None = None,
        values: Sequence[float] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Latent traversals: decodes latents in which one dimension changes and the others are constant.

        Args:
            x: one example, `(*event_shape)` or `(1, *event_shape)`, whose posterior mean is the starting point. None
                starts at the mean of the prior.
            condition: one condition for all traversals, a label or a vector, for a conditional model.
            dimensions: indices of the flattened latent. None traverses all dimensions.
            values: values of the dimension. None uses -3, -2, ..., 3.

        Returns:
            Shape `(D, steps, *event_shape)`.

        Raises:
            InvalidInputError: for a dimension that does not exist, or if all latents together take more than 2 GB.

        Example:

        >>> model = kv.from_preset("vae_digits")
        >>> model.traverse(dimensions=[0, 5], values=[-2.0, 0.0, 2.0]).shape
        (2, 3, 8, 8, 1)
        """
        if x is None:
            code = self._center()
        else:
            x = as_numbers("x", x)
            rows = None if condition is None else np.reshape(condition, (1, -1))
            codes = self.encode(x[None] if x.shape == self.event_shape else x, condition=rows).mean()
            if len(codes) > 1:
                raise InvalidInputError(f"traverse: expected one example to start from, got {len(codes)}.")
            code = codes[0]
        code = np.reshape(code, -1)
        moved = _vector("dimensions", range(len(code)) if dimensions is None else dimensions, "iu")
        if moved.min() < 0 or moved.max() >= len(code):
            raise InvalidInputError(f"traverse: expected dimensions in 0..{len(code) - 1}; got {moved}.")
        places = _vector("values", range(-3, 4) if values is None else values, "iuf")
        if len(moved) * len(places) * len(code) > MOST_TRAVERSED:
            raise InvalidInputError(
                f"traverse: {len(moved)} dimensions of {len(code)} at {len(places)} values are too many for the "
                "memory; choose fewer dimensions or values."
            )
        paths = np.tile(code, (len(moved), len(places), 1))
        for row, dimension in enumerate(moved):
            paths[row, :, dimension] = places
        if condition is not None:
            condition = np.repeat(np.reshape(condition, (1, -1)), len(paths), axis=0)
        return self._paths(tf.reshape(tf.cast(paths, tf.float32), (*paths.shape[:2], *self.latent_shape)), condition)

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
        return in_batches(bound, rows, x, self.check_conditions(condition, len(x), may_be_inferred=True)).numpy()

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
        numbers = iter(progress(range(batches), batches, "Drawing codes", verbose=verbose))

        def padded(batch):
            return None if batch is None else np.concatenate([batch, np.repeat(batch[:1], size - len(batch), axis=0)])

        def sums(batch, condition):
            noise = fold(as_seed(seed), next(numbers))
            return self._sums_of_weights(padded(batch), padded(condition), noise, samples, chunk)[: len(batch)]

        values = in_batches(sums, size, x, self.check_conditions(condition, len(x), may_be_inferred=True)).numpy()
        first, second = values.T
        return ImportanceSampling.of_sums(first, second, samples)

    def export(
        self,
        filepath: str | os.PathLike,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Exports the reconstruction E[x | z], as `keras.Model.export` does, with a variable batch size.

        For signatures that encode, generate and score, and for checks, see `keras_vae.serving.export`.

        Args:
            filepath: as in Keras.
            format: as in Keras, such as `"tf_saved_model"` or `"onnx"`.
            verbose: as in Keras.
            input_signature: as in Keras. None uses float32 examples `(None, *event_shape)`, and for a conditional model
                a list of examples and conditions.
            **kwargs: as in Keras.
        """
        if input_signature is None:
            inputs = keras.InputSpec(shape=(None, *self.event_shape), dtype="float32")
            if self.condition is not None and not self.infers_condition:
                example = self.condition.example(1)
                inputs = [inputs, keras.InputSpec(shape=(None, *example.shape[1:]), dtype=example.dtype.name)]
            input_signature = [inputs]
        super().export(filepath, format, verbose, input_signature, **kwargs)

    @compiled_method
    def _posterior_parameters(self, x, condition):
        return self.posterior_parameters(x, self._as_vector(condition))

    @compiled_method
    def _likelihood_parameters(self, z, condition):
        return self.likelihood_parameters(z, self._as_vector(condition))

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

    def _as_vector(self, condition):
        return None if condition is None else self.condition_of(condition)

    def log_weights(self, trace: Trace) -> tf.Tensor:
        """The log-weights log p(x, z) - log q(z | x) of the samples z of a trace, in nats, shape `(S, B)`."""
        return log_weights(trace)

    def _center(self) -> tf.Tensor:
        """The mean of the prior, or the mean of samples if it has no closed form."""
        prior = self.prior_distribution()
        try:
            return prior.mean()
        except NotImplementedError:
            return tf.reduce_mean(prior.sample(1000, seed=as_seed(0)), axis=0)

    def _check_bound(self, x):
        if not self.has_density:
            raise InvalidInputError(
                f"{self.name}: it has no likelihood bound, because its posterior or prior has no density; use a VAE."
            )
        return check_new_examples(self, x)

    def batch_size_for(self, batch_size: int | None = None) -> int:
        """`batch_size`, or a value derived from the size of an example if it is None."""
        if batch_size is None:
            return max(16, NUMBERS // max(math.prod(self.event_shape), math.prod(self.latent_shape)))
        return check_integer("batch_size", batch_size)

    def _seeds(self, seed):
        return tf.unstack(tf.random.split(self.sampling.next_seed() if seed is None else as_seed(check_seed(seed))))

    def _expected(self, z, condition, batch_size=None):
        return self.decode(z, condition=condition, batch_size=batch_size).mean().numpy()

    def _drawn(self, z, condition, draw, seed, batch_size):
        if draw not in ("mean", "sample"):
            raise InvalidInputError(f"draw must be 'mean' or 'sample'; got {draw!r}.")
        likelihood = self.decode(z, condition=condition, batch_size=batch_size)
        return (likelihood.mean() if draw == "mean" else likelihood.sample(seed=seed)).numpy()

    def _paths(self, codes, condition):
        rows, steps = codes.shape[:2]
        conditions = self.check_conditions(condition, rows)
        conditions = None if conditions is None else np.repeat(conditions, steps, axis=0)
        codes = tf.reshape(codes, (-1, *self.latent_shape))
        return self._expected(codes, conditions).reshape(rows, steps, *self.event_shape)


def _extras(condition):
    return {} if condition is None else {"y": condition}


def _vector(name: str, values: Any, kinds: str) -> np.ndarray:
    try:
        vector = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"traverse: {name} must be a list of finite numbers; {error}.") from error
    if vector.dtype.kind == "f":
        with np.errstate(over="ignore"):  # a number that float32 does not have becomes infinity
            vector = vector.astype("float32")
    if vector.ndim != 1 or len(vector) == 0 or vector.dtype.kind not in kinds or not np.isfinite(vector).all():
        raise InvalidInputError(f"traverse: {name} must be a list of finite numbers; got {values!r}.")
    return vector


def in_batches(function: Callable[..., Any], batch_size: int, x: np.ndarray, *others: np.ndarray | None) -> Any:
    """Applies `function` to the fewest batches of at most `batch_size` rows; their lengths differ by at most one."""
    pieces = math.ceil(len(x) / batch_size)
    columns = [[None] * pieces if array is None else np.array_split(array, pieces) for array in (x, *others)]
    parts = [function(*row) for row in zip(*columns, strict=True)]
    return parts[0] if len(parts) == 1 else tf.nest.map_structure(lambda *part: tf.concat(part, axis=0), *parts)
