"""The figures of a model on a split."""

import math

import numpy as np

from keras_vae.evaluation.latent import ACTIVE, variance_of_means
from keras_vae.models import Autoencoder


def summarize(
    model: Autoencoder, x: np.ndarray, *, samples: int = 500, seed: int = 0, verbose: int = 0
) -> dict[str, float | int]:
    """What the model makes of the examples `x`, as means over them.

    - `elbo`, `nll`, `kl`: nats per example, unweighted.
    - `log_likelihood`: the importance-weighted bound with `samples` draws, nats per example, and
      `log_likelihood_standard_error`, that of the mean over the examples.
    - `reconstruction_mse`: squared error of the expected reconstruction, per element.
    - `active_units`: latent dimensions whose posterior mean moves with x (variance above 0.01).

    Args:
        model: a trained, compiled model; without a density it has no `elbo`, `kl` and `log_likelihood`.
        x: examples `(N, *event_shape)`.
        samples: draws per example for the log-likelihood; 0 leaves it out.
        seed: of these draws.
        verbose: 1 shows a progress bar.
    """
    figures = model.evaluate(x, batch_size=256, return_dict=True, verbose=0)
    if samples and model.has_density:
        values = model.log_likelihood(x, samples=samples, seed=seed, verbose=verbose)
        figures["log_likelihood"] = float(values.mean())
        figures["log_likelihood_standard_error"] = float(values.std() / math.sqrt(len(values)))
        figures["log_likelihood_samples"] = samples
    target = model.prepare(x).numpy()
    figures["reconstruction_mse"] = float(np.mean((target - model.reconstruct(x)) ** 2))
    figures["active_units"] = int((variance_of_means(model, x) > ACTIVE).sum())
    figures["examples"] = len(x)
    return figures
