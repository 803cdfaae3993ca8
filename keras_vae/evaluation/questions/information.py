"""What do the codes carry, and does the encoder cheat?"""

import math

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.answer import Answer, Measure
from keras_vae.evaluation.kl_decomposition import decompose_kl
from keras_vae.evaluation.latent import has_kl_per_dimension, kl_per_dimension
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.subject import Subject

QUESTION = "What do the codes carry, and does the encoder cheat?"
NATS = "nats per example"
SHARP = 0.005
NEAREST = 16  # dimensions for which distances of neighbours still say something


def information(subject: Subject) -> Answer:
    """KL per dimension, active units, mutual information and the aggregate posterior, and warnings of collapse."""
    notes: list[str] = []
    pictures = {}
    active, width = int(subject.active.sum()), subject.means.shape[1]
    measures = {
        "active_units": Measure(active, f"of {width}", "all, or as many as the data need"),
        "latent_dim": Measure(width),
    }
    noise = _noise_share(subject)
    if noise is not None:
        measures["noise_share"] = Measure(
            noise, "of the variance of active codes", "between 0.01 and 0.5: neither a plain autoencoder nor collapsed"
        )
    if has_kl_per_dimension(subject.model):
        kl = kl_per_dimension(subject.model, subject.seen.x, subject.seen.y)
        measures["kl_bits"] = Measure(float(kl.sum() / math.log(2)), "bits per example", "what a code says of x")
        measures["largest_dimension"] = Measure(float(kl.max() / math.log(2)), "bits", "")
        pictures["How much does each dimension carry? Grey ones carry nothing."] = plots.plot_kl_per_dimension(
            kl, variance_of_means=subject.means.var(axis=0) if len(kl) == width else None
        )
    verdict = [_in_words(active, width, noise)]
    if subject.model.has_density:
        with left_out("mutual information", notes):
            verdict += _add_information(subject, measures, notes)
    else:
        notes.append("No KL divergence: posterior or prior has no density.")
    return Answer(QUESTION, measures, tuple(verdict), tuple(notes), pictures)


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


def _add_information(subject, measures, notes) -> list[str]:
    options = {"condition": subject.condition(subject.seen), "seed": subject.seed}
    parts = decompose_kl(subject.model, subject.seen.x, verbose=subject.verbose, **options)
    n, most = len(subject.seen), math.log(len(subject.seen))
    measures["mutual_information"] = Measure(
        parts.mutual_information, NATS, f"cut off at log N = {most:.1f}", parts.standard_error
    )
    measures["aggregate_kl"] = Measure(
        parts.aggregate_kl, NATS, "near 0: the codes together fill the prior", parts.standard_error
    )
    if parts.total_correlation is not None:
        measures["total_correlation"] = Measure(parts.total_correlation, NATS, "near 0: independent dimensions")
    told, nearest = parts, None
    if subject.model.posterior.support == "real" and subject.means.shape[1] <= NEAREST and n > 5:
        nearest = decompose_kl(subject.model, subject.seen.x, estimator="neighbours", **options)
        measures["mutual_information_neighbours"] = Measure(
            nearest.mutual_information, NATS, "near the other estimate, if that is not cut off", nearest.standard_error
        )
        measures["aggregate_kl_neighbours"] = Measure(nearest.aggregate_kl, NATS, "near 0", nearest.standard_error)
    if parts.mutual_information > most - 0.5:
        told = nearest
        notes.append(
            f"The mutual information is cut off at log N of the {n} examples: every code tells which one it is of. The "
            "true value is larger, and aggregate KL and total correlation are smaller by as much."
        )
    if told is None:
        return [f"Each code tells its example from all {n}: more than {most:.1f} of {parts.kl:.1f} nats of KL do that."]
    return [
        f"Of {told.kl:.1f} nats of KL, {told.mutual_information:.1f} tell examples apart and "
        f"{told.aggregate_kl:.1f} are a mismatch between all codes together and the prior."
    ]


def _in_words(active: int, width: int, noise: float | None) -> str:
    if active == 0:
        return "The posterior has collapsed: the code says nothing about x. Lower the weight of the KL, or warm it up."
    start = f"{active} of {width} dimensions are active"
    if noise is None:
        return f"{start}."
    if noise < SHARP:
        return (
            f"{start}, and the encoder behaves like that of a plain autoencoder: its noise is {noise:.2%} of the "
            "variance of the codes, so that neighbours need not decode alike. Raise the weight of the KL."
        )
    if noise > 0.9:
        return f"{start}, but they are nearly all noise ({noise:.0%}): the posterior is close to collapse."
    return f"{start}; noise makes up {noise:.0%} of their variance, so that neighbouring codes overlap."
