"""Simple statistics of images, as a feature space that needs no weights and no training."""

from typing import Any

import tensorflow as tf

from keras_vae.evaluation.features.features import Features

SCALES = 3
SMALLEST = 4
"""The smallest side of an image that is halved."""
EPSILON = 1e-3


class ImageStatistics(Features):
    """The mean, standard deviation, skewness and log of the mean step between neighbouring pixels, of each channel.

    The steps are measured at three scales, downwards and to the right. The last statistic is the mean difference of the
    first and the last channel. The statistics tell blank, noisy, smooth, inverted or grey images from others, whatever
    the model has learned. `of_batch` also works in a graph.

    Example:

    >>> ImageStatistics()(np.zeros((2, 8, 8, 3), "uint8")).shape
    (2, 28)
    """

    name = "statistics of the pixels"

    def of_batch(self, x: Any) -> tf.Tensor:
        x = tf.convert_to_tensor(x)
        means, variances = tf.nn.moments(x, (1, 2), keepdims=True)
        deviations = tf.sqrt(variances)
        skewness = tf.reduce_mean((x - means) ** 3, (1, 2)) / (deviations[:, 0, 0] ** 3 + EPSILON)
        columns = [means[:, 0, 0], deviations[:, 0, 0], skewness]
        columns.append(tf.reduce_mean(tf.abs(x[..., :1] - x[..., -1:]), (1, 2)))
        for _ in range(SCALES):
            for steps in (x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]):
                if 0 not in steps.shape[1:3]:
                    columns.append(tf.math.log(EPSILON + tf.reduce_mean(tf.abs(steps), (1, 2))))
            if 2 * (min(x.shape[1:3]) // 2) >= SMALLEST:
                x = tf.nn.avg_pool2d(x, 2, 2, "VALID")
        return tf.concat(columns, axis=1)
