"""The data, the sizes and the measure of scripts/study_codebooks, for both libraries."""

import numpy as np

BATCH, LEARNING_RATE, SCALE, COMMITMENT, ENTROPY, LENGTH = 128, 1e-3, 0.1, 0.25, 0.1, 16
LEVELS = {64: (8, 8), 512: (8, 8, 8), 4096: (8, 8, 8, 8)}
"""Number of codes -> numbers of values of each number of a vector, for finite scalar quantization."""


def batches(x: np.ndarray, steps: int):
    """Yields `steps` batches of the examples, float32, in the same random order in both libraries."""
    random, order = np.random.default_rng(0), np.empty(0, int)
    for _ in range(steps):
        if len(order) < BATCH:
            order = random.permutation(len(x))
        chosen, order = order[:BATCH], order[BATCH:]
        yield x[chosen]


def figures(x: np.ndarray, reconstructions: np.ndarray, indices: np.ndarray, codes: int) -> dict[str, float]:
    """The mean squared error per pixel, the number of codes in use, and the perplexity of their frequencies."""
    shares = np.bincount(indices.ravel().astype(int), minlength=codes) / indices.size
    used = shares[shares > 0]
    return {
        "error": float(np.mean((x - reconstructions) ** 2)),
        "used": len(used),
        "perplexity": float(np.exp(-np.sum(used * np.log(used)))),
    }
