"""How well does the model explain the data?"""

import math

import numpy as np

from keras_vae.evaluation.annealed import annealed_log_likelihood
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.subject import Subject

QUESTION = "How well does the model explain the data?"
NATS = "nats per example"
IDEAL = {
    "elbo": "higher; near the log-likelihood",
    "nll": "lower; compare only models with the same likelihood",
    "kl": "the rate; neither low nor high is better by itself",
    "loss": "the value that training minimises",
}
LEAST_SHARE = 0.1
"""The least effective sample size, relative to the number of samples, of an estimate that is not noted."""

EQUAL = 0.05
"""Errors that differ by less than this share count as equal."""


def likelihood(subject: Subject) -> Result:
    """The ELBO and its terms, the importance-weighted bound, annealed importance sampling, and the training gap."""
    model, budget, metrics = subject.model, subject.budget, subject.metrics
    order = [name for name in ("elbo", "nll", "kl") if name in metrics]
    order += [name for name in metrics if name not in order]
    measurements = {
        name: Measurement(metrics[name], NATS, IDEAL.get(name, "a term of the objective")) for name in order
    }
    measurements["examples"] = Measurement(len(subject.examples), f"of {len(subject.test)}", "all")
    notes: list[str] = []
    verdict: list[str] = []
    if not model.has_density:
        notes.append("Not computed: the log-likelihood, because the posterior or the prior has no density.")
        verdict.append(f"The model has no density. Its reconstruction NLL is {metrics['nll']:.1f} nats per example.")
    elif budget.samples:
        verdict.append(_add_bound(subject, measurements))
    if model.has_density and budget.annealed is None and not budget.annealed_for(subject.size):
        notes.append(
            f"Not computed: annealed importance sampling, which takes long for examples of {subject.size:,} values; "
            "in Python, Budget(annealed=32) computes it."
        )
    if model.has_density and budget.annealed_for(subject.size):
        with left_out("annealed importance sampling", notes):
            verdict.append(_add_annealed(subject, measurements))
    if subject.training_metrics is None:
        notes.append("Not computed: the generalization gap, because no training examples were given.")
    else:
        verdict.append(_add_gap(subject, measurements))
    return Result(QUESTION, measurements, tuple(verdict), tuple(notes))


def _add_gap(subject, measurements) -> str:
    """Adds the gap between training and test examples, and returns what it tells about overfitting.

    A gap alone tells little: every model explains the examples better that it was fitted to, and more so the more
    values they have. A model that overfits is worse for new examples than a simpler one. PCA is such a model.
    """
    name, sign = ("elbo", 1) if subject.model.has_density else ("nll", -1)
    test, train = subject.metrics[name], subject.training_metrics[name]
    gap = sign * (train - test)
    ideal = "near 0: " + ("training ELBO minus test ELBO" if sign > 0 else "test NLL minus training NLL")
    error = _error_of_gap(subject)
    measurements["generalization_gap"] = Measurement(gap, NATS, ideal, error)
    compared = f"{abs(gap):.1f} nats {'better' if gap >= 0 else 'worse'} on training than on test examples"
    ratios = subject.error_over_pca
    if ratios is not None:
        unit = f"relative to PCA with {len(subject.pca.directions)} components"
        measurements["training_mse_over_pca"] = Measurement(ratios[0], unit, "near that of test examples")
        measurements["test_mse_over_pca"] = Measurement(ratios[1], unit, "below 1")
        if ratios[0] < 1 - EQUAL and ratios[1] > 1 + EQUAL:
            return (
                f"The model overfits: its {name.upper()} is {compared}. It reconstructs training examples better than "
                f"PCA ({ratios[0]:.2f} times the error), but test examples worse ({ratios[1]:.2f} times). Use more "
                "examples, fewer epochs or smaller networks."
            )
    if error is not None and gap <= 2 * error:
        return f"No overfitting: the {name.upper()} is {compared}, which is within two standard errors."
    return (
        f"The {name.upper()} is {compared}. Nearly all models have such a gap. The validation curve of the training "
        "shows whether fewer epochs are better."
    )


def _error_of_gap(subject) -> float | None:
    """The standard error of the gap, assuming that the ELBO varies between examples like the log-likelihood."""
    if not subject.model.has_density or not subject.budget.samples:
        return None
    spread = subject.importance_sampling.log_likelihood.std()
    return float(spread * math.sqrt(1 / len(subject.examples) + 1 / len(subject.training_examples)))


def _add_bound(subject, measurements) -> str:
    samples, weighted = subject.budget.samples, subject.importance_sampling
    values = weighted.log_likelihood
    mean, error = float(values.mean()), float(values.std() / math.sqrt(len(values)))
    share = float(weighted.effective_sample_size.mean()) / samples
    gain = mean - subject.weighted_elbo
    measurements["log_likelihood"] = Measurement(
        mean, NATS, f"higher; a bound from {samples} samples per example", error
    )
    if len(values) < len(subject.examples):
        measurements["log_likelihood_examples"] = Measurement(len(values), f"of {len(subject.examples)}", "all")
    measurements["log_likelihood_samples"] = Measurement(samples, "per example", "more samples give a tighter bound")
    measurements["bits_per_dimension"] = Measurement(
        -mean / (subject.size * math.log(2)), "bits per dimension", "lower; may be negative for a density"
    )
    measurements["effective_sample_size"] = Measurement(
        share, f"of {samples} samples", "above 0.1; below, few samples dominate the estimate"
    )
    measurements["importance_weighted_gain"] = Measurement(gain, NATS, "near 0: q(z | x) is near the true posterior")
    few = (
        f" A few of the {samples} samples of an example dominate its estimate, which is thus too low; use more samples."
        if share < LEAST_SHARE
        else ""
    )
    where = f" on the same {len(values):,} examples" if len(values) < len(subject.examples) else ""
    return (
        f"The mean log-likelihood of a test example is at least {mean:.2f} nats (± {error:.2f}). The ELBO is "
        f"{max(gain, 0.0):.1f} nats lower{where}.{few}"
    )


def _add_annealed(subject, measurements) -> str:
    budget, model = subject.budget, subject.model
    rows = subject.some(len(subject.examples), budget.annealed_for(subject.size))
    x, condition = subject.examples.x[rows], subject.condition(subject.examples, rows)
    annealed = annealed_log_likelihood(
        model,
        x,
        condition=condition,
        steps=budget.annealed_steps,
        leapfrog_steps=5,
        seed=subject.seed,
        verbose=subject.verbose,
    )
    bound = model.log_likelihood(x, condition=condition, samples=max(budget.samples, 1000), seed=subject.seed)
    gap = annealed.log_likelihood - bound
    error = float(np.hypot(gap.std(), annealed.standard_error.mean()) / math.sqrt(len(gap)))
    measurements["annealed_log_likelihood"] = Measurement(
        float(annealed.log_likelihood.mean()),
        f"{NATS}, {len(gap)} examples",
        "near the bound on the same examples",
        float(annealed.log_likelihood.std() / math.sqrt(len(gap))),
    )
    measurements["annealed_minus_bound"] = Measurement(
        float(gap.mean()), NATS, "near 0; positive if the bound is too low", error
    )
    if gap.mean() > max(2 * error, 0.5):
        return (
            f"Annealed importance sampling, which does not use the encoder, gives {gap.mean():.1f} nats more on "
            f"{len(gap)} examples: the encoder misses part of the true posterior, and the bound is too low."
        )
    if gap.mean() < -max(2 * error, 0.5):
        return (
            f"Annealed importance sampling gives {-gap.mean():.1f} nats less than the bound on {len(gap)} examples: "
            "its chains have not converged. Increase the number of steps."
        )
    return (
        f"Annealed importance sampling, which does not use the encoder, agrees with the bound on {len(gap)} examples."
    )
