"""Maximum likelihood on the latents of a trained model."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer, check_number, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.priors.prior import Prior
from keras_vae.progress import progress


def check_codes(part: str, codes: Any) -> np.ndarray:
    """`codes` as a float32 array `(N, *event_shape)`.

    Raises:
        InvalidInputError: if they are not finite numbers, or if there are fewer than two.
    """
    try:
        codes = np.asarray(codes, "float32")
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{part}.fit: codes must be an array of numbers; {error}.") from error
    if codes.ndim < 2 or len(codes) < 2 or codes.size == 0:
        raise InvalidInputError(
            f"{part}.fit: expected two or more codes of shape (N, *event_shape), got {codes.shape}; "
            "pass model.encode(x).mean()."
        )
    if not np.isfinite(codes).all():
        raise InvalidInputError(f"{part}.fit: codes must be finite numbers, got NaN or infinity; check the encoder.")
    return codes


def maximize_likelihood(
    prior: Prior,
    codes: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    validation_split: float,
    seed: int,
    verbose: int,
) -> None:
    """Trains the weights of `prior` to minimise -log p(z) in nats per latent, by Adam with a cosine decay.

    Args:
        prior: a prior whose distribution has a density.
        codes: `(N, *event_shape)`, float32.
        epochs: number of passes over the latents.
        batch_size: number of latents in a batch; the incomplete last batch of an epoch is dropped.
        learning_rate: initial learning rate.
        validation_split: fraction that is held out to select the best epoch; 0 keeps the last weights.
        seed: seed of the order and of the split.
        verbose: 1 shows a progress bar.

    Raises:
        InvalidInputError: if a number is out of its range, or if the likelihood diverges.
    """
    part = f"{type(prior).__name__}.fit"
    epochs, batch_size = check_integer(f"{part}: epochs", epochs), check_integer(f"{part}: batch_size", batch_size)
    check_number(f"{part}: learning_rate", learning_rate, above=0)
    check_number(f"{part}: validation_split", validation_split, least=0, below=1)
    random = np.random.default_rng(check_seed(seed))
    codes = random.permutation(codes)
    held_out = min(round(validation_split * len(codes)), len(codes) - 1)
    validation, training = codes[:held_out], codes[held_out:]
    batch_size = min(batch_size, len(training))
    steps = len(training) // batch_size
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps * epochs)
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=10.0)
    weights = prior.trainable_variables
    optimizer.build(weights)

    def nll(batch):
        return -tf.reduce_mean(prior.distribution().log_prob(batch))

    @tf.function(autograph=False)
    def train(batch):
        with tf.GradientTape() as tape:
            loss = nll(batch)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    validate = tf.function(nll, autograph=False)
    best, kept = math.inf, None
    bar = progress(range(epochs), epochs, f"{part}, epochs", verbose=verbose)
    for _ in bar:
        order = random.permutation(len(training))[: steps * batch_size].reshape(steps, batch_size)
        report = {"nll": float(np.mean([train(training[batch]) for batch in order]))}
        if not math.isfinite(report["nll"]):
            raise InvalidInputError(
                f"{part}: the likelihood of the codes diverged; use a lower learning_rate, or another prior."
            )
        if held_out:
            report["val_nll"] = float(validate(validation))
            if report["val_nll"] < best:
                best, kept = report["val_nll"], [weight.numpy() for weight in weights]
        bar.set_postfix(report)
    if kept is not None:
        for weight, value in zip(weights, kept, strict=True):
            weight.assign(value)
