"""What do the codes carry?"""

import math
from functools import partial

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.kl_decomposition import decompose_kl
from keras_vae.evaluation.latent import has_kl_per_dimension, kl_per_dimension
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.subject import Subject

QUESTION = "What do the codes carry?"
NATS = "nats per example"
SHARP = 0.005
NEAREST = 16  # most dimensions in which distances to neighbours are informative
MAPPED = 10_000


def information(subject: Subject) -> Result:
    """KL per dimension, active units, codes in use, mutual information, the aggregate posterior, and collapse."""
    notes: list[str] = []
    active, width = int(subject.active.sum()), subject.means.shape[1]
    measurements = {
        "active_units": Measurement(active, f"of {width}", "all, or as many as the data need"),
        "latent_dim": Measurement(width),
    }
    if subject.has_discrete_codes:
        verdict = [_add_codes_in_use(subject, measurements)]
    else:
        noise = _noise_share(subject)
        if noise is not None:
            measurements["noise_share"] = Measurement(
                noise, "of the variance of active codes", "0.01 to 0.5: neither a plain autoencoder nor collapsed"
            )
        verdict = [_about_noise(active, width, noise)]
    kl = None
    if has_kl_per_dimension(subject.model):
        kl = kl_per_dimension(subject.model, subject.examples.x, subject.examples.y)
        measurements["kl_bits"] = Measurement(float(kl.sum() / math.log(2)), "bits per example", "")
        measurements["largest_dimension"] = Measurement(float(kl.max() / math.log(2)), "bits", "")
    if subject.model.has_density:
        with left_out("mutual information", notes):
            subject.check_enough()
            verdict.append(_add_information(subject, measurements, notes))
    else:
        notes.append("No KL divergence: posterior or prior has no density.")
    return Result(QUESTION, measurements, tuple(verdict), tuple(notes), _pictures(subject, kl))


def _pictures(subject: Subject, kl: np.ndarray | None) -> dict[str, Picture]:
    pictures, model = {}, subject.model
    if kl is not None:
        variances = subject.means.var(axis=0) if len(kl) == subject.means.shape[1] else None
        pictures["kl_per_dimension"] = Picture(
            "How much does each dimension carry? Grey ones carry nothing.",
            partial(plots.plot_kl_per_dimension, kl, variance_of_means=variances),
        )
    if model.prior is not None and model.posterior.support == "real":
        condition = subject.condition(subject.examples, slice(1))
        values = np.linspace(-3, 3, 11)
        paths = model.traverse(condition=None if condition is None else condition[0], values=values)
        pictures["traversals"] = Picture(
            "What does each dimension encode? One dimension moves along a row, the others stay.",
            partial(plots.plot_traversals, paths, values, kl=kl),
        )
    if len(subject.examples) > 1:
        labels, rows = subject.examples.labels, subject.some(len(subject.examples), MAPPED)
        pictures["latent_map"] = Picture(
            "Where are the codes? Classes often form islands, even if the model was trained without labels.",
            partial(
                plots.plot_latent_map,
                subject.means[rows],
                None if labels is None else labels[rows],
                label_names=subject.label_names,
            ),
        )
    return pictures


def _noise_share(subject: Subject) -> float | None:
    """E[Var(z | x)] over Var(z), averaged over active dimensions: 0 in a plain autoencoder; None if not known."""
    if not subject.model.posterior.has_density or not subject.active.any():
        return None
    try:
        within = subject.posterior.variance().numpy()
    except NotImplementedError:
        return None
    within = within.reshape(len(within), -1).mean(axis=0)[subject.active]
    return float(np.mean(within / (within + subject.means.var(axis=0)[subject.active])))


def _add_codes_in_use(subject: Subject, measurements: dict[str, Measurement]) -> str:
    """Adds how many discrete vectors occur at any position of the code, and their perplexity."""
    vectors = subject.means.reshape(-1, subject.model.latent_shape[-1])
    _, counts = np.unique(vectors.round(6), axis=0, return_counts=True)
    shares = counts / counts.sum()
    perplexity = float(np.exp(-np.sum(shares * np.log(shares))))
    measurements["codes_in_use"] = Measurement(len(counts), "different vectors", "near the number of codes")
    measurements["perplexity"] = Measurement(perplexity, "codes", "near the number of codes in use")
    if len(counts) == 1:
        return "The codes have collapsed: every example has the same code. Spread the codes, or train for longer."
    return (
        f"The codes are discrete and have no noise: {len(counts)} different ones are in use, with a perplexity of "
        f"{perplexity:.1f} (equally frequent codes would give {len(counts)})."
    )


def _add_information(subject, measurements, notes) -> str:
    options = {"condition": subject.condition(subject.examples), "seed": subject.seed}
    x = subject.examples.x
    parts = decompose_kl(subject.model, x, verbose=subject.verbose, **options)
    n, most = len(x), math.log(len(x))
    measurements["mutual_information"] = Measurement(
        parts.mutual_information, NATS, f"at most log N = {most:.1f} with this estimator", parts.standard_error
    )
    measurements["aggregate_kl"] = Measurement(
        parts.aggregate_kl, NATS, "near 0: the codes together follow the prior", parts.standard_error
    )
    if parts.total_correlation is not None:
        measurements["total_correlation"] = Measurement(parts.total_correlation, NATS, "near 0: independent dimensions")
    best, nearest = parts, None
    if subject.model.posterior.support == "real" and subject.means.shape[1] <= NEAREST:
        nearest = decompose_kl(subject.model, x, estimator="neighbours", **options)
        measurements["mutual_information_neighbours"] = Measurement(
            nearest.mutual_information,
            NATS,
            "near the other estimate, where that is below log N",
            nearest.standard_error,
        )
        measurements["aggregate_kl_neighbours"] = Measurement(
            nearest.aggregate_kl, NATS, "near 0", nearest.standard_error
        )
    if parts.mutual_information > most - 0.5:
        best = nearest
        notes.append(
            f"The estimate of the mutual information has reached its limit, log N of the {n} examples: every code "
            "identifies its example. The true value is larger, and aggregate KL and total correlation are smaller by "
            "the same amount."
        )
    if best is None:
        return (
            f"Of {parts.kl:.1f} nats of KL, more than {most:.1f} are mutual information: each code identifies its "
            f"example among {n}."
        )
    return (
        f"Of {best.kl:.1f} nats of KL, {best.mutual_information:.1f} are mutual information of code and example, and "
        f"{best.aggregate_kl:.1f} are the mismatch between all codes together and the prior."
    )


def _about_noise(active: int, width: int, noise: float | None) -> str:
    if active == 0:
        return "The posterior has collapsed: the code does not depend on x. Lower the weight of the KL, or warm it up."
    start = f"{active} of {width} dimensions are active"
    if noise is None:
        return f"{start}."
    if noise < SHARP:
        return (
            f"{start}, and the encoder behaves like that of a plain autoencoder: its noise is {noise:.2%} of the "
            "variance of the codes, so neighbouring codes may decode differently. Raise the weight of the KL."
        )
    if noise > 0.9:
        return f"{start}, but they are nearly all noise ({noise:.0%}): the posterior is close to collapse."
    return f"{start}; noise makes up {noise:.0%} of their variance, so neighbouring codes overlap."
