"""Data and options of the benchmark, for all libraries."""

import argparse
import time

import numpy as np

EXAMPLES, ENCODED, BATCH, LATENT = 20_000, 10_000, 128, 16


def options():
    """Parses the options of the benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=("mlp", "conv"), default="mlp")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    return parser.parse_args()


def blobs(n=EXAMPLES):
    """Returns smooth images of three blobs each, float32 `(n, 28, 28)` in [0, 1]."""
    random = np.random.default_rng(0)
    row, column = np.mgrid[:28, :28].astype("float32")
    images = np.zeros((n, 28, 28), "float32")
    for _ in range(3):
        y, x = random.uniform(6, 22, (2, n, 1, 1)).astype("float32")
        width = random.uniform(1.5, 4, (n, 1, 1)).astype("float32")
        images += np.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * width**2))
    return images.clip(0, 1)


def seconds_per_example(work, examples, repeats=10):
    """Returns the seconds per example of `work`, after a warm-up run."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) / examples)
    return times
