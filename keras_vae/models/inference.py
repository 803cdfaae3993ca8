"""The methods of a trained model: latents, reconstructions, samples, interpolations and traversals."""

import os
from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.layers.compiled_method import compiled_method
from keras_vae.models.batched_methods import BatchedMethods, map_batches
from keras_vae.models.data_range import check_units
from keras_vae.models.inputs import as_numbers, check_codes, check_shape, check_values, to_tensor
from keras_vae.random import as_seed

tfd = tfp.distributions

MOST_TRAVERSED = 2**29  # numbers in the latents of all traversals


class Inference(BatchedMethods):
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
        return self.posterior.distribution(map_batches(parameters, self.batch_size_for(batch_size), x, condition))

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
        parameters = map_batches(self._likelihood_parameters, self.batch_size_for(batch_size), z, condition)
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

    def impute(
        self,
        x: Any,
        *,
        condition: Any = None,
        draw: Literal["mean", "sample"] = "mean",
        seed: int | None = None,
        batch_size: int | None = None,
    ) -> np.ndarray:
        """Returns examples whose missing values are those of a reconstruction, `(N, *event_shape)`.

        All other values stay as they are. The likelihood must allow missing values, see `kv.Masked`.

        Args:
            x: examples `(N, *event_shape)`, NaN for a missing value.
            condition: see `reconstruct`.
            draw: `"mean"` for the expected values, and `"sample"` for random ones; repeat it for several imputations.
            seed: see `reconstruct`.
            batch_size: see `reconstruct`.

        Raises:
            InvalidInputError: if the examples, the conditions or an option cannot be used, or if the likelihood does
                not allow missing values.

        Example:

        >>> model = kv.zoo.masked_vae((2,), 1, units=(4,), seed=0)
        >>> imputed = model.impute(np.array([[1.0, np.nan], [np.nan, 0.0]]))
        >>> imputed[0, 0].item(), bool(np.isnan(imputed).any())
        (1.0, False)
        """
        if not self.likelihood.allows_missing:
            raise InvalidInputError(
                f"impute: expected a likelihood for missing values, got {type(self.likelihood).__name__}; wrap it as "
                "kv.Masked(event_shape, base=...), as the recipe masked_vae does."
            )
        options = {"condition": condition, "draw": draw, "seed": seed, "batch_size": batch_size}
        reconstructed, known = self.reconstruct(x, **options), self.prepare(x).numpy()
        return np.where(np.isnan(known), reconstructed, known)

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

    def _as_vector(self, condition):
        return None if condition is None else self.condition_of(condition)

    def _center(self) -> tf.Tensor:
        """The mean of the prior, or the mean of samples if it has no closed form."""
        prior = self.prior_distribution()
        try:
            return prior.mean()
        except NotImplementedError:
            return tf.reduce_mean(prior.sample(1000, seed=as_seed(0)), axis=0)

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
