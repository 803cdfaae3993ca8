"""Discrete codes: the nearest entries of a learned codebook."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer
from keras_vae.distributions.head import Head
from keras_vae.distributions.own_distribution import OwnDistribution
from keras_vae.errors import InvalidInputError
from keras_vae.random import fold
from keras_vae.replicas import of_first
from keras_vae.serialization import register
from keras_vae.trace import Trace

tfd = tfp.distributions

REVIVAL_NOISE = 1_000_033


class Quantized(OwnDistribution):
    """All probability on the code nearest to each vector; events are the code's vectors `(*positions, D)`.

    The probability of that code is 1, so `log_prob` is 0 and the entropy too. Draws pass their gradient straight
    through to the vectors.

    Args:
        vectors: what the encoder gives, `(..., *positions, D)`.
        codebooks: one codebook per level, `(L, K, D)`; each after the first quantises what is left.
    """

    def __init__(self, vectors, codebooks, event_ndims, name="Quantized"):
        parameters = dict(locals())
        self.vectors, self.codebooks, self.event_ndims = vectors, codebooks, event_ndims
        left, indices, entries, targets = vectors, [], [], []
        for codebook in tf.unstack(codebooks):
            index = nearest(left, codebook)
            entry = tf.gather(codebook, index)
            indices.append(index)
            entries.append(entry)
            targets.append(left)
            left = left - tf.stop_gradient(entry)
        self.indices = tf.stack(indices, axis=-1)  # (..., *positions, L)
        self.levels = list(zip(targets, entries, strict=True))
        self.quantized = tf.add_n(entries)
        super().__init__(parameters, name=name)

    def _straight_through(self):
        # The difference is exactly 0, so the value is exactly an entry; its gradient is that of the vectors.
        return tf.stop_gradient(self.quantized) + (self.vectors - tf.stop_gradient(self.vectors))

    def _sample_n(self, n, seed=None):
        return tf.repeat(self._straight_through()[None], n, axis=0)

    def _log_prob(self, z):
        return tf.zeros(tf.shape(z)[: tf.rank(z) - self.event_ndims])

    def _mean(self):
        return self._straight_through()

    def _mode(self):
        return self._straight_through()

    def _variance(self):
        return tf.zeros_like(self.vectors)

    def _stddev(self):
        return tf.zeros_like(self.vectors)

    def _entropy(self):
        return tf.zeros(self._batch_shape_tensor())

    def _batch_shape(self):
        return self.vectors.shape[: -self.event_ndims]

    def _batch_shape_tensor(self, **_):
        return tf.shape(self.vectors)[: -self.event_ndims]

    def _event_shape(self):
        return self.vectors.shape[-self.event_ndims :]

    def _event_shape_tensor(self, **_):
        return tf.shape(self.vectors)[-self.event_ndims :]

    def __getitem__(self, rows):
        return Quantized(self.vectors[rows], self.codebooks, self.event_ndims)


class Embedded(OwnDistribution):
    """The codes' vectors, where the codes follow a distribution over integers.

    `log_prob` needs the integers behind a vector. With several levels, the greedy search for them may find others than
    those that a posterior has chosen; `chosen` names these.

    Args:
        codes: a distribution over integers `(*positions, L)`, or `(*positions)` for a single level.
        codebooks: `(L, K, D)`.
        chosen: integers `(..., *positions, L)` that `log_prob` takes wherever they are as near to its vectors as what
            the search finds; None for the search alone.
    """

    def __init__(self, codes, codebooks, chosen=None, name="Embedded"):
        parameters = dict(locals())
        self.codes, self.codebooks, self.chosen = codes, codebooks, chosen
        self.single = codebooks.shape[0] == 1
        self.positions = codes.event_shape if self.single else codes.event_shape[:-1]
        super().__init__(parameters, name=name)

    @property
    def sample_runs_network(self):
        return getattr(self.codes, "sample_runs_network", False)

    def embed(self, indices):
        """The vectors of integer codes `(..., *positions, L)`."""
        return embed(indices, self.codebooks)

    def log_prob_of(self, indices):
        """The log-probability of integer codes `(..., *positions, L)`."""
        return self.codes.log_prob(indices[..., 0] if self.single else indices)

    def _sample_n(self, n, seed=None):
        codes = self.codes.sample(n, seed=seed)
        return self.embed(codes[..., None] if self.single else codes)

    def _log_prob(self, z):
        found = Quantized(z, self.codebooks, len(self.positions) + 1)
        if self.chosen is None:
            return self.log_prob_of(found.indices)
        chosen = tf.broadcast_to(self.chosen, tf.shape(found.indices))
        errors = [tf.reduce_sum((z - vectors) ** 2, axis=-1) for vectors in (self.embed(chosen), found.quantized)]
        return self.log_prob_of(tf.where((errors[0] <= errors[1])[..., None], chosen, found.indices))

    def _batch_shape(self):
        return self.codes.batch_shape

    def _event_shape(self):
        return tf.TensorShape([*self.positions, self.codebooks.shape[-1]])


@tfd.RegisterKL(Quantized, Embedded)
def _kl_of_codes(posterior, prior, name=None):
    """KL(one code || p(codes)) = -log p(code)."""
    return -prior.log_prob_of(posterior.indices)


@register
class VectorQuantizer(Head):
    """A discrete posterior: each of the positions of the code is replaced by the nearest entry of a codebook.

        z = e_k,  k = argmin_j |f(x) - e_j|

    The gradient passes straight through to the encoder. With several `levels`, each further codebook quantises what
    the ones before have left over (residual quantisation). Codes have probabilities, so with a prior over codes there
    is an ELBO: log p(x | z) + log p(k).

    Entries that are chosen less than `revive_below` times a step, on a running mean, move to vectors of the batch;
    at the first step all do, which spreads the codebook over the data.

    Args:
        event_shape: `(*positions, D)`, such as `(7, 7, 16)`: D numbers for each of 7x7 codes.
        codes: number K of entries of a codebook.
        levels: number of codebooks.
        codebook_update: `"ema"` for entries that follow the running mean of what chose them (statistics are summed
            over replicas); `"gradient"` for entries trained by `CodebookLoss`.
        decay: of the running means.
        revive_below: 0 switches the revival off (but not the start from data).
        flatten: whether the decoder sees the vectors side by side, `(positions * D,)`, as a dense one does.
        project: see `Head`.

    Raises:
        InvalidInputError: for less than 2 codes or any other argument out of its range.

    Example:

    >>> head = VectorQuantizer((3, 4), codes=8)
    >>> head.distribution(head(tf.ones((2, 16)))).indices.shape
    TensorShape([2, 3, 1])

    References: van den Oord, Vinyals & Kavukcuoglu, 2017, https://arxiv.org/abs/1711.00937; running means: Razavi et
    al., 2019, https://arxiv.org/abs/1906.00446; levels and revival: Zeghidour et al., 2021,
    https://arxiv.org/abs/2107.03312
    """

    parameters = ("vectors",)
    support = "codes"

    def __init__(
        self,
        event_shape,
        *,
        codes: int = 128,
        levels: int = 1,
        codebook_update: str = "ema",
        decay: float = 0.99,
        revive_below: float = 0.01,
        flatten: bool = False,
        **kwargs,
    ):
        super().__init__(event_shape, **kwargs)
        if len(self.event_shape) < 2:
            raise InvalidInputError(
                f"VectorQuantizer: event_shape must be (*positions, D), such as (7, 7, 16); got {event_shape!r}."
            )
        self.codes = check_integer("VectorQuantizer: codes", codes, least=2)
        self.levels = check_integer("VectorQuantizer: levels", levels)
        if codebook_update not in ("ema", "gradient"):
            raise InvalidInputError(
                f"VectorQuantizer: codebook_update must be 'ema' or 'gradient'; got {codebook_update!r}."
            )
        if not (_is_number(decay) and 0 <= decay < 1):
            raise InvalidInputError(f"VectorQuantizer: decay must lie in [0, 1); got {decay!r}.")
        if not (_is_number(revive_below) and 0 <= revive_below < math.inf):
            raise InvalidInputError(f"VectorQuantizer: revive_below must be a number >= 0; got {revive_below!r}.")
        self.codebook_update = codebook_update
        self.decay = decay
        self.revive_below = revive_below
        self.flatten = flatten

    def build(self, features_shape):
        super().build(features_shape)
        shape = (self.levels, self.codes, self.event_shape[-1])

        def weight(name, shape, initializer, trainable=False):
            return self.add_weight(
                name=name, shape=shape, initializer=initializer, trainable=trainable, aggregation="only_first_replica"
            )

        start = keras.initializers.RandomUniform(-1 / self.codes, 1 / self.codes)
        self.codebooks = weight("codebooks", shape, start, trainable=self.codebook_update == "gradient")
        self.counts = weight("counts", shape[:2], "zeros")
        self.sums = weight("sums", shape, "zeros")
        self.started = weight("started", (), "zeros")

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> Quantized:
        return Quantized(parameters["vectors"], tf.convert_to_tensor(self.codebooks), len(self.event_shape))

    @property
    def prior_shape(self) -> tuple[int, ...]:
        positions = self.event_shape[:-1]
        return positions if self.levels == 1 else (*positions, self.levels)

    def check_prior(self, prior: keras.layers.Layer) -> None:
        categories = getattr(prior, "categories", self.codes)
        if categories != self.codes:
            raise InvalidInputError(
                f"prior: {type(prior).__name__} has {categories} categories, but the posterior VectorQuantizer has "
                f"{self.codes} codes; give both as many."
            )

    def codes_of(self, prior: tfd.Distribution) -> Embedded:
        return Embedded(prior, tf.convert_to_tensor(self.codebooks))

    @property
    def decoder_input_shape(self) -> tuple[int, ...]:
        return (math.prod(self.event_shape),) if self.flatten else self.event_shape

    def decoder_input(self, z: tf.Tensor) -> tf.Tensor:
        return tf.reshape(z, (-1, *self.decoder_input_shape))

    def embed(self, codes: tf.Tensor) -> tf.Tensor:
        """The vectors `(..., *event_shape)` of integer codes `(..., *positions, levels)`."""
        return embed(codes, tf.convert_to_tensor(self.codebooks))

    def latents(self, posterior, prior, z):
        if prior is not None and self.levels > 1:
            prior = Embedded(prior.codes, prior.codebooks, posterior.indices)
        return super().latents(posterior, prior, z)

    def statistics(self, trace: Trace) -> dict[str, tf.Tensor]:
        posterior = trace.latents[0].posterior
        counts, sums, candidates = [], [], []
        number = tf.size(posterior.vectors) // self.event_shape[-1]
        shape, seed = (self.levels, self.codes), fold(trace.seed, REVIVAL_NOISE)
        rows = tf.random.stateless_uniform(shape, seed, maxval=number, dtype=tf.int32)
        weights = tf.ones(tf.shape(trace.x)[:1]) if trace.weights is None else trace.weights
        weights = tf.repeat(weights, number // tf.maximum(tf.size(weights), 1), axis=0)  # of each vector, (N,)
        rows = tf.cond(tf.reduce_all(weights > 0.0), lambda: rows, lambda: _among(weights > 0.0, rows))
        for level, (vectors, _) in enumerate(posterior.levels):
            vectors = tf.reshape(tf.stop_gradient(vectors), (-1, self.event_shape[-1]))
            chosen = tf.one_hot(tf.reshape(posterior.indices[..., level], (-1,)), self.codes)  # (N, K)
            chosen *= weights[:, tf.newaxis]
            counts.append(tf.reduce_sum(chosen, axis=0))
            sums.append(tf.matmul(chosen, vectors, transpose_a=True))
            candidates.append(of_first(tf.gather(vectors, rows[level])))
        return {"counts": tf.stack(counts), "sums": tf.stack(sums), "candidates": tf.stack(candidates)}

    def update(self, statistics: Mapping[str, tf.Tensor], seed: tf.Tensor) -> None:
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
        self.codebooks.assign(tf.where(dead[..., None], candidates, entries))
        self.counts.assign(tf.where(dead, 1.0, counts))
        self.sums.assign(tf.where(dead[..., None], candidates, sums))
        self.started.assign(1.0)

    def _residuals(self, vectors: tf.Tensor) -> tf.Tensor:
        """Codebooks `(L, K, D)` to start from: each of its row of `vectors`, less what the ones before quantise."""
        books = []
        for level in range(self.levels):
            books.append(vectors[level])
            vectors = vectors - tf.gather(books[-1], nearest(vectors, books[-1]))
        return tf.stack(books)

    def get_config(self):
        return {
            **super().get_config(),
            "codes": self.codes,
            "levels": self.levels,
            "codebook_update": self.codebook_update,
            "decay": self.decay,
            "revive_below": self.revive_below,
            "flatten": self.flatten,
        }


def _among(valid: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """The numbers `rows` as indices of the places where `valid`, `(N,)`, is true."""
    places = tf.argsort(tf.cast(valid, tf.int32), direction="DESCENDING", stable=True)
    count = tf.reduce_sum(tf.cast(valid, tf.int32))
    return tf.gather(places, rows % tf.maximum(count, 1))


def embed(indices: tf.Tensor, codebooks: tf.Tensor) -> tf.Tensor:
    """The sum over levels of the entries that are named: `(..., L)` and `(L, K, D)` to `(..., D)`."""
    return tf.add_n([tf.gather(book, indices[..., i]) for i, book in enumerate(tf.unstack(codebooks))])


def nearest(vectors: tf.Tensor, codebook: tf.Tensor) -> tf.Tensor:
    """The index of the entry nearest to each vector: `(..., D)` and `(K, D)` to int32 `(...)`."""
    distances = tf.reduce_sum(codebook**2, axis=-1) - 2 * tf.einsum("...d,kd->...k", vectors, codebook)
    return tf.argmin(distances, axis=-1, output_type=tf.int32)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
