"""Is the latent space complete: does every point of the prior decode to a meaningful example?"""

from functools import partial

import numpy as np

from keras_vae import plots
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.frechet import frechet_distance
from keras_vae.evaluation.holes import holes
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.prior_gap import mmd_to_prior, sliced_wasserstein_to_prior
from keras_vae.evaluation.questions.continuity import ALIKE
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.round_trip import round_trip
from keras_vae.evaluation.subject import FEWEST, Subject
from keras_vae.priors import GaussianMixturePrior

MOST_FITTED = 1024
"""Latents of a mixture with full covariance, which is fitted for comparison."""

QUESTION = "Is the latent space complete: does every point of the prior decode to a meaningful example?"


def completeness(subject: Subject) -> Result:
    """Compares latents with samples from the prior: distances, holes, round trips, and the gain of a fitted prior."""
    model, notes, measurements, verdict, pictures = subject.model, [], {}, [], {}
    if model.prior is None:
        return Result(QUESTION, {}, notes=("Not computed: the model has no prior; add one with `with_prior`.",))
    if subject.has_discrete_codes:
        return Result(QUESTION, {}, notes=("Not computed: these measurements need continuous latents.",))
    if len(subject.examples) < FEWEST:
        return Result(QUESTION, {}, notes=(f"Not computed: expected {FEWEST} or more test examples.",))
    mmd = mmd_to_prior(subject.codes, subject.draws)
    sliced = sliced_wasserstein_to_prior(subject.codes, subject.draws, seed=subject.seed)
    for name, gap, unit in (("mmd", mmd, "squared"), ("sliced_wasserstein", sliced, "squared, units of z")):
        good = f"near {gap.floor:.2g}, the value for two sets of samples from the prior"
        measurements[name] = Measurement(gap.value, unit, good, gap.standard_error)
    with left_out("holes", notes):
        regions = holes(subject.codes, subject.draws, seed=subject.seed)
        measurements["holes"] = Measurement(
            regions.share, "of samples from the prior", f"near {regions.quantile:g}, the share for latents"
        )
        outside = _share_outside(subject, regions.quantile)
        if outside is not None:
            measurements["outside_prior"] = Measurement(
                outside, "of latents", f"near {regions.quantile:g}, the share for samples from the prior"
            )
        verdict.append(_about_holes(regions.share, outside))
        pictures["overlap"] = Picture(
            "Do the latents cover the prior? A sample from the prior is in a hole if there are hardly any latents near "
            "it: the decoder was not trained there.",
            partial(
                plots.plot_overlap,
                regions.held_out,
                subject.draws,
                log_density_of_codes=regions.of_codes,
                log_density_of_draws=regions.of_draws,
            ),
        )
    with left_out("the round trip of samples from the prior", notes):
        labels = subject.drawn_condition
        n = min(2000, subject.budget.draws)
        condition = None if labels is None else labels[:n]
        back = round_trip(model, n, condition=condition, active=subject.active, seed=subject.seed)
        measurements["round_trip"] = Measurement(
            back.share, "of samples from the prior", "near 1: they return when decoded and encoded again"
        )
        verdict.append(
            f"{back.share:.0%} of the samples from the prior return to nearby latents when decoded and encoded again."
        )
    with left_out("samples from a fitted prior", notes):
        gain = _gain_of_fitted_prior(subject)
        measurements["fitted_prior_gain"] = Measurement(
            gain, f"squared, in {subject.feature_space.name}", "near 0: a prior fitted to the latents is no better"
        )
    if subject.latent_use.all_alike:
        verdict = [ALIKE]
    return Result(QUESTION, measurements, tuple(verdict), tuple(notes), pictures)


def _share_outside(subject: Subject, quantile: float) -> float | None:
    """The share of the latents whose prior density is below that quantile of samples from the prior.

    Holes are regions of the prior without latents; these are latents without the prior. None for a prior without a
    density.
    """
    if subject.model.prior is None or not subject.model.prior.has_density:
        return None
    prior, shape = subject.model.prior_distribution(), (-1, *subject.model.latent_shape)
    of_codes, of_draws = (prior.log_prob(z.reshape(shape)).numpy() for z in (subject.codes, subject.draws))
    return float((of_codes < np.quantile(of_draws, quantile)).mean())


def _gain_of_fitted_prior(subject: Subject) -> float:
    """The reduction of the Fréchet distance if a mixture fitted to the latents replaces the prior."""
    width = subject.codes.reshape(len(subject.codes), -1).shape[1]
    if width > MOST_FITTED:
        raise InvalidInputError(f"fitting covariances of {width} latents takes too long; the limit is {MOST_FITTED}.")
    components = max(1, min(20, len(subject.codes) // 20))
    fitted = GaussianMixturePrior.fit(
        subject.codes.reshape(-1, *subject.model.latent_shape), components=components, seed=subject.seed
    )
    n = len(subject.sample_features)
    drawn = fitted.distribution().sample(n, seed=(0, subject.seed)).numpy().reshape(n, -1)
    own, others = (
        frechet_distance(features, subject.test_features)
        for features in (subject.sample_features, subject.features_of_codes(drawn))
    )
    return own - others


def _about_holes(share: float, outside: float | None) -> str:
    """Whether latents and prior cover each other: there may be regions of one without the other."""
    where = f"{share:.1%} of its samples are in regions with hardly any latents (1% is ideal)"
    if share >= 0.3:
        return (
            f"The latents do not cover the prior: {where}, where the decoder was not trained. Fit a prior to the "
            "latents (`model.with_prior`), or increase the weight of the KL."
        )
    if outside is not None and outside >= 0.3:
        return (
            f"The prior does not cover the latents: {outside:.1%} of them are in regions where it has hardly any "
            "samples (1% is ideal), so that samples lack what is encoded there. Fit a prior to the latents "
            "(`model.with_prior`), or increase the weight of the KL."
        )
    if share < 0.05:
        return f"The latents cover the prior: {where}."
    return f"The prior has holes: {where}."
