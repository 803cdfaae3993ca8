"""What the scores of anomalies measure on each example, with TensorFlow alone, so that an export can do the same."""

import contextlib
import math
from typing import Any

import tensorflow as tf

from keras_vae.checks import is_image
from keras_vae.evaluation.image_statistics import ImageStatistics
from keras_vae.models import Autoencoder
from keras_vae.random import as_seed

PATCHES = 8
"""The side of a patch is the side of the image, divided by this number."""


def measure(
    model: Autoencoder, x: tf.Tensor, y: Any = None, *, seed: int = 0, units: Any = 1.0
) -> dict[str, tf.Tensor]:
    """Returns measurements by name: `(B,)` each, but for `codes`, `code_variance` and `features`, `(B, D)`.

    The measurements of an example do not depend on the rest of the batch. `kl`, `code_variance` and, of examples that
    are no images, `png_bits` may be missing.

    Args:
        model: a trained model.
        x: float32 examples `(B, *event_shape)`. NaN is a missing value.
        y: conditions, for a conditional model. None uses the most probable ones, for a model that infers them.
        seed: seed of the sample of z for the ELBO; it gives every example the same noise.
        units: for examples that are no images, the units of the errors, in the shape of an example.

    Example:

    >>> found = measure(zoo.vae((8, 8, 1), 2, units=(4,)), tf.zeros((3, 8, 8, 1)))
    >>> found["negative_elbo"].shape, found["codes"].shape
    (TensorShape([3]), TensorShape([3, 2]))
    """
    seeds = tf.tile(as_seed(seed)[None], (tf.shape(x)[0], 1))
    trace = model.trace(x, seed=seeds, extras={} if y is None else {"y": y})
    terms = model.elbo_terms(trace)
    result = {"negative_elbo": -terms["elbo"] if "elbo" in terms else terms["nll"]}
    if "kl" in terms:
        result["kl"] = terms["kl"]
    condition = model.condition_for(x, y)
    posterior = model.posterior_of(x, condition)
    codes = posterior.mean()
    result["codes"] = _flat(codes)
    with contextlib.suppress(NotImplementedError):  # of a family without a variance
        result["code_variance"] = _flat(posterior.variance())
    means = tf.ensure_shape(model.likelihood_of(codes, condition).mean(), (None, *model.event_shape))
    squares, known = (x - means) ** 2, ~tf.math.is_nan(x)
    squares = tf.where(known, squares, tf.zeros_like(x))
    if is_image(model.event_shape):
        result |= _of_images(tf.where(known, x, tf.zeros_like(x)), squares)
    else:
        squares /= units**2
        result |= {"patch_error": tf.reduce_max(_flat(squares), axis=1), "features": _flat(x)}
    numbers = tf.reduce_sum(_flat(tf.cast(known, tf.float32)), axis=1)
    result["error"] = tf.math.divide_no_nan(tf.reduce_sum(_flat(squares), axis=1), numbers)
    return result


def _of_images(x, squares):
    patch = [max(1, side // PATCHES) for side in x.shape[1:3]]
    patches = tf.nn.avg_pool2d(tf.reduce_mean(squares, axis=-1, keepdims=True), patch, 1, "VALID")
    return {
        "patch_error": tf.reduce_max(patches, axis=(1, 2, 3)),
        "features": ImageStatistics().of_batch(x),
        "png_bits": 8.0 * tf.cast(tf.strings.length(_as_png(x)), tf.float32),
    }


def _as_png(x):
    return tf.io.encode_png(tf.cast(tf.round(255.0 * tf.clip_by_value(x, 0.0, 1.0)), tf.uint8))


def _flat(values):
    return tf.reshape(values, (-1, math.prod(values.shape[1:])))
