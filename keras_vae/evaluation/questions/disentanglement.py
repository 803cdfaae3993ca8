"""Do dimensions of the code correspond to the true factors?"""

from functools import partial

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.disentanglement import disentanglement_scores
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.subject import FEWEST, Subject

QUESTION = "Do dimensions of the code correspond to the true factors?"
IDEAL = {
    "beta_vae": "1; a linear classifier finds the factor that is fixed",
    "factor_vae": "1; a majority vote finds the factor that is fixed",
    "mig": "1; gap between the two most informative dimensions of a factor",
    "dci_disentanglement": "1; each dimension encodes one factor",
    "dci_completeness": "1; each factor is encoded by one dimension",
    "dci_informativeness": "1; the factors can be predicted from the code",
    "sap": "higher; gap between the two best dimensions",
    "modularity": "1; each dimension encodes one factor",
    "explicitness": "1; a linear classifier suffices",
    "irs": "1; other factors do not change a dimension",
}


def disentanglement(subject: Subject) -> Result:
    """All scores of the posterior means, by the protocol of Locatello et al."""
    test = subject.test
    if test.factors is None:
        return Result(QUESTION, {}, notes=("Left out: the true factors of these data are not known.",))
    if len(test) < FEWEST:
        return Result(QUESTION, {}, notes=(f"Left out: expected {FEWEST} or more test examples.",))
    rows = np.random.default_rng(subject.seed).permutation(len(test))[:15_000]
    rows = np.sort(rows)
    pool, factors = test[rows], test.factors[rows]
    means = subject.model.encode(pool.x, condition=subject.condition(pool)).mean().numpy().reshape(len(pool), -1)
    names = subject.factor_names or None
    scored = disentanglement_scores(means, factors, factor_names=names, seed=subject.seed, verbose=subject.verbose)
    measurements = {name: Measurement(value, "", IDEAL[name]) for name, value in scored.scores.items()}
    best = scored.importance.argmax(axis=0)
    pairs = ", ".join(f"{name} z{d}" for name, d in zip(scored.factor_names, best, strict=True))
    score = scored.scores["dci_disentanglement"]
    apart = "well separated" if score > 0.7 else "partly separated" if score > 0.3 else "mixed"
    verdict = (
        f"The factors are {apart} (DCI disentanglement {score:.2f}, MIG {scored.scores['mig']:.2f}). "
        f"The most important dimension of each factor: {pairs}.",
    )
    picture = Picture(
        "Which dimension encodes which factor? One dark cell in each row and column is ideal.",
        partial(plots.plot_factor_matrix, scored.importance, factor_names=scored.factor_names),
    )
    return Result(QUESTION, measurements, verdict, scored.notes, {"factors": picture})
