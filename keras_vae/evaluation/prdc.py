"""Precision, recall, density and coverage of samples."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from keras_vae.checks import check_integer
from keras_vae.evaluation.arrays import check_features, pieces

DISTANCES = 2**22  # held at a time
ROUNDING = 1e-13  # of the squared lengths, within which distances count as equal


class PRDC(NamedTuple):
    """The fidelity of samples (precision and density) and their diversity (recall and coverage).

    Attributes:
        precision: fraction of samples in a ball of the data; 0 to 1.
        recall: fraction of the data in a ball of the samples; 0 to 1.
        density: number of balls of the data that contain a sample, divided by k; about 1 for equal distributions.
        coverage: fraction of the data with a sample in their ball; 0 to 1.

    Example:

    >>> prdc(np.eye(4), np.eye(4), neighbours=1).coverage
    1.0
    """

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: np.ndarray, fake: np.ndarray, *, neighbours: int = 5) -> PRDC:
    """Precision, recall, density and coverage of samples, with balls to the k-th nearest neighbour.

        precision = 1/M sum_j [y_j in a B(x_i)]          recall   = 1/N sum_i [x_i in a B(y_j)]
        density   = 1/(k M) sum_j sum_i [y_j in B(x_i)]  coverage = 1/N sum_i [B(x_i) has a y_j]

    B(x_i) is the closed ball around a data point x_i to its k-th nearest data point, and B(y_j) the same for samples.
    An outlier in the data has a large ball, which makes precision too high but hardly affects density. An outlier in
    the samples makes recall too high but does not affect coverage. Equal points have balls of radius 0, which contain
    equal points. For two equal sets, all values are 1 except the density, which is (k + 1) / k, because each point is
    in its own ball.

    Args:
        real: features of data, `(N, D)`.
        fake: features of samples, `(M, D)`.
        neighbours: k; N and M must be above.

    Raises:
        InvalidInputError: if they are not finite matrices of the same width with more than k rows, or if k is not an
            integer >= 1.

    Example:

    >>> real, fake = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([[0.0], [1.0], [0.5], [0.4]])
    >>> prdc(real, fake, neighbours=1)
    PRDC(precision=1.0, recall=0.5, density=2.0, coverage=0.5)

    References: Kynkaanniemi, Karras, Laine, Lehtinen & Aila, 2019, https://arxiv.org/abs/1904.06991; Naeem, Oh, Uh,
    Choi & Yoo, 2020, https://arxiv.org/abs/2002.09797
    """
    neighbours = check_integer("prdc: neighbours", neighbours)
    real, fake = check_features("prdc", real, fake, least=neighbours + 1)
    centre = np.median(real, axis=0)  # the rounding errors of distances grow with lengths; a mean follows outliers
    real, fake = real - centre, fake - centre
    real_radii, fake_radii = _radii(real, neighbours), _radii(fake, neighbours)
    precise, recalled, covered, inside = np.zeros(len(fake), bool), 0, 0, 0
    for rows, squared in _squared_distances(real, fake):
        in_real = squared <= real_radii[rows, None]
        precise |= in_real.any(axis=0)
        covered += in_real.any(axis=1).sum()
        inside += in_real.sum()
        recalled += (squared <= fake_radii).any(axis=1).sum()
    return PRDC(
        precision=float(precise.mean()),
        recall=float(recalled / len(real)),
        density=float(inside / (neighbours * len(fake))),
        coverage=float(covered / len(real)),
    )


def _radii(points, neighbours):
    """The squared distance from each point to its k-th nearest other one, `(N,)`."""
    nearest = (np.partition(squared, neighbours)[:, neighbours] for _, squared in _squared_distances(points, points))
    radii = np.concatenate([radii.copy() for radii in nearest])  # a view would keep all distances
    return radii + ROUNDING * (np.sum(points**2, axis=1) + radii)


def _squared_distances(one, two) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of `one`, and their squared distances to all of `two`, a few at a time."""
    from sklearn.metrics.pairwise import euclidean_distances

    for rows in pieces(one, max(1, DISTANCES // len(two))):
        yield rows, euclidean_distances(one[rows], two, squared=True)
