"""What one forward pass leaves behind for a loss to look at."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


class Latent(NamedTuple):
    """One level of latent variables.

    Attributes:
        posterior: q(z | x), batch shape `(B,)`; in a hierarchy q(z_l | z_<l, x), batch shape `(S, B)` below the top.
        prior: p(z), or p(z_l | z_<l) in a hierarchy; None for a model without a prior.
        sample: draws from the posterior, shape `(S, B, *latent_shape)`.
    """

    posterior: tfd.Distribution
    prior: tfd.Distribution | None
    sample: tf.Tensor


class Trace(NamedTuple):
    """Everything a term of the objective may look at, made once per step.

    Attributes:
        x: the batch as the model sees it, float32, shape `(B, *event_shape)`.
        latents: the levels of latent variables, top first.
        likelihood: p(x | z), batch shape `(S, B)`.
        step: the number of batches trained on so far, for weights that change.
        seed: of the noise of this pass, int32 `(2,)`, the same on all replicas; a term takes its own from it by
            `Term.seed`.
        encode: x -> q(z | x), for terms that look at other inputs.
        decode: z of shape `(..., *latent_shape)` -> p(x | z), for terms that look at other codes.
        extras: what else the batch carried, such as `y`.
        training: whether the pass is one of training.
        weights: the weight of each example, float32 `(B,)`; 0 for those that must not count. None for ones.
        critic: the critic of an adversarial model, a Keras model from codes or examples to logits `(..., 1)`.
    """

    x: tf.Tensor
    latents: tuple[Latent, ...]
    likelihood: tfd.Distribution
    step: tf.Tensor
    seed: tf.Tensor
    encode: Callable[[tf.Tensor], tfd.Distribution]
    decode: Callable[[tf.Tensor], tfd.Distribution]
    extras: Mapping[str, tf.Tensor]
    training: bool = False
    weights: tf.Tensor | None = None
    critic: Callable[[tf.Tensor], tf.Tensor] | None = None
