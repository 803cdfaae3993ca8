"""Vector quantization with a learned codebook."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import check_number
from keras_vae.distributions.discrete_posterior import DiscretePosterior
from keras_vae.errors import InvalidInputError
from keras_vae.random import fold
from keras_vae.replicas import of_first
from keras_vae.serialization import register
from keras_vae.trace import Trace

REVIVAL_NOISE = 1_000_033

MOST_DISTANCES = 2**26
"""Distances from vectors to entries that are computed at once, outside of a graph: 256 MB."""


@register
class VectorQuantizer(DiscretePosterior):
    """Vector quantization: replaces the vector at each position by the nearest entry of a codebook.

        z = e_k,  k = argmin_j |f(x) - e_j|

    The straight-through estimator passes the gradient to the encoder. With several `levels`, each codebook quantizes
    the residual of the previous ones (residual quantization).

    Entries that are used less than `revive_below` times per step, in a moving average, are replaced by vectors of the
    batch. In the first step, all entries are replaced, which distributes the codebook over the data, unless
    `fit_codebooks` has done so.

    Args:
        event_shape: `(*positions, D)`, such as `(7, 7, 16)` for 7x7 codes of length D = 16.
        codebook_size: number K of entries in a codebook.
        codebook_update: `"ema"` for moving averages of the vectors that are assigned to each entry, with statistics
            over all replicas; `"gradient"` for entries trained by `CodebookLoss`.
        decay: decay of the moving averages.
        revive_below: threshold for the replacement of unused entries. 0 disables it, except in the first step.
        **kwargs: `levels`, the number of codebooks, and `flatten`, see `DiscretePosterior`; `project`, see
            `DistributionLayer`.

    Raises:
        InvalidInputError: for a `codebook_size` below 2, or if another argument is out of range.

    Example:

    >>> posterior = VectorQuantizer((3, 4), codebook_size=8)
    >>> posterior.distribution(posterior(tf.ones((2, 16)))).indices.shape
    TensorShape([2, 3, 1])

    References: van den Oord, Vinyals & Kavukcuoglu, 2017, https://arxiv.org/abs/1711.00937; moving averages: Razavi et
    al., 2019, https://arxiv.org/abs/1906.00446; levels and revival: Zeghidour et al., 2021,
    https://arxiv.org/abs/2107.03312
    """

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        codebook_size: int = 128,
        codebook_update: str = "ema",
        decay: float = 0.99,
        revive_below: float = 0.01,
        **kwargs: Any,
    ):
        super().__init__(event_shape, codebook_size=codebook_size, **kwargs)
        if codebook_update not in ("ema", "gradient"):
            raise InvalidInputError(
                f"VectorQuantizer: codebook_update must be 'ema' or 'gradient'; got {codebook_update!r}."
            )
        self.codebook_update = codebook_update
        self.decay = check_number("VectorQuantizer: decay", decay, least=0, below=1)
        self.revive_below = check_number("VectorQuantizer: revive_below", revive_below, least=0)

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        super().build(features_shape)
        shape = (self.levels, self.codebook_size, self.event_shape[-1])

        def weight(name, shape, initializer, trainable=False):
            return self.add_weight(
                name=name, shape=shape, initializer=initializer, trainable=trainable, aggregation="only_first_replica"
            )

        start = keras.initializers.RandomUniform(-1 / self.codebook_size, 1 / self.codebook_size)
        self.codebooks = weight("codebooks", shape, start, trainable=self.codebook_update == "gradient")
        self.counts = weight("counts", shape[:2], "zeros")
        self.sums = weight("sums", shape, "zeros")
        self.started = weight("started", (), "zeros")

    def quantize_vectors(self, vectors: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        left, indices, entries = vectors, [], []
        for codebook in tf.unstack(tf.convert_to_tensor(self.codebooks)):
            indices.append(nearest(left, codebook))
            entries.append(tf.gather(codebook, indices[-1]))
            left = left - tf.stop_gradient(entries[-1])
        return tf.stack(indices, axis=-1), entries

    def embed(self, indices: tf.Tensor) -> tf.Tensor:
        codebooks = tf.unstack(tf.convert_to_tensor(self.codebooks))
        return tf.add_n([tf.gather(codebook, indices[..., level]) for level, codebook in enumerate(codebooks)])

    def statistics(self, trace: Trace) -> dict[str, tf.Tensor]:
        posterior = trace.latents[0].posterior
        counts, sums, candidates = [], [], []
        number = tf.size(posterior.vectors) // self.event_shape[-1]
        shape, seed = (self.levels, self.codebook_size), fold(trace.seed, REVIVAL_NOISE)
        rows = tf.random.stateless_uniform(shape, seed, maxval=tf.maximum(number, 1), dtype=tf.int32)
        weights = tf.ones(tf.shape(trace.x)[:1]) if trace.weights is None else trace.weights
        weights = tf.repeat(weights, number // tf.maximum(tf.size(weights), 1), axis=0)  # of each vector, (N,)
        rows = tf.cond(tf.reduce_all(weights > 0.0), lambda: rows, lambda: _among(weights > 0.0, rows))
        for level, (vectors, _) in enumerate(posterior.levels):
            vectors = tf.reshape(tf.stop_gradient(vectors), (-1, self.event_shape[-1]))
            one_hot = tf.one_hot(tf.reshape(posterior.indices[..., level], (-1,)), self.codebook_size)  # (N, K)
            one_hot *= weights[:, tf.newaxis]
            counts.append(tf.reduce_sum(one_hot, axis=0))
            sums.append(tf.matmul(one_hot, vectors, transpose_a=True))
            vectors = tf.pad(vectors, [[0, tf.maximum(1 - number, 0)], [0, 0]])  # a row also in an empty batch
            candidates.append(of_first(tf.gather(vectors, rows[level])))
        return {"counts": tf.stack(counts), "sums": tf.stack(sums), "candidates": tf.stack(candidates)}

    def update(self, statistics: Mapping[str, tf.Tensor], seed: tf.Tensor) -> tf.Tensor:
        first = tf.equal(tf.convert_to_tensor(self.started), 0.0)
        decay = tf.where(first, 0.0, self.decay)
        counts = decay * self.counts + (1 - decay) * statistics["counts"]
        sums = decay * self.sums + (1 - decay) * statistics["sums"]
        dead = first | (counts < self.revive_below)
        entries = tf.convert_to_tensor(self.codebooks)
        if self.codebook_update == "ema":
            used = counts[..., None] > 1e-6
            entries = tf.where(used, sums / tf.where(used, counts[..., None], 1.0), entries)
        candidates = statistics["candidates"]
        if self.levels > 1:
            candidates = tf.cond(first, lambda: self._residuals(candidates), lambda: candidates)
        has_examples = tf.reduce_sum(statistics["counts"]) > 0.0
        for variable, value in (
            (self.codebooks, tf.where(dead[..., None], candidates, entries)),
            (self.counts, tf.where(dead, 1.0, counts)),
            (self.sums, tf.where(dead[..., None], candidates, sums)),
            (self.started, 1.0),
        ):
            variable.assign(tf.where(has_examples, value, variable))
        return tf.reduce_sum(tf.cast(dead & ~first & has_examples, tf.float32))

    def fit_codebooks(self, vectors: np.ndarray) -> None:
        """Sets the codebooks to the centres of clusters of vectors, each to those of what the previous ones leave.

        Args:
            vectors: vectors to quantize, `(..., D)`.
        """
        from sklearn.cluster import MiniBatchKMeans  # takes a second to import

        left = np.asarray(vectors, "float32").reshape(-1, self.event_shape[-1])
        books = []
        for level in range(self.levels):
            clusters = min(self.codebook_size, len(left))
            found = MiniBatchKMeans(clusters, batch_size=4096, max_iter=10, n_init=1, random_state=level).fit(left)
            book = np.resize(found.cluster_centers_.astype("float32"), (self.codebook_size, left.shape[-1]))
            books.append(book)
            left = left - book[found.labels_]
        books = np.stack(books)
        for variable, value in (
            (self.codebooks, books),
            (self.counts, np.ones(books.shape[:2])),
            (self.sums, books),
            (self.started, 1.0),
        ):
            variable.assign(value)

    def _residuals(self, vectors: tf.Tensor) -> tf.Tensor:
        """Returns initial codebooks `(L, K, D)`: rows of `vectors`, minus their quantization by previous levels."""
        books = []
        for level in range(self.levels):
            books.append(vectors[level])
            vectors = vectors - tf.gather(books[-1], nearest(vectors, books[-1]))
        return tf.stack(books)


def _among(valid: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """Maps the numbers `rows` to indices of the positions where `valid`, `(N,)`, is true."""
    places = tf.argsort(tf.cast(valid, tf.int32), direction="DESCENDING", stable=True)
    count = tf.reduce_sum(tf.cast(valid, tf.int32))
    return tf.gather(places, rows % tf.maximum(count, 1))


def nearest(vectors: tf.Tensor, codebook: tf.Tensor) -> tf.Tensor:
    """Returns the index of the nearest entry for each vector: `(..., D)` and `(K, D)` to int32 `(...)`."""
    if tf.executing_eagerly() and (parts := -(-tf.size(vectors[..., 0]).numpy() * len(codebook) // MOST_DISTANCES)) > 1:
        rows = tf.reshape(vectors, (-1, vectors.shape[-1]))
        found = [nearest(tf.constant(part), codebook) for part in np.array_split(rows.numpy(), parts)]
        return tf.reshape(tf.concat(found, axis=0), vectors.shape[:-1])
    distances = tf.reduce_sum(codebook**2, axis=-1) - 2 * tf.einsum("...d,kd->...k", vectors, codebook)
    return tf.argmin(distances, axis=-1, output_type=tf.int32)
