"""Do latent dimensions correspond to the true factors?"""

from functools import partial

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.disentanglement import disentanglement_scores
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.subject import FEWEST, Subject

QUESTION = "Do latent dimensions correspond to the true factors?"
IDEAL = {
    "beta_vae": "1; a linear classifier identifies the fixed factor",
    "factor_vae": "1; a majority vote identifies the fixed factor",
    "mig": "1; gap between the two most informative dimensions of each factor",
    "dci_disentanglement": "1; each dimension encodes one factor",
    "dci_completeness": "1; each factor is encoded by one dimension",
    "dci_informativeness": "1; the latents predict the factors",
    "sap": "higher; gap between the two most predictive dimensions of each factor",
    "modularity": "1; each dimension encodes one factor",
    "explicitness": "1; a linear classifier predicts the factors",
    "irs": "1; a dimension does not change with other factors",
}


def disentanglement(subject: Subject) -> Result:
    """All scores of the posterior means, by the protocol of Locatello et al."""
    test = subject.test
    if test.factors is None:
        return Result(QUESTION, {}, notes=("Not computed: the data have no known factors.",))
    if len(test) < FEWEST:
        return Result(QUESTION, {}, notes=(f"Not computed: expected {FEWEST} or more test examples.",))
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
        "Importance of each dimension for each factor. One dark cell in each row and column is ideal.",
        partial(plots.plot_factor_matrix, scored.importance, factor_names=scored.factor_names),
    )
    return Result(QUESTION, measurements, verdict, scored.notes, {"factors": picture})
