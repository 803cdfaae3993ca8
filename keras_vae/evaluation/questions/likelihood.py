"""How well does the model explain the data?"""

import math

import numpy as np

from keras_vae.evaluation.annealed import annealed_log_likelihood
from keras_vae.evaluation.answer import Answer, Measure
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.subject import Subject

QUESTION = "How well does it explain the data?"
NATS = "nats per example"
GOOD = {
    "elbo": "higher; near the log-likelihood",
    "nll": "lower, for the same likelihood",
    "kl": "what the code costs; no good or bad by itself",
    "loss": "what training minimised",
}


def likelihood(subject: Subject) -> Answer:
    """The ELBO and its terms, the importance-weighted bound, its check by annealing, and the gap to training."""
    model, seen, budget = subject.model, subject.seen, subject.budget
    condition = subject.condition(seen)
    found = model.evaluate(seen.x, condition, batch_size=256, return_dict=True, verbose=0)
    learned = model.evaluate(
        subject.learned.x, subject.condition(subject.learned), batch_size=256, return_dict=True, verbose=0
    )
    order = [name for name in ("elbo", "nll", "kl") if name in found]
    order += [name for name in found if name not in order]
    measures = {name: Measure(found[name], NATS, GOOD.get(name, "a term of the objective")) for name in order}
    measures["examples"] = Measure(len(seen), f"of {len(subject.test)}", "all")
    notes: list[str] = []
    verdict: list[str] = []
    if not model.has_density:
        notes.append("No likelihood: posterior or prior has no density, so that there is no bound on log p(x).")
        gap = found["nll"] - learned["nll"]
        measures["generalization_gap"] = Measure(gap, NATS, "near 0: test NLL less training NLL")
        verdict.append(f"The model is no density model; its reconstruction NLL is {found['nll']:.1f} nats per example.")
        return Answer(QUESTION, measures, (*verdict, _gap_in_words(gap)), tuple(notes))
    if budget.samples:
        verdict.append(_add_bound(subject, measures, condition))
    if budget.annealed:
        with left_out("annealed importance sampling", notes):
            verdict.append(_add_annealed(subject, measures, condition))
    gap = learned["elbo"] - found["elbo"]
    measures["generalization_gap"] = Measure(gap, NATS, "near 0: training ELBO less test ELBO")
    return Answer(QUESTION, measures, (*verdict, _gap_in_words(gap)), tuple(notes))


def _add_bound(subject, measures, condition) -> str:
    samples = subject.budget.samples
    weighted = subject.model.importance_sampling(
        subject.seen.x, condition=condition, samples=samples, seed=subject.seed, verbose=subject.verbose
    )
    values = weighted.log_likelihood
    mean, error = float(values.mean()), float(values.std() / math.sqrt(len(values)))
    share = float(weighted.effective_sample_size.mean()) / samples
    measures["log_likelihood"] = Measure(mean, NATS, f"higher; a lower bound from {samples} draws each", error)
    measures["bits_per_dimension"] = Measure(
        -mean / (subject.size * math.log(2)), "bits per number", "lower; of densities it may be negative"
    )
    measures["effective_sample_size"] = Measure(share, f"of {samples} draws", "above 0.1; below, few draws decide")
    measures["importance_weighted_gain"] = Measure(
        mean - measures["elbo"].value, NATS, "small: q(z | x) is near the true posterior"
    )
    return (
        f"A test example has a log-likelihood of at least {mean:.2f} nats on average (± {error:.2f}); the ELBO is "
        f"{mean - measures['elbo'].value:.1f} nats below that."
    )


def _add_annealed(subject, measures, condition) -> str:
    budget, model = subject.budget, subject.model
    rows = slice(0, budget.annealed)
    given = None if condition is None else condition[rows]
    annealed = annealed_log_likelihood(
        model,
        subject.seen.x[rows],
        condition=given,
        steps=budget.annealed_steps,
        leapfrog_steps=5,
        seed=subject.seed,
        verbose=subject.verbose,
    )
    bound = model.log_likelihood(
        subject.seen.x[rows], condition=given, samples=max(budget.samples, 1000), seed=subject.seed
    )
    gap = annealed.log_likelihood - bound
    error = float(np.hypot(gap.std(), annealed.standard_error.mean()) / math.sqrt(len(gap)))
    measures["annealed_log_likelihood"] = Measure(
        float(annealed.log_likelihood.mean()),
        f"{NATS}, {len(gap)} examples",
        "near the bound on the same examples",
        float(annealed.log_likelihood.std() / math.sqrt(len(gap))),
    )
    measures["annealed_minus_bound"] = Measure(
        float(gap.mean()), NATS, "near 0; above, the encoder hides likelihood from the bound", error
    )
    if gap.mean() > max(2 * error, 0.5):
        return (
            f"Annealed importance sampling, which does without the encoder, finds {gap.mean():.1f} nats more on "
            f"{len(gap)} examples: the encoder misses a part of the true posterior, and the bound is too low."
        )
    if gap.mean() < -max(2 * error, 0.5):
        return (
            f"Annealed importance sampling stays {-gap.mean():.1f} nats below the bound on {len(gap)} examples: its "
            "chains have not arrived; give it more steps."
        )
    return f"Annealed importance sampling, which does without the encoder, agrees on {len(gap)} examples."


def _gap_in_words(gap: float) -> str:
    if gap > 2:
        return f"Training examples are explained {gap:.1f} nats better than test examples: the model overfits."
    return f"Training and test examples are explained alike (a gap of {gap:.1f} nats)."
