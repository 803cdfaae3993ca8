"""Pictures and a page about a model, made by asking the model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from keras_vae import plots
from keras_vae.evaluation.answer import Answer, Measure
from keras_vae.evaluation.evaluation_page import evaluation_page
from keras_vae.evaluation.latent import condition_of, has_kl_per_dimension, kl_per_dimension, variance_of_means
from keras_vae.models import Autoencoder

CAPTIONS = {
    "reconstructions": "Does the code keep what matters? Test images above, what comes back from their codes below.",
    "samples": "Does the model generate? Codes drawn from the prior, decoded. They should look like data.",
    "traversals": "What does each dimension mean? One dimension moves along a row, the others stay.",
    "interpolation": "Is the latent space continuous? Each step between two test images should look like data.",
    "latent_map": "Where do the codes lie? Classes that were never shown to the model often form islands.",
    "kl_per_dimension": "How much does each dimension carry? Grey ones carry nothing.",
    "history": "Did the training converge? Training and validation should fall together and flatten.",
}


def pictures(
    model: Autoencoder,
    x: np.ndarray,
    labels: Sequence[int] | None = None,
    *,
    label_names: Sequence[str] = (),
    history: Mapping[str, Sequence[float]] | None = None,
    seed: int = 0,
) -> dict[str, Figure]:
    """The pictures that make sense for the model, by name, in the order in which one would look at them.

    Args:
        model: a trained model.
        x: test examples `(N, *event_shape)`, one or more; walks and maps need two.
        labels: their labels `(N,)`.
        label_names: the name of each label.
        history: metrics per epoch, by name.
        seed: of the samples, and of the choice of examples.
    """
    chosen = np.random.default_rng(seed).permutation(len(x))
    shown = x[chosen[:20]]
    condition = condition_of(model, labels)

    def condition_at(rows):
        return None if condition is None else condition[rows]

    target = model.prepare(shown).numpy()
    reconstructed = model.reconstruct(shown, condition=condition_at(chosen[:20]))
    figures = {"reconstructions": plots.plot_reconstructions(np.nan_to_num(target), reconstructed)}
    kl = kl_per_dimension(model, x, labels) if has_kl_per_dimension(model) else None
    values = np.linspace(-3, 3, 11)
    if model.prior is not None:
        drawn = np.resize(np.unique(condition), 64) if condition is not None else None
        figures["samples"] = plots.plot_samples(model.sample(64, seed=seed, condition=drawn))
    if model.prior is not None and model.posterior.support == "real":
        start = None if condition is None else condition[chosen[0]]
        figures["traversals"] = plots.plot_traversals(model.traverse(condition=start, values=values), values, kl=kl)
    if len(x) > 1:
        pairs = min(5, len(x) // 2)
        starts, ends = x[chosen[:pairs]], x[chosen[pairs : 2 * pairs]]
        figures["interpolation"] = plots.plot_interpolation(
            model.interpolate(starts, ends, condition=condition_at(chosen[:pairs])),
            endpoints=tuple(np.nan_to_num(model.prepare(end).numpy()) for end in (starts, ends)),
        )
        most = chosen[:10_000]
        codes = model.encode(x[most], condition=condition_at(most)).mean().numpy().reshape(len(most), -1)
        figures["latent_map"] = plots.plot_latent_map(
            codes, None if labels is None else labels[most], label_names=label_names
        )
    if kl is not None:
        figures["kl_per_dimension"] = plots.plot_kl_per_dimension(
            kl, variance_of_means=variance_of_means(model, x, labels)
        )
    if history:
        figures["history"] = plots.plot_history(history)
    return figures


def verdict(metrics: Mapping[str, Any]) -> list[str]:
    """The figures in plain sentences, the most important first."""
    sentences = []
    if "log_likelihood" in metrics:
        sentences.append(
            f"A test example has a log-likelihood of at least {metrics['log_likelihood']:.2f} nats on average "
            f"(± {metrics['log_likelihood_standard_error']:.2f}, {metrics['log_likelihood_samples']} draws each)."
        )
    if "kl" in metrics:
        sentences.append(
            f"A code carries {metrics['kl']:.1f} nats ({metrics['kl'] / np.log(2):.1f} bits); "
            f"{metrics['active_units']} of {metrics['latent_dim']} dimensions are active."
        )
        if metrics["active_units"] == 0:
            sentences.append("The posterior has collapsed: the code says nothing about x. Lower the weight of the KL.")
    if "generalization_gap" in metrics:
        gap = metrics["generalization_gap"]
        overfits = gap > 0.05 * abs(metrics["elbo"]) + 1
        sentences.append(
            f"The ELBO is {abs(gap):.1f} nats {'higher' if gap >= 0 else 'lower'} in training than in validation"
            f"{': the model overfits' if overfits else ''}."
        )
    sentences.append(f"The mean squared error of a reconstruction is {metrics['reconstruction_mse']:.4f} per element.")
    return sentences


def page(
    title: str,
    figures: Mapping[str, Figure],
    *,
    metrics: Mapping[str, Any],
    configuration: Mapping[str, Any],
    environment: Mapping[str, str],
) -> str:
    """A self-contained HTML page: the verdict, the pictures, the figures, and how to repeat it."""
    answers = {
        "pictures": Answer("Pictures", {}, pictures={CAPTIONS[name]: figure for name, figure in figures.items()}),
        "figures": Answer("Figures on the test split", {name: Measure(value) for name, value in metrics.items()}),
    }
    return evaluation_page(
        title, answers, verdict=verdict(metrics), configuration=configuration, environment=environment
    )
