"""How much information do the latents contain?"""

import math
from functools import partial

import numpy as np

from keras_vae import plots
from keras_vae.distributions import DiscretePosterior
from keras_vae.evaluation.kl_decomposition import decompose_kl
from keras_vae.evaluation.latent import has_kl_per_dimension, kl_per_dimension
from keras_vae.evaluation.latent_use import LatentUse
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.subject import Subject
from keras_vae.models.code_usage import usage_of
from keras_vae.plots.events import is_image
from keras_vae.plots.sheet import MAX_ROWS

QUESTION = "How much information do the latents contain?"
NATS = "nats per example"
SHARP, SMALL = 0.05, 0.1
"""Nats per dimension that noise costs, where 0.5 is the optimum of the ELBO; and the share of noise in the variance."""
NEAREST = 16  # the largest dimension in which distances to neighbours are informative
MAPPED = 10_000


def information(subject: Subject) -> Result:
    """KL per dimension, active units, use of the codebook, mutual information, aggregate posterior, and collapse."""
    notes: list[str] = []
    active, width = int(subject.active.sum()), subject.means.shape[1]
    measurements = {
        "active_units": Measurement(active, f"of {width}", "all, or as many as the data need"),
        "latent_dim": Measurement(width),
    }
    verdict = []
    if subject.has_discrete_codes:
        verdict.append(_add_codes_in_use(subject, measurements))
    with left_out("what the decoder uses of the latents", notes):
        use = subject.latent_use
        measurements["latent_gain"] = Measurement(
            use.gain, NATS, "far above 0: the decoder explains an example better by its own latents", use.gain_error
        )
        if not subject.has_discrete_codes:
            verdict.append(about_latents(active, width, use, _add_noise(subject, measurements)))
        elif not use.is_used:
            verdict.append(_about_unused(use, discrete=True))
    kl = None
    if has_kl_per_dimension(subject.model):
        kl = kl_per_dimension(subject.model, subject.examples.x, subject.examples.y)
        measurements["kl_bits"] = Measurement(float(kl.sum() / math.log(2)), "bits per example", "")
        measurements["largest_dimension"] = Measurement(float(kl.max() / math.log(2)), "bits", "")
    if subject.model.has_density:
        with left_out("the mutual information", notes):
            subject.check_enough()
            verdict.append(_add_information(subject, measurements, notes))
    else:
        notes.append("Not computed: the KL divergence, because the posterior or the prior has no density.")
    return Result(QUESTION, measurements, tuple(verdict), tuple(notes), _pictures(subject, kl))


def _pictures(subject: Subject, kl: np.ndarray | None) -> dict[str, Picture]:
    pictures, model = {}, subject.model
    if kl is not None:
        variances = subject.means.var(axis=0) if len(kl) == subject.means.shape[1] else None
        pictures["kl_per_dimension"] = Picture(
            "KL of each dimension. Grey dimensions are inactive.",
            partial(plots.plot_kl_per_dimension, kl, variance_of_means=variances),
        )
    if model.prior is not None and model.posterior.support == "real":
        condition = subject.condition(subject.examples, slice(1))
        values = np.linspace(-3, 3, 11)
        width = subject.means.shape[1]
        each = kl if kl is not None and len(kl) == width else None
        order = np.arange(width) if each is None else np.argsort(-each, kind="stable")
        shown = order[:MAX_ROWS]  # a map of latents may have thousands of dimensions
        paths = model.traverse(condition=None if condition is None else condition[0], values=values, dimensions=shown)
        pictures["traversals"] = Picture(
            "Latent traversals. One dimension changes along a row; the others are constant.",
            partial(plots.plot_traversals, paths, values, kl=each, dimensions=shown, total=width),
        )
    if len(subject.examples) > 1:
        labels, rows = subject.examples.labels, subject.some(len(subject.examples), MAPPED)
        pictures["latent_map"] = Picture(
            "Map of the latents. Classes often form clusters, even if the model was trained without labels.",
            partial(
                plots.plot_latent_map,
                subject.means[rows],
                None if labels is None else labels[rows],
                label_names=subject.label_names,
            ),
        )
        if is_image(model.event_shape) and subject.means.shape[1] > 1:
            pictures["latent_images"] = Picture(
                "Map of the latents. Each image is the example whose latents are nearest to its place.",
                partial(plots.plot_latent_map, subject.means[rows], images=subject.examples.x[rows]),
            )
    return pictures


def _add_noise(subject: Subject, measurements: dict[str, Measurement]) -> float | None:
    """Adds what the noise of the posterior costs; returns E[Var(z | x)] / Var(z), averaged over active dimensions.

    Returns None for a posterior without noise, or with an unknown variance.
    """
    active = subject.active
    if not subject.model.posterior.has_density or not active.any():
        return None
    measurements["noise_cost"] = Measurement(
        subject.latent_use.noise_cost / int(active.sum()),
        "nats per active dimension",
        "about 0.5 for a VAE, near 0 for a plain autoencoder",
    )
    try:
        within = subject.posterior.variance().numpy()
    except NotImplementedError:
        return None
    within = within.reshape(len(within), -1).mean(axis=0)[active]
    share = float(np.mean(within / (within + subject.means.var(axis=0)[active])))
    measurements["noise_share"] = Measurement(
        share, "of the variance of active dimensions", "below 0.9: above, the posterior has nearly collapsed"
    )
    return share


def _add_codes_in_use(subject: Subject, measurements: dict[str, Measurement]) -> str:
    """Adds the number of codes in use at any position, and their perplexity, as `fit` reports them."""
    quantizer = subject.model.posterior
    levels = quantizer.levels if isinstance(quantizer, DiscretePosterior) else 1
    if isinstance(quantizer, DiscretePosterior):
        size: int | None = quantizer.codebook_size
        indices = subject.posterior.indices.numpy().reshape(-1, levels)
        counts = [np.bincount(level, minlength=size) for level in indices.T]
    else:  # vectors of a posterior of a user's own, without indices
        vectors, size = subject.means.reshape(-1, subject.model.latent_shape[-1]), None
        counts = [np.unique(vectors.round(6), axis=0, return_counts=True)[1]]
    perplexity, in_use = usage_of(counts)
    unit = "codes" if size is None else f"of {size} codes"
    measurements["codes_in_use"] = Measurement(float(in_use), unit, "near the number of codes")
    measurements["perplexity"] = Measurement(float(perplexity), unit, "near the number of codes in use")
    if in_use == 1:
        return "The discrete latents have collapsed to one code. Train for longer, or change the quantizer."
    each = f" in each of {levels} codebooks" if levels > 1 else ""
    return (
        f"The latents are discrete and have no noise. They use {in_use:.10g} {unit}{each}, with a perplexity "
        f"of {perplexity:.1f} (at most {in_use:.10g}, if all are equally frequent)."
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
        parts.aggregate_kl, NATS, "near 0: the aggregate posterior equals the prior", parts.standard_error
    )
    if parts.total_correlation is not None:
        measurements["total_correlation"] = Measurement(
            parts.total_correlation, NATS, "near 0: the dimensions are independent"
        )
    best, nearest = parts, None
    if subject.model.posterior.support == "real" and subject.means.shape[1] <= NEAREST:
        nearest = decompose_kl(subject.model, x, estimator="neighbours", **options)
        measurements["mutual_information_neighbours"] = Measurement(
            nearest.mutual_information,
            NATS,
            "near the other estimate, if that is below log N",
            nearest.standard_error,
        )
        measurements["aggregate_kl_neighbours"] = Measurement(
            nearest.aggregate_kl, NATS, "near 0", nearest.standard_error
        )
    if parts.mutual_information > most - 0.5:
        best = nearest
        notes.append(
            f"The estimate of the mutual information has reached its maximum, log N for N = {n} examples: each latent "
            "identifies its example. The true value is larger. The true aggregate KL and total correlation are smaller "
            "by the same amount."
        )
    if best is None:
        return (
            f"Of {parts.kl:.1f} nats of KL, more than {most:.1f} are mutual information: each latent identifies its "
            f"example among {n}."
        )
    return (
        f"Of {best.kl:.1f} nats of KL, {best.mutual_information:.1f} are the mutual information of examples and "
        f"latents, and {best.aggregate_kl:.1f} are the KL between the aggregate posterior and the prior"
        f"{'' if best is parts else ', estimated from nearest neighbours'}."
    )


def about_latents(active: int, width: int, use: LatentUse, noise: float | None) -> str:
    """Returns what the noise of the posterior tells about latents.

    Args:
        active: number of active dimensions.
        width: number of dimensions.
        use: what the decoder uses of them.
        noise: the share of noise in the variance of the active dimensions, if it is known.
    """
    if not use.is_used:
        return _about_unused(use)
    start = f"{active} of {width} dimensions are active"
    if noise is None:
        return f"{start}."
    cost = use.noise_cost / active
    if noise < SMALL and abs(cost) < SHARP:
        return (
            f"{start}, and the encoder behaves like that of a plain autoencoder: its noise is {noise:.2%} of the "
            f"variance of the latents, and costs {cost:.2g} nats per dimension, where about 0.5 is "
            "usual in a VAE. Nearby latents may decode differently. Increase the weight of the KL."
        )
    if noise > 0.9:
        return (
            f"{start}, but {noise:.0%} of their variance is noise: the posterior has nearly collapsed, or the training "
            "was too short for it to depend on x."
        )
    if cost < -SHARP:
        return (
            f"{start}; {noise:.2%} of their variance is noise. Test examples are explained too badly to tell its cost."
        )
    return f"{start}; {noise:.1%} of their variance is noise, which costs {cost:.2g} nats per dimension."


def _about_unused(use: LatentUse, *, discrete: bool = False) -> str:
    cause = "The decoder ignores them" if discrete else "The posterior has collapsed"
    remedy = (
        "or change the quantizer"
        if discrete
        else "use a likelihood with a learned scale, or decrease the weight of the KL"
    )
    return (
        "The latents are not used: an example is explained as well by the latents of another example "
        f"({max(use.gain, 0.0):.2g} nats worse). {cause}, or the training was too short. Train for longer, {remedy}."
    )
