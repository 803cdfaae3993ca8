"""All disentanglement scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keras_vae.checks import check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.disentanglement.beta_vae import beta_vae_score
from keras_vae.evaluation.disentanglement.dci import dci
from keras_vae.evaluation.disentanglement.explicitness import explicitness
from keras_vae.evaluation.disentanglement.factor_vae import PRUNE, active_dimensions, factor_vae_score
from keras_vae.evaluation.disentanglement.information import mutual_information
from keras_vae.evaluation.disentanglement.irs import irs
from keras_vae.evaluation.disentanglement.mig import mig
from keras_vae.evaluation.disentanglement.modularity import modularity
from keras_vae.evaluation.disentanglement.pool import LEAST, check_pool, sample_rows, split_rows, varying
from keras_vae.evaluation.disentanglement.sap import sap
from keras_vae.progress import progress

TRAIN, TEST = 10_000, 5_000

SCORES = {
    "beta_vae": beta_vae_score,
    "factor_vae": factor_vae_score,
    "mig": mig,
    "dci": dci,
    "sap": sap,
    "modularity": modularity,
    "explicitness": explicitness,
    "irs": irs,
}


@dataclass(frozen=True, eq=False)
class Disentanglement:
    """The correspondence between latent dimensions and the factors that generated the data.

    Attributes:
        scores: name -> score, at most 1: `beta_vae`, `factor_vae`, `mig`, `dci_disentanglement`, `dci_completeness`,
            `dci_informativeness`, `sap`, `modularity`, `explicitness`, `irs`.
        importance: `(D, K)`, importance of each dimension for each factor, from `dci`.
        mutual_information: `(D, K)`, mutual information of each binned dimension with each factor, nats.
        factor_names: K names, one per column.
        notes: sentences about missing factors and differences from the protocol.

    Example:

    >>> factors = np.random.default_rng(0).integers(2, size=(300, 2))
    >>> disentanglement_scores(factors.astype(float), factors, factor_names=["a", "b"]).importance.shape
    (2, 2)
    """

    scores: dict[str, float]
    importance: np.ndarray
    mutual_information: np.ndarray
    factor_names: tuple[str, ...]
    notes: tuple[str, ...]


def disentanglement_scores(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    factor_names: Sequence[str] | None = None,
    seed: int = 0,
    verbose: int = 0,
) -> Disentanglement:
    """Computes all scores, with the protocol of Locatello et al.

    See the functions of the scores for their meaning and their level for noise. The rows are split once, into at most
    10,000 for training and 5,000 for testing, or in the ratio 2 to 1 if there are fewer. `mig`, `modularity` and `irs`
    use at most 10,000 rows; `beta_vae` and `factor_vae` sample from all rows. The columns of constant factors in the
    matrices are 0.

    Args:
        codes: latents `(N, D)`, one row per example, such as the posterior means.
        factors: `(N, K)` integers, the indices of the values of the factors.
        factor_names: K different names. None uses `factor_0`, `factor_1`, ...
        seed: seed of all random numbers.
        verbose: 1 shows a progress bar.

    Raises:
        InvalidInputError: if the arrays do not match or have fewer than 10 rows, if no factor varies, or if an argument
            is out of its range.

    Example:

    >>> factors = np.random.default_rng(0).integers(2, size=(300, 2))
    >>> found = disentanglement_scores(factors.astype(float), factors, factor_names=["shape", "colour"])
    >>> round(found.scores["dci_disentanglement"], 3)
    1.0

    Reference: Locatello et al., 2019, https://arxiv.org/abs/1811.12359
    """
    part = "disentanglement_scores"
    check_seed(seed)
    if verbose not in (0, 1):
        raise InvalidInputError(f"{part}: verbose must be 0 or 1; got {verbose!r}.")
    codes, factors = check_pool(part, codes, factors, least=LEAST)
    names = _names(part, factor_names, factors.shape[1])
    fit, _ = split_rows(part, len(codes), train=TRAIN, test=TEST, seed=seed)
    kept = varying(part, factors[fit])
    notes = _notes(codes, names, kept)

    names_to_go = progress(SCORES, len(SCORES), "disentanglement scores") if verbose else SCORES
    results = {name: SCORES[name](codes, factors[:, kept], seed=seed) for name in names_to_go}
    trees = results.pop("dci")
    importance, information = np.zeros((2, codes.shape[1], len(names)))
    importance[:, kept] = trees.importance
    rows = sample_rows(part, len(codes), samples=TRAIN, seed=seed)
    information[:, kept] = mutual_information(codes[rows], factors[rows][:, kept])
    for name in ("disentanglement", "completeness", "informativeness"):
        results[f"dci_{name}"] = getattr(trees, name)
    return Disentanglement(results, importance, information, names, notes)


def _names(part, names, count):
    if names is None:
        return tuple(f"factor_{k}" for k in range(count))
    texts = not isinstance(names, str) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != count or len(set(names)) != count:
        raise InvalidInputError(f"{part}: expected {count} different factor_names, one per column; got {names!r}.")
    return tuple(names)


def _notes(codes, names, kept):
    notes = []
    constant = [name for k, name in enumerate(names) if k not in kept]
    if constant:
        notes.append(f"Factors with a single value were left out: {', '.join(constant)}.")
    if len(kept) == 1:
        notes.append("With a single factor, beta_vae and dci_disentanglement are always 1.")
    active = active_dimensions(codes)
    if not active.any():
        notes.append(f"The latents have collapsed: no variance is {PRUNE} or more, and factor_vae is 0.")
    elif not active.all():
        dead = ", ".join(map(str, np.flatnonzero(~active)))
        notes.append(
            f"The variance is below {PRUNE} in the dimensions {dead} of 0 to {len(active) - 1}. factor_vae leaves them "
            "out. mig, dci and modularity do not depend on the scale and include them."
        )
    if len(codes) < TRAIN + TEST:
        notes.append(
            f"There are {len(codes)} rows instead of the {TRAIN + TEST} of the protocol: the scores are less certain, "
            "and the estimates of mutual information are too large."
        )
    return tuple(notes)
