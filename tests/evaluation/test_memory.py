"""Memory does not grow with pairs of examples, only with what is kept of each."""

import tracemalloc

import numpy as np
import pytest

from keras_vae.evaluation import prdc

MEGABYTE = 1e6


def peak(ask, *arguments):
    """The most memory that NumPy holds while `ask` works, in MB."""
    tracemalloc.start()
    ask(*arguments)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / MEGABYTE


@pytest.mark.slow
@pytest.mark.parametrize("n", [4000, 8000])
def test_neighbours_are_found_a_few_rows_at_a_time(n):
    real, fake = np.random.default_rng(0).normal(size=(2, n, 8))
    all_distances = 8 * n**2 / MEGABYTE
    assert peak(prdc, real, fake) < 110 + 0.01 * all_distances
