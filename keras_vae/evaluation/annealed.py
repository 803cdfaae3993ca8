"""Annealed importance sampling: an estimate of the likelihood that does not use the encoder."""

import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.layers.compiled_method import compiled_for
from keras_vae.models import Autoencoder, SemiSupervisedAutoencoder, xla
from keras_vae.models.data_range import check_new_examples
from keras_vae.models.importance_sampling import ImportanceSampling
from keras_vae.progress import progress
from keras_vae.random import as_seed, fold

ACCEPTANCE = 0.65
STEEPNESS = 4.0
ADAPTATION = 0.1
AT_ONCE = 20
"""The number of temperatures in one call. An interruption takes effect between two calls."""

WORTH_COMPILING = 1000
"""So many leapfrog steps are slower than XLA with the time that it takes to compile."""


def annealed_log_likelihood(
    model: Autoencoder,
    x: Any,
    *,
    condition: Any = None,
    chains: int = 16,
    steps: int = 500,
    leapfrog_steps: int = 10,
    batch_size: int = 32,
    seed: int = 0,
    verbose: int = 0,
) -> ImportanceSampling:
    """Estimates log p(x) by annealed importance sampling with Hamiltonian Monte Carlo, nats per example.

    Chains move from the prior to the true posterior through p(z) p(x | z)^b_t, with b_t increasing from 0 to 1:

        log w = sum_t (b_t - b_(t-1)) log p(x | z_(t-1))      log p(x) ~ log 1/C sum_c w_c

    It does not use the encoder, so it checks an importance-weighted bound, which is too low if q(z | x) is poor. Its
    expectation is below log p(x) and converges to it with the number of steps or chains. A pilot run, whose samples are
    discarded, adapts the length of the Hamiltonian steps for each example and temperature.

    Args:
        model: a model with real latents, a prior with a density, and a differentiable likelihood.
        x: examples `(N, *event_shape)`.
        condition: conditions of the examples, for a conditional model.
        chains: number of independent chains per example, C.
        steps: number of temperatures.
        leapfrog_steps: number of leapfrog steps of a Hamiltonian step.
        batch_size: number of examples in a batch.
        seed: seed of all noise.
        verbose: 1 shows a progress bar.

    Returns:
        The estimate and its standard error per example, and the effective number of chains.

    Raises:
        InvalidInputError: for a model without such a prior, or an argument out of range.

    Example:

    >>> model = zoo.vae((8, 8, 1), 2, units=(8,), seed=0)
    >>> annealed_log_likelihood(model, np.zeros((3, 8, 8, 1)), chains=4, steps=10).log_likelihood.shape
    (3,)

    References: Neal, 2001, https://arxiv.org/abs/physics/9803008; of decoders: Wu, Burda, Salakhutdinov & Grosse, 2017,
    https://arxiv.org/abs/1611.04273
    """
    check_annealable(model)
    x = check_new_examples(model, x)
    condition = model.check_conditions(condition, len(x))
    chains, steps = check_integer("chains", chains), check_integer("steps", steps)
    leapfrog_steps, seed = check_integer("leapfrog_steps", leapfrog_steps), as_seed(check_seed(seed))
    compiled = steps * leapfrog_steps >= WORTH_COMPILING and xla.is_faster(model)
    size = min(check_integer("batch_size", batch_size), len(x))
    starts = range(0, len(x), size)
    parts = np.array_split(np.arange(steps), math.ceil(steps / AT_ONCE))
    ticks = iter(progress(range(len(starts) * len(parts)), len(starts) * len(parts), "Annealing", verbose=verbose))
    start = compiled_for(model, _start, reduce_retracing=False)
    advance = compiled_for(model, _advance, jit_compile=compiled, reduce_retracing=False)
    temperatures, found = _temperatures(steps), []
    for number, first in enumerate(starts):
        rows = np.arange(first, first + size) % len(x)
        batch, given = tf.constant(x[rows]), None if condition is None else tf.constant(condition[rows])
        seeds = [fold(fold(seed, number), run) for run in (0, 1)]
        pilot, chain = start(max(2, chains // 4), size, seeds[0]), start(chains, size, seeds[1])
        for part in parts:
            next(ticks)
            levels = tf.constant(temperatures[part[0] : part[-1] + 2], tf.float32)
            number_of_first = tf.constant(part[0], tf.int32)
            pilot, lengths = advance(batch, given, seeds[0], pilot, None, levels, number_of_first, leapfrog_steps)
            chain, _ = advance(batch, given, seeds[1], chain, lengths, levels, number_of_first, leapfrog_steps)
        found.append(chain.log_w.numpy())
    log_w = np.concatenate(found, axis=1)[:, : len(x)].astype("float64")  # (C, N)
    top = log_w.max(axis=0)
    first, second = (np.log(np.exp(power * (log_w - top)).sum(axis=0)) + power * top for power in (1, 2))
    return ImportanceSampling.of_sums(first, second, chains)


def check_annealable(model: Autoencoder) -> None:
    """Raises `InvalidInputError` if Hamiltonian steps cannot be applied to the latents of the model."""
    if model.prior is None or not model.prior.has_density or model.posterior.support != "real":
        raise InvalidInputError(
            f"{model.name}: annealed importance sampling needs a prior with a density over real vectors; got "
            f"prior {model.prior and type(model.prior).__name__} of a posterior on {model.posterior.support!r}."
        )
    if isinstance(model, SemiSupervisedAutoencoder):
        raise InvalidInputError(f"{model.name}: annealed importance sampling does not sum over unknown labels.")


class _State(NamedTuple):
    """The chains of a batch of examples `(B, *event_shape)`.

    Attributes:
        z: the latents `(C, B, *latent_shape)`.
        log_w: the logarithms of the weights `(C, B)`.
        length: the length of the next Hamiltonian step `(B,)`.
    """

    z: tf.Tensor
    log_w: tf.Tensor
    length: tf.Tensor


def _start(model, chains, size, seed):
    z = model.prior_distribution().sample((chains, size), seed=fold(seed, 0))
    return _State(z, tf.zeros((chains, size)), tf.fill((size,), 0.1))


def _advance(model, x, condition, seed, state, lengths, temperatures, first, leapfrog_steps):
    """Moves the chains through `T + 1` temperatures; the new state, and the length of each step `(T, B)`.

    The lengths are the given ones, or such as are accepted well.
    """
    x, condition = model.prepare(x), None if condition is None else model.condition_of(condition)
    prior, steps = model.prior_distribution(), temperatures.shape[0] - 1

    def log_likelihood(z):
        return model.likelihood_of(z, condition).log_prob(x)

    def hamiltonian_step(z, temperature, length, seed):
        kernel = tfp.mcmc.HamiltonianMonteCarlo(
            lambda z: prior.log_prob(z) + temperature * log_likelihood(z),
            step_size=tf.reshape(length, (1, -1, *[1] * len(model.latent_shape))),
            num_leapfrog_steps=leapfrog_steps,
        )
        z, results = kernel.one_step(z, kernel.bootstrap_results(z), seed=seed)
        return z, tf.reduce_mean(tf.exp(tf.minimum(results.log_accept_ratio, 0.0)), axis=0)

    def step(t, state, recorded):
        log_w = state.log_w + (temperatures[t + 1] - temperatures[t]) * log_likelihood(state.z)
        length = state.length if lengths is None else lengths[t]
        z, accepted = hamiltonian_step(state.z, temperatures[t + 1], length, fold(seed, first + t + 1))
        longer = length * tf.exp(ADAPTATION * (accepted - ACCEPTANCE))
        return t + 1, _State(z, log_w, longer), recorded.write(t, length)

    recorded = tf.TensorArray(tf.float32, steps, element_shape=x.shape[:1])
    loop = (tf.constant(0), state, recorded)
    _, state, recorded = tf.while_loop(lambda t, *_: t < steps, step, loop, maximum_iterations=steps)
    return state, recorded.stack()


def _temperatures(steps: int) -> np.ndarray:
    """`steps + 1` numbers from 0 to 1, close together at both ends."""
    sigmoid = 1 / (1 + np.exp(-STEEPNESS * np.linspace(-1, 1, steps + 1)))
    return (sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])
