"""Whether samples are copies of training examples."""

from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import as_examples, check_known, pieces, scaled


class DataCopying(NamedTuple):
    """How much nearer samples are to training examples than to as many test examples.

    Attributes:
        share: fraction of samples whose nearest example is a training example, not a test example; ties count half. It
            is one half if the samples are as new as the test examples, and 1 for copies of training examples.
        standard_error: standard deviation of the share if training and test examples are exchanged at random.

    Example:

    >>> train, test = np.zeros((10, 2)), np.ones((10, 2))
    >>> data_copying(train, train, test).share  # the samples are the training examples
    1.0
    """

    share: float
    standard_error: float


def data_copying(samples: Any, train: Any, test: Any, *, exchanges: int = 50, seed: int = 0) -> DataCopying:
    """Compares the distances of samples to the nearest training and test example.

    Both sets have as many examples: those of the larger one that are left over are not used. A blurred sample is near
    to examples of both sets, so blur does not count as copying. The training and test examples must be drawn alike.

    Args:
        samples: samples of a model, `(S, *event_shape)`.
        train: the examples that it was trained on, `(N, *event_shape)`.
        test: other examples, `(M, *event_shape)`.
        exchanges: number of random exchanges of training and test examples, for the standard error.
        seed: seed of the exchanges.

    Raises:
        InvalidInputError: if the shapes differ, or if values are not finite.

    Example:

    >>> data = np.random.default_rng(0).normal(size=(300, 5))
    >>> train, test, new = data[:100], data[100:200], data[200:]
    >>> data_copying(train, train, test).share, abs(data_copying(new, train, test).share - 0.5) < 0.15
    (1.0, True)

    Reference: Meehan, Chaudhuri & Dasgupta, 2020, https://arxiv.org/abs/2004.05675, who compare the distances of
    samples to training examples with those of test examples; blurred samples would count as copies there.
    """
    samples, train, test = (as_examples("data_copying", part) for part in (samples, train, test))
    if not samples.shape[1:] == train.shape[1:] == test.shape[1:]:
        shapes = f"{samples.shape}, {train.shape} and {test.shape}"
        raise InvalidInputError(f"data_copying: expected examples of one shape, got {shapes}.")
    exchanges, rng = check_integer("exchanges", exchanges, least=2), np.random.default_rng(check_seed(seed))
    n = min(len(train), len(test))
    distances = _squared_distances(samples, np.concatenate([train[:n], test[:n]]))
    of_train = np.arange(2 * n) < n
    share = _share(distances, of_train)
    under_exchange = [_share(distances, rng.permutation(of_train)) for _ in range(exchanges)]
    return DataCopying(share, float(np.std(under_exchange)))


def _share(distances, of_train):
    nearest = [distances[:, part].min(axis=1) for part in (of_train, ~of_train)]
    return float(np.mean((nearest[0] < nearest[1]) + 0.5 * (nearest[0] == nearest[1])))


def _squared_distances(samples, examples):
    """Squared distances `(S, N)`, in pieces that are small in memory."""
    from sklearn.metrics.pairwise import euclidean_distances

    found = np.empty((len(samples), len(examples)))
    for rows in pieces(samples):
        own = check_known("data_copying", scaled(samples[rows])).reshape(-1, samples[0].size)
        for columns in pieces(examples):
            others = check_known("data_copying", scaled(examples[columns])).reshape(-1, own.shape[1])
            found[rows, columns] = euclidean_distances(own, others, squared=True)
    return found
