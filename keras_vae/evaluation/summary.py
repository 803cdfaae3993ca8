"""The figures of a model on a split."""

import math

import numpy as np

from keras_vae.evaluation.latent import ACTIVE, condition_of, variance_of_means
from keras_vae.models import Autoencoder


def summarize(
    model: Autoencoder,
    x: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    samples: int = 500,
    seed: int = 0,
    verbose: int = 0,
) -> dict[str, float | int]:
    """What the model makes of the examples `x`, as means over them.

    - `elbo`, `nll`, `kl`: nats per example, unweighted.
    - `log_likelihood`: the importance-weighted bound with `samples` draws, nats per example, and
      `log_likelihood_standard_error`, that of the mean over the examples.
    - `reconstruction_mse`: squared error of the expected reconstruction, per element.
    - `active_units`: latent dimensions, of `latent_dim`, whose posterior mean moves with x (variance above 0.01).

    Args:
        model: a trained, compiled model; without a density it has no `elbo`, `kl` and `log_likelihood`.
        x: examples `(N, *event_shape)`.
        labels: of a conditional model, `(N,)`.
        samples: draws per example for the log-likelihood; 0 leaves it out.
        seed: of these draws.
        verbose: 1 shows a progress bar.
    """
    condition = condition_of(model, labels)
    figures = model.evaluate(x, condition, batch_size=256, return_dict=True, verbose=0)
    if samples and model.has_density:
        values = model.log_likelihood(x, condition=condition, samples=samples, seed=seed, verbose=verbose)
        figures["log_likelihood"] = float(values.mean())
        figures["log_likelihood_standard_error"] = float(values.std() / math.sqrt(len(values)))
        figures["log_likelihood_samples"] = samples
    error = (model.prepare(x).numpy() - model.reconstruct(x, condition=condition)) ** 2
    figures["reconstruction_mse"] = float(np.nanmean(error))
    figures["active_units"] = int((variance_of_means(model, x, labels) > ACTIVE).sum())
    figures["latent_dim"] = math.prod(model.latent_shape)
    figures["examples"] = len(x)
    return figures
