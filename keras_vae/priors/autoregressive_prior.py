"""The autoregressive prior over the indices of discrete latents."""

import math
from collections.abc import Callable
from typing import Any, Self

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_seed
from keras_vae.distributions.custom_distribution import CustomDistribution
from keras_vae.errors import InvalidInputError
from keras_vae.layers.compiled_method import compiled_method
from keras_vae.layers.pixel_cnn import PixelCNN
from keras_vae.priors.fit import check_codes, maximize_likelihood
from keras_vae.priors.prior import Prior
from keras_vae.random import fold
from keras_vae.serialization import register

tfd = tfp.distributions


class AutoregressiveCodes(CustomDistribution):
    """p(k) = prod_i p(k_i | k_<i), over grids of integers; batch shape `()`.

    Args:
        prior: the `AutoregressivePrior` whose network it uses.
    """

    sample_runs_network = True

    def __init__(self, prior: "AutoregressivePrior", name: str = "AutoregressiveCodes"):
        parameters = dict(locals())
        self.prior = prior
        super().__init__(parameters, dtype=tf.int32, name=name)

    @classmethod
    def _parameter_properties(cls, dtype, num_classes=None):
        return {}

    def _log_prob(self, codes):
        event = self.prior.event_shape
        batch = tf.shape(codes)[: tf.rank(codes) - len(event)]
        codes = tf.reshape(tf.cast(codes, tf.int32), (-1, *self.prior.grid))
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=codes, logits=self.prior.logits(codes))
        return tf.reshape(-tf.reduce_sum(nats, axis=[1, 2]), batch)

    def _sample_n(self, n, seed=None):
        codes = self.prior.draws(tf.convert_to_tensor(n), tfp.random.sanitize_seed(seed))
        return tf.reshape(codes, tf.concat([[n], self.prior.event_shape], axis=0))

    def _batch_shape(self):
        return tf.TensorShape([])

    def _batch_shape_tensor(self, **_):
        return tf.constant([], tf.int32)

    def _event_shape(self):
        return tf.TensorShape(self.prior.event_shape)

    def _event_shape_tensor(self, **_):
        return tf.constant(self.prior.event_shape)


@register
class AutoregressivePrior(Prior):
    """An autoregressive prior over grids of indices k_i from 0 to `categories` - 1, by a `PixelCNN`.

        log p(k) = sum_i log softmax(f(k_1, ..., k_(i-1)))[k_i]

    Each index and each position has a learned embedding. The order of a grid is row by row; all levels of a position
    precede the next position. Train the prior with the model, or `fit` it to the indices of a trained model. Sampling
    takes one pass of the network per index.

    Args:
        event_shape: shape of one grid of indices: `(n,)`, `(h, w)`, or `(h, w, levels)`; at least two indices.
        categories: number of values of an index, such as the size of the codebook.
        layers: number of gated layers.
        filters: width of the network and of both embeddings.
        kernel_size: side of the kernels; odd, at least 3.
        seed: seed of the initial weights. None draws one.

    Raises:
        InvalidInputError: if `event_shape` has another form, or a number is out of its range.

    Example:

    >>> prior = AutoregressivePrior((4, 4), categories=8, layers=2, filters=4)
    >>> codes = prior.distribution().sample(3, seed=(0, 1))
    >>> codes.shape, prior.distribution().log_prob(codes).shape
    (TensorShape([3, 4, 4]), TensorShape([3]))

    References: van den Oord, Vinyals & Kavukcuoglu, 2017, https://arxiv.org/abs/1711.00937; van den Oord et al.,
    2016, https://arxiv.org/abs/1606.05328
    """

    support = "codes"

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        categories: int,
        layers: int = 4,
        filters: int = 32,
        kernel_size: int = 5,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        if len(self.event_shape) > 3 or math.prod(self.event_shape) < 2:
            raise InvalidInputError(
                f"AutoregressivePrior: event_shape must be (n,), (h, w) or (h, w, levels), two codes or more; "
                f"got {event_shape!r}; use CategoricalPrior for other codes."
            )
        self.categories = check_integer("AutoregressivePrior: categories", categories, least=2)
        self.layers = layers
        self.filters = check_integer("AutoregressivePrior: filters", filters)
        self.kernel_size = kernel_size
        self.seed = None if seed is None else check_seed(seed)
        self.network = PixelCNN(
            (*self.grid, filters),
            self.categories,
            filters=filters,
            layers=layers,
            kernel_size=kernel_size,
            context_dim=filters,
            seed=seed,
            dtype="float32",
            name="pixel_cnn",
        )
        self.embedding = self._vectors("embedding", (self.categories, filters))
        self.positions = self._vectors("positions", (*self.grid, filters))

    def _vectors(self, name, shape):
        start = keras.initializers.RandomNormal(stddev=1.0 if name == "embedding" else 0.1, seed=self.seed)
        return self.add_weight(shape=shape, initializer=start, name=name)

    @property
    def grid(self) -> tuple[int, int]:
        """The height and width of the grid of the network: levels side by side, a sequence as a column."""
        rows = self.event_shape[0]
        columns = math.prod(self.event_shape[1:])
        return (columns, 1) if rows == 1 else (rows, columns)

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> AutoregressiveCodes:
        return AutoregressiveCodes(self)

    def logits(self, codes: tf.Tensor) -> tf.Tensor:
        """The logits of each index given the preceding ones: int32 `(N, *grid)` to `(N, *grid, categories)`."""
        return self.network(self._embed(codes), self._context())

    def draws(self, n: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """`n` samples from p(k), int32 `(n, *grid)`."""
        return (self._compiled_draws if tf.executing_eagerly() else self._draws)(n, seed)

    def _draws(self, n, seed):
        def draw(logits, position):
            return tfd.Categorical(logits=logits, dtype=tf.int32).sample(seed=fold(seed, position))[:, None]

        def embed(codes):
            return self._embed(codes[..., 0])

        start = tf.zeros(tf.concat([[n], self.grid, [1]], axis=0), tf.int32)
        return self.network.rollout(draw, start, self._context(), embed=embed)[..., 0]

    _compiled_draws = compiled_method(_draws)

    def _embed(self, codes):
        return tf.gather(tf.convert_to_tensor(self.embedding), codes)

    def _context(self):
        return tf.convert_to_tensor(self.positions)[None]

    @classmethod
    def fit(
        cls,
        codes: Any,
        *,
        categories: int,
        epochs: int = 30,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        validation_split: float = 0.1,
        seed: int = 0,
        verbose: int = 1,
        **options: Any,
    ) -> Self:
        """Fits a new prior to indices, such as those of a trained VQ-VAE, by maximum likelihood.

        Adam with a cosine decay minimises the negative log-likelihood. Part of the indices is held out, and the weights
        of the epoch with the best likelihood on it are kept. The same arguments give the same prior.

        Args:
            codes: integers from 0 to `categories` - 1, `(N, *event_shape)`.
            categories: see the class.
            epochs: number of passes over the indices.
            batch_size: number of grids in a batch.
            learning_rate: initial learning rate; it decays to 0.
            validation_split: fraction that is held out; 0 keeps the last weights.
            seed: seed of the initial weights, the order and the split.
            verbose: 1 shows a progress bar.
            **options: other arguments of the class, such as `layers` and `filters`.

        Raises:
            InvalidInputError: if the indices are not such integers, if there are fewer than two grids, or if a number
                is out of its range.

        Example:

        >>> codes = np.random.default_rng(0).integers(0, 8, (100, 4, 4))
        >>> prior = AutoregressivePrior.fit(codes, categories=8, epochs=1, layers=1, filters=4, verbose=0)
        """
        codes = check_codes(cls.__name__, codes)
        prior = cls(codes.shape[1:], categories=categories, seed=seed, **options)
        if codes.min() < 0 or codes.max() >= categories or (codes % 1).any():
            raise InvalidInputError(
                f"{cls.__name__}.fit: codes must be integers from 0 to {categories - 1}; got numbers from "
                f"{codes.min():g} to {codes.max():g}; pass the indices of the codes, and as many categories."
            )
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
