"""The examples whose latents are nearest to those of another example."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import check_integer
from keras_vae.distributions import DiscretePosterior
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.examples import read_examples
from keras_vae.evaluation.latent import condition_of
from keras_vae.models import Autoencoder
from keras_vae.progress import progress


class Nearest(NamedTuple):
    """Examples in the order of their distance, for N queries.

    Attributes:
        indices: indices of the examples, `(N, count)`.
        distances: their distances, `(N, count)`.

    Example:

    >>> found = nearest([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]], count=1)
    >>> found.indices.tolist(), found.distances.tolist()
    ([[1]], [[1.0]])
    """

    indices: np.ndarray
    distances: np.ndarray


def nearest(queries: Any, codes: Any = None, count: int = 8) -> Nearest:
    """Finds the latents that are nearest to each query, by their Euclidean distance.

    Divide posterior means by the noise of the posterior, see `codes_of`: differences that the model resolves finely
    then count more, and dimensions that it does not use do not count. Otherwise dimensions that hardly change an
    example count as much as the others.

    Args:
        queries: latents `(N, D)`.
        codes: latents `(M, D)` that are searched. None searches the queries, without the query itself.
        count: number of examples for each query.

    Raises:
        InvalidInputError: if the shapes differ, if values are not finite, or if there are fewer than `count` others.

    Example:

    >>> nearest([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]], count=2)
    Nearest(indices=array([[1, 0]]), distances=array([[1., 5.]]))
    """
    from sklearn.neighbors import NearestNeighbors

    queries, same = np.asarray(queries, "float64"), codes is None
    codes = queries if same else np.asarray(codes, "float64")
    for part, values in (("queries", queries), ("codes", codes)):
        if values.ndim != 2 or values.shape[1] != codes.shape[-1] or not np.isfinite(values).all():
            raise InvalidInputError(f"{part}: expected finite numbers of shape (N, D), got shape {values.shape}.")
    count, most = check_integer("count", count), len(codes) - same
    if count > most:
        raise InvalidInputError(f"count: expected at most {most}, the number of other examples, got {count}.")
    distances, indices = NearestNeighbors().fit(codes).kneighbors(None if same else queries, count)
    return Nearest(indices, distances)


class Codes(NamedTuple):
    """The latents of N examples; maps of latents are flattened.

    Attributes:
        means: means of q(z | x), `(N, D)`.
        noise: root of the mean variance of q(z | x) over the examples, `(D,)`; 1 for posteriors without one.

    Example:

    >>> codes = Codes(np.array([[2.0, 0.5]]), np.array([0.5, 1.0]))
    >>> (codes.means / codes.noise).tolist()
    [[4.0, 0.5]]
    """

    means: np.ndarray
    noise: np.ndarray


def codes_of(model: Autoencoder, x: Any, y: Any = None, *, what: str = "Encoding", verbose: int = 0) -> Codes:
    """Encodes examples batch by batch.

    Args:
        model: a model with a continuous posterior.
        x: examples `(N, *event_shape)`, or a `LazyArray`, which is read in parts.
        y: their conditions, for a conditional model.
        what: name of the work, for the progress.
        verbose: 1 shows the progress and the time left, if the work is long.

    Raises:
        InvalidInputError: if the examples cannot be used, or if the latents are discrete.

    Example:

    >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
    >>> codes_of(model, x).means.shape
    (180, 8)
    """
    if isinstance(model.posterior, DiscretePosterior):
        raise InvalidInputError(
            f"{model.name}: expected continuous latents, got {type(model.posterior).__name__}; use another model."
        )
    means, variance = [], 0.0
    for posterior in posteriors(model, x, y, what=what, verbose=verbose):
        found = posterior.mean().numpy()
        means.append(found.reshape(len(found), -1))
        variance += _variance(posterior).reshape(len(found), -1).sum(axis=0, dtype="float64")
    noise = np.sqrt(variance / len(x))
    return Codes(np.concatenate(means), np.where(noise > 0, noise, 1.0))


def posteriors(model: Autoencoder, x: Any, y: Any = None, *, what: str, verbose: int = 0) -> Iterator[Any]:
    """Encodes examples batch by batch, and yields the posterior of each batch; for the arguments, see `codes_of`."""
    batch = model.batch_size_for()
    for start in progress(range(0, len(x), batch), -(-len(x) // batch), what, verbose=verbose):
        rows = np.asarray(x[start : start + batch])
        examples = read_examples(model, rows if y is None else (rows, y[start : start + batch]))
        condition = model.inferred_conditions(examples.x, condition_of(model, examples.y))
        yield model.encode(examples.x, condition=condition)


def _variance(posterior):
    try:
        return posterior.variance().numpy()
    except NotImplementedError:
        return np.zeros(posterior.mean().shape)
