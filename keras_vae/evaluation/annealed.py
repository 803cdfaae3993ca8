"""Annealed importance sampling: an estimate of the likelihood that does not use the encoder."""

from typing import Any

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
    log_weights = compiled_for(model, _log_weights, jit_compile=compiled, reduce_retracing=False)
    found = []
    for number, start in enumerate(progress(starts, len(starts), "Annealing") if verbose else starts):
        rows = np.arange(start, start + size) % len(x)
        given = None if condition is None else condition[rows]
        found.append(log_weights(x[rows], given, fold(seed, number), steps, chains, leapfrog_steps).numpy())
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


def _log_weights(model, x, condition, seed, steps, chains, leapfrog_steps):
    temperatures = tf.constant(_temperatures(steps), tf.float32)
    problem = _Annealing(model, x, condition, leapfrog_steps)
    lengths = problem.run(temperatures, max(2, chains // 4), fold(seed, 0))[1]
    return problem.run(temperatures, chains, fold(seed, 1), lengths)[0]


class _Annealing:
    """The chains of a batch of examples `(B, *event_shape)`; states have shape `(C, B, *latent_shape)`."""

    def __init__(self, model, x, condition, leapfrog_steps):
        self.model, self.x, self.leapfrog_steps = model, model.prepare(x), leapfrog_steps
        self.condition = None if condition is None else model.condition_of(condition)

    def log_likelihood(self, z):
        return self.model.likelihood_of(z, self.condition).log_prob(self.x)

    def step(self, z, temperature, length, seed):
        """A Hamiltonian step of the given length `(B,)`; the new state, and the mean chance of acceptance `(B,)`."""
        prior = self.model.prior_distribution()
        kernel = tfp.mcmc.HamiltonianMonteCarlo(
            lambda z: prior.log_prob(z) + temperature * self.log_likelihood(z),
            step_size=tf.reshape(length, (1, -1, *[1] * len(self.model.latent_shape))),
            num_leapfrog_steps=self.leapfrog_steps,
        )
        z, results = kernel.one_step(z, kernel.bootstrap_results(z), seed=seed)
        return z, tf.reduce_mean(tf.exp(tf.minimum(results.log_accept_ratio, 0.0)), axis=0)

    def run(self, temperatures, chains, seed, lengths=None):
        """Log-weights `(C, B)`, and the length of each step `(T, B)`: the given ones, or such as are accepted well."""
        size, steps = self.x.shape[0], temperatures.shape[0] - 1
        z = self.model.prior_distribution().sample((chains, size), seed=fold(seed, 0))
        length = tf.fill((size,), 0.1)
        recorded = tf.TensorArray(tf.float32, steps, element_shape=self.x.shape[:1])

        def advance(t, z, log_w, length, recorded):
            before, now = temperatures[t], temperatures[t + 1]
            log_w += (now - before) * self.log_likelihood(z)
            length = length if lengths is None else lengths[t]
            recorded = recorded.write(t, length)
            z, accepted = self.step(z, now, length, fold(seed, t + 1))
            return t + 1, z, log_w, length * tf.exp(ADAPTATION * (accepted - ACCEPTANCE)), recorded

        state = (tf.constant(0), z, tf.zeros((chains, size)), length, recorded)
        *_, log_w, _, recorded = tf.while_loop(lambda t, *_: t < steps, advance, state, maximum_iterations=steps)
        return log_w, recorded.stack()


def _temperatures(steps: int) -> np.ndarray:
    """`steps + 1` numbers from 0 to 1, close together at both ends."""
    sigmoid = 1 / (1 + np.exp(-STEEPNESS * np.linspace(-1, 1, steps + 1)))
    return (sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])
