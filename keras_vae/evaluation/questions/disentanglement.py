"""Do dimensions of the code stand for the true factors?"""

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.answer import Answer, Measure
from keras_vae.evaluation.disentanglement import disentanglement_scores
from keras_vae.evaluation.subject import Subject

QUESTION = "Do dimensions of the code stand for the true factors?"
GOOD = {
    "beta_vae": "1; linear classifier of the factor that is fixed",
    "factor_vae": "1; majority vote on the factor that is fixed",
    "mig": "1; gap between the two dimensions that know most of a factor",
    "dci_disentanglement": "1; a dimension tells of one factor",
    "dci_completeness": "1; a factor is told by one dimension",
    "dci_informativeness": "1; all is told",
    "sap": "the larger the better; gap between the two best dimensions",
    "modularity": "1; a dimension tells of one factor",
    "explicitness": "1; a linear classifier suffices",
    "irs": "1; other factors leave a dimension alone",
}


def disentanglement(subject: Subject) -> Answer:
    """All scores of the posterior means, by the protocol of Locatello et al."""
    test = subject.test
    if test.factors is None:
        return Answer(QUESTION, {}, notes=("Left out: the true factors of these data are not known.",))
    rows = np.random.default_rng(subject.seed).permutation(len(test))[:15_000]
    pool = test[np.sort(rows)]
    means = subject.model.encode(pool.x, condition=subject.condition(pool)).mean().numpy().reshape(len(pool), -1)
    names = subject.factor_names or None
    found = disentanglement_scores(means, pool.factors, factor_names=names, seed=subject.seed, verbose=subject.verbose)
    measures = {name: Measure(value, "", GOOD[name]) for name, value in found.scores.items()}
    best = found.importance.argmax(axis=0)
    told = ", ".join(f"{name} z{d}" for name, d in zip(found.factor_names, best, strict=True))
    score = found.scores["dci_disentanglement"]
    apart = "well apart" if score > 0.7 else "partly apart" if score > 0.3 else "mixed"
    verdict = (
        f"The factors are {apart} (DCI disentanglement {score:.2f}, MIG {found.scores['mig']:.2f}). "
        f"Most is told of {told}.",
    )
    picture = plots.plot_factor_matrix(found.importance, factor_names=found.factor_names)
    pictures = {"Which dimension tells of which factor? One dark cell in each row and column is ideal.": picture}
    return Answer(QUESTION, measures, verdict, found.notes, pictures)
