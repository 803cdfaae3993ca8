"""Is the latent space complete: does every point of the prior decode to something meaningful?"""

from keras_vae import plots
from keras_vae.evaluation.answer import Answer, Measure
from keras_vae.evaluation.frechet import frechet_distance
from keras_vae.evaluation.holes import holes
from keras_vae.evaluation.prior_gap import mmd_to_prior, sliced_wasserstein_to_prior
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.round_trip import round_trip
from keras_vae.evaluation.subject import Subject
from keras_vae.priors import GaussianMixture

QUESTION = "Is the latent space complete: does every point of the prior decode to something meaningful?"


def completeness(subject: Subject) -> Answer:
    """Codes against prior draws, holes, the way there and back, and what a fitted prior would gain."""
    model, notes, measures, verdict, pictures = subject.model, [], {}, [], {}
    if model.prior is None:
        return Answer(QUESTION, {}, notes=("Left out: the model has no prior; give it one with `with_prior`.",))
    if model.posterior.support == "codes":
        return Answer(QUESTION, {}, notes=("Left out: codes are discrete, and their prior is judged by the KL.",))
    mmd = mmd_to_prior(subject.codes, subject.draws)
    sliced = sliced_wasserstein_to_prior(subject.codes, subject.draws, seed=subject.seed)
    for name, gap, unit in (("mmd", mmd, "squared"), ("sliced_wasserstein", sliced, "squared, units of z")):
        good = f"near {gap.floor:.2g}, that of two sets of prior draws"
        measures[name] = Measure(gap.value, unit, good, gap.standard_error)
    with left_out("holes", notes):
        found = holes(subject.codes, subject.draws, seed=subject.seed)
        measures["holes"] = Measure(found.share, "of prior draws", f"near {found.quantile:g}, the same share of codes")
        verdict.append(_holes_in_words(found.share))
        pictures["Do codes fill the prior? Draws where hardly a code lies are in holes: nothing was learned there."] = (
            plots.plot_overlap(
                found.held_out, subject.draws, log_density_of_codes=found.of_codes, log_density_of_draws=found.of_draws
            )
        )
    with left_out("the way there and back", notes):
        labels = subject.drawn_condition
        n = min(2000, subject.budget.draws)
        condition = None if labels is None else labels[:n]
        back = round_trip(model, n, condition=condition, active=subject.active, seed=subject.seed)
        measures["round_trip"] = Measure(back.share, "of prior draws", "near 1: decoded and encoded, they return near")
        verdict.append(f"{back.share:.0%} of prior draws come back near when they are decoded and encoded again.")
    with left_out("samples from a fitted prior", notes):
        gain = _gain_of_fitted_prior(subject)
        measures["fitted_prior_gain"] = Measure(
            gain, f"squared, in {subject.feature_space.name}", "near 0: a prior fitted to the codes draws no better"
        )
    return Answer(QUESTION, measures, tuple(verdict), tuple(notes), pictures)


def _gain_of_fitted_prior(subject: Subject) -> float:
    """By how much samples come closer to the test examples if codes are drawn from a mixture fitted to the codes."""
    components = max(1, min(20, len(subject.codes) // 20))
    fitted = GaussianMixture.fit(
        subject.codes.reshape(-1, *subject.model.latent_shape), components=components, seed=subject.seed
    )
    n = len(subject.sample_features)
    drawn = fitted.distribution().sample(n, seed=(0, subject.seed)).numpy().reshape(n, -1)
    own, others = (
        frechet_distance(features, subject.test_features)
        for features in (subject.sample_features, subject.features_of_codes(drawn))
    )
    return own - others


def _holes_in_words(share: float) -> str:
    if share < 0.05:
        return f"The codes fill the prior: {share:.1%} of its draws fall where hardly a code lies (1% would be ideal)."
    if share < 0.3:
        return f"The prior has holes: {share:.0%} of its draws fall where hardly a code lies (1% would be ideal)."
    return (
        f"The codes do not fill the prior: {share:.0%} of its draws fall where hardly a code lies, and need not decode "
        "to anything. Fit a prior to the codes (`model.with_prior`), or raise the weight of the KL."
    )
