"""The multi-scale structural similarity of images."""

import itertools

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace

POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The weights of the scales, finest first, from the experiments of Wang et al. with observers."""

LEAST = 1e-4
"""The minimum of the similarity of a scale, so that its power has a gradient for negative correlation."""


@register
class MSSSIM(Term):
    """1 - MS-SSIM(x, E[x | z]), averaged over samples of z; from 0 for equal images to 1, without a unit.

    For each scale and window, m, v and c are the Gaussian-weighted means, variances and covariance of the two images:

        luminance = (2 m_x m_y + 0.01^2) / (m_x^2 + m_y^2 + 0.01^2)
        structure = (2 c + 0.03^2) / (v_x + v_y + 0.03^2)
        MS-SSIM   = prod_{l < L} (mean structure_l)^w_l (mean luminance_L structure_L)^w_L

    The result is averaged over channels. Each scale halves the previous one. The number of scales is limited by
    `scales` and by the image, which must cover one window at each scale; the weights sum to 1. Images smaller than a
    window have one scale and a smaller window. The means over windows are clipped to at least 1e-4. The value is not in
    nats: in a sum with a likelihood, choose a weight near the number of elements.

    Args:
        scales: maximum number of scales, from 1 (plain SSIM) to 5.
        filter_size: side of the window in pixels, odd. The standard deviation is proportional to it, 1.5 for a side of
            11.
        name: see `Term`.

    Raises:
        InvalidInputError: if an argument is out of range; when called, for examples that are not images `(H, W, C)`,
            which must be in [0, 1].

    Example:

    >>> print(NLL() + KL() + 784.0 * MSSSIM())
    nll + kl + 784 msssim

    References: Wang, Simoncelli & Bovik, 2003, https://doi.org/10.1109/ACSSC.2003.1292216; in autoencoders:
    Snell et al., 2017, https://arxiv.org/abs/1511.06409
    """

    def __init__(self, scales: int = 5, *, filter_size: int = 11, name: str | None = None):
        super().__init__(name)
        self.scales = check_integer("MSSSIM: scales", scales)
        if self.scales > len(POWERS):
            raise InvalidInputError(f"MSSSIM: scales must be an integer from 1 to {len(POWERS)}; got {scales!r}.")
        self.filter_size = check_integer("MSSSIM: filter_size", filter_size)
        if self.filter_size % 2 == 0:
            raise InvalidInputError(f"MSSSIM: filter_size must be odd; got {filter_size!r}.")

    def __call__(self, trace: Trace) -> tf.Tensor:
        if trace.x.shape.rank != 4:
            raise InvalidInputError(
                f"MSSSIM: expected images of shape (H, W, C), got examples of shape {tuple(trace.x.shape[1:])}; "
                "add the channel axis, or leave the term out."
            )
        means = trace.likelihood.mean()  # (S, B, H, W, C)
        pairs = tf.stack([tf.broadcast_to(trace.x, tf.shape(means)), means])
        image = trace.x.shape[1:]
        similarity = self.similarity(*tf.unstack(tf.reshape(pairs, (2, -1, *image))))
        return 1.0 - tf.reduce_mean(tf.reshape(similarity, tf.shape(means)[:2]), axis=0)

    def similarity(self, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """Returns the MS-SSIM `(N,)` of images in [0, 1], shape `(N, H, W, C)` each, of static height and width."""
        size = min(x.shape[1:3])
        sizes = itertools.accumulate(range(self.scales - 1), lambda size, _: -(-size // 2), initial=size)
        count = max(1, sum(size >= self.filter_size for size in sizes))
        window = _gaussian(min(self.filter_size, size - (size + 1) % 2))
        powers = np.array(POWERS[:count]) / sum(POWERS[:count])
        product = 1.0
        for scale, power in enumerate(powers):
            if scale:
                x, y = (tf.nn.avg_pool2d(image, 2, 2, "SAME") for image in (x, y))
            luminance, structure = _compare(x, y, window)
            last = scale == count - 1
            mean = tf.reduce_mean(luminance * structure if last else structure, axis=(1, 2))  # (N, C)
            product *= tf.maximum(mean, LEAST) ** power
        return tf.reduce_mean(product, axis=-1)


def _gaussian(size):
    """Returns a window of `size` weights that sum to 1."""
    offsets = np.arange(size) - size // 2
    weights = np.exp(-0.5 * (offsets / (1.5 * size / 11)) ** 2)
    return (weights / weights.sum()).astype("float32")


def _compare(x, y, window):
    """Returns luminance and structure of each window, shape `(N, H', W', C)` each."""
    x, y = x - 0.5, y - 0.5  # in float32, the variances of centred values are more accurate
    rows, columns = (_sliding(length, window) for length in x.shape[1:3])
    maps = tf.stack([x, y, x * y, x * x + y * y])
    mean_x, mean_y, xy, squares = tf.unstack(
        tf.einsum("knhwc,jw->knhjc", tf.einsum("knhwc,ih->kniwc", maps, rows), columns)
    )
    covariance = xy - mean_x * mean_y
    variances = squares - mean_x**2 - mean_y**2
    structure = (2.0 * covariance + 0.03**2) / (variances + 0.03**2)
    mean_x, mean_y = mean_x + 0.5, mean_y + 0.5
    luminance = (2.0 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
    return luminance, structure


def _sliding(length, window):
    """Returns the matrix of the weighted sums over the windows of a row, shape `(length - size + 1, length)`."""
    places = length - len(window) + 1
    matrix = np.zeros((places, length), "float32")
    for place in range(places):
        matrix[place, place : place + len(window)] = window
    return matrix
