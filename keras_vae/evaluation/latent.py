"""The KL and the variance of each latent dimension."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.layers.compiled_method import compiled_for
from keras_vae.models import Autoencoder
from keras_vae.objectives import kl_per_dimension as kl_of
from keras_vae.random import as_seed

ACTIVE = 0.01


def condition_of(model: Autoencoder, labels: np.ndarray | None) -> np.ndarray | None:
    """The `condition` of labelled examples: the labels for a conditional model, otherwise None.

    Args:
        model: any model.
        labels: labels `(N,)` or vectors `(N, size)` of the examples, or None.

    Example:

    >>> condition_of(kv.zoo.vae((8,), 2, units=(4,)), np.array([1])) is None
    True
    """
    return None if model.condition is None else labels


def kl_per_dimension(model: Autoencoder, x: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """The mean over `x` of KL(q(z_d | x) || p(z_d)) for each dimension of the flattened latent, nats, `(D,)`.

    In a hierarchy, it is the mean over one sample of the levels above; the levels are concatenated, top first.

    Args:
        model: a model whose posterior and prior have independent dimensions (in each level).
        x: examples `(N, *event_shape)`.
        labels: labels `(N,)`, for a conditional model.

    Raises:
        InvalidInputError: if the dimensions are not independent, or their KL has no closed form.

    Example:

    >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
    >>> print(kl_per_dimension(model, x).round(1))
    [1.8 1.9 1.8 1.5 1.7 1.9 1.9 1.7]
    """
    labels = model.inferred_conditions(x, labels)
    size, per_dimension = model.batch_size_for(), compiled_for(model, _sum_per_dimension)
    batches = [slice(i, i + size) for i in range(0, len(x), size)]
    sums = [per_dimension(x[rows], None if labels is None else labels[rows]) for rows in batches]
    return np.sum(sums, axis=0) / len(x)


def _sum_per_dimension(model: Autoencoder, x: Any, labels: Any) -> tf.Tensor:
    if model.infers_condition:  # its trace has a pass for each class
        posterior, prior = model.posterior_of(x, model.condition_of(labels)), model.prior_distribution()
        latents = model.posterior.latents(posterior, prior, posterior.sample(1, seed=as_seed(0)))
    else:
        latents = model.trace(x, seed=as_seed(0), extras={} if labels is None else {"y": labels}).latents
    sizes = [math.prod(latent.posterior.event_shape) for latent in latents]
    levels = [tf.reshape(kl_of(latent), (-1, size)) for latent, size in zip(latents, sizes, strict=True)]
    return tf.concat([tf.reduce_sum(level, axis=0) for level in levels], axis=-1)


def has_kl_per_dimension(model: Autoencoder) -> bool:
    """Returns whether `kl_per_dimension` is defined: the dimensions are independent and their KL has a closed form."""
    if not model.has_density:
        return False
    extras = {} if model.condition is None else {"y": model.condition.example(1)}
    try:
        for latent in model.trace(tf.zeros((1, *model.event_shape)), seed=as_seed(0), extras=extras).latents:
            kl_of(latent)
    except InvalidInputError:
        return False
    return True


def variance_of_means(model: Autoencoder, x: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """The variance of the posterior mean over `x` for each dimension, `(D,)`.

    A dimension is active if its variance is above `ACTIVE` = 0.01.

    Args:
        model: any model.
        x: examples `(N, *event_shape)`.
        labels: labels `(N,)`, for a conditional model.

    Example:

    >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
    >>> print(variance_of_means(model, x).round(1))
    [1.  1.1 1.3 1.  1.  1.1 1.  1.1]

    Reference: Burda, Grosse & Salakhutdinov, 2016, section 5.2, https://arxiv.org/abs/1509.00519
    """
    means = model.encode(x, condition=condition_of(model, labels)).mean().numpy()
    return means.reshape(len(means), -1).var(axis=0)
