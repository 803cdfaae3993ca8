"""Data and options of the benchmark, for all libraries."""

import argparse
import time
from dataclasses import dataclass

import numpy as np

EXAMPLES, ENCODED, BATCH, LATENT = 20_000, 10_000, 128, 16


@dataclass(frozen=True)
class Pictures:
    """Colour images, and the network that is trained on them.

    Attributes:
        network: the kind of network in keras_vae.
        side: height and width of the images, in pixels.
        steps: batches per epoch.
        latent_dim: length of the latent vector, or the channels of the latent map.
        batch: images per batch, the default of `keras-vae train` for such images.
    """

    network: str
    side: int
    steps: int
    latent_dim: int = 128
    batch: int = 32

    @property
    def shape(self):
        """`(height, width, channels)` of an image."""
        return self.side, self.side, 3


PICTURES = {
    "conv64": Pictures("conv", 64, steps=64),
    "resnet64": Pictures("resnet", 64, steps=16),
    "resnet128": Pictures("resnet", 128, steps=4),
    "spatial64": Pictures("spatial", 64, steps=16, latent_dim=8),
}


def options():
    """Parses the options of the benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=("mlp", "conv", *PICTURES), default="mlp")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--images", type=int, default=EXAMPLES, help="images in an epoch of mlp and conv")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    return parser.parse_args()


def blobs(n=EXAMPLES, side=28):
    """Returns smooth images of three blobs each, float32 `(n, side, side)` in [0, 1]."""
    random = np.random.default_rng(0)
    row, column = np.mgrid[:side, :side].astype("float32") * (28 / side)
    images = np.zeros((n, side, side), "float32")
    for _ in range(3):
        y, x = random.uniform(6, 22, (2, n, 1, 1)).astype("float32")
        width = random.uniform(1.5, 4, (n, 1, 1)).astype("float32")
        images += np.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * width**2))
    return images.clip(0, 1)


def coloured_blobs(n, side):
    """Returns such images in colour, uint8 `(n, side, side, 3)`."""
    images = np.stack(np.split(blobs(3 * n, side), 3), axis=-1)
    return np.round(255 * images).astype("uint8")


def seconds_per_example(work, examples, repeats=10):
    """Returns the seconds per example of `work`, after a warm-up run."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) / examples)
    return times
