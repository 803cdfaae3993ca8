"""Simple statistics of images, as a feature space that needs no weights and no training."""

import numpy as np

from keras_vae.evaluation.features.features import Features

SCALES = 3
SMALLEST = 4
"""The smallest side of an image that is halved."""
EPSILON = 1e-3


class ImageStatistics(Features):
    """The mean, standard deviation, skewness and log of the mean step between neighbouring pixels, of each channel.

    The steps are measured at three scales, downwards and to the right. The last statistic is the mean difference of the
    first and the last channel. The statistics tell blank, noisy, smooth, inverted or grey images from others, whatever
    the model has learned.

    Example:

    >>> ImageStatistics()(np.zeros((2, 8, 8, 3), "uint8")).shape
    (2, 28)
    """

    name = "statistics of the pixels"

    def of_batch(self, x: np.ndarray) -> np.ndarray:
        means, deviations = x.mean((1, 2)), x.std((1, 2))
        skewness = ((x - x.mean((1, 2), keepdims=True)) ** 3).mean((1, 2)) / (deviations**3 + EPSILON)
        columns = [means, deviations, skewness, np.abs(x[..., :1] - x[..., -1:]).mean((1, 2))]
        for _ in range(SCALES):
            for axis in (1, 2):
                columns.append(np.log(EPSILON + np.abs(np.diff(x, axis=axis)).mean((1, 2))))
            height, width = (size // 2 for size in x.shape[1:3])
            if 2 * min(height, width) >= SMALLEST:
                x = x[:, : 2 * height, : 2 * width].reshape(len(x), height, 2, width, 2, -1).mean((2, 4))
        return np.concatenate(columns, axis=1)
