"""Directions of the latent space that change an attribute."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae.checks import check_seed
from keras_vae.errors import InvalidInputError

HELD_OUT, LEAST = 0.2, 5
"""The share of the examples that test a direction, and the least number of examples with and without the attribute."""


class AttributeDirections:
    """The directions from the examples without an attribute to those with it, for each attribute.

        v_k = mean of z with attribute k - mean of z without it

    Moving a latent by v_k gives an example the attribute. A held-out fifth of the examples tests whether the direction
    separates them, and whether any linear map of the latents does.

    Args:
        codes: latents `(N, D)`, such as the means of `codes_of`.
        labels: the label of each example, of any type, `(N,)`. Each label is an attribute.
        seed: seed of the selection of the held-out examples.

    Attributes:
        names: the K labels, sorted.
        counts: number of examples with each label, `(K,)`.
        directions: the vectors v_k, `(K, D)`.
        center: mean of the latents, `(D,)`.
        auroc: area under the ROC curve of the projection of held-out examples on v_k, `(K,)`. 0.5 is chance.
        probe_auroc: the same for a linear probe, which logistic regression fits to the other examples, `(K,)`.

    Raises:
        InvalidInputError: if there are fewer than two labels, or fewer than 5 examples with or without one.

    Example:

    >>> random = np.random.default_rng(0)
    >>> labels = np.array(["cat", "dog"] * 50)
    >>> codes = random.normal(size=(100, 3)) + 4 * np.outer(labels == "dog", [1, 0, 0])
    >>> found = AttributeDirections(codes, labels)
    >>> found.names, round(float(found.directions[1, 0])), bool(found.auroc[1] > 0.9)
    (('cat', 'dog'), 4, True)

    Reference: Larsen et al., 2016, https://arxiv.org/abs/1512.09300 (attribute vectors);
    Alain & Bengio, 2017, https://arxiv.org/abs/1610.01644 (linear probes)
    """

    def __init__(self, codes: Any, labels: Sequence[Any] | np.ndarray, *, seed: int = 0):
        codes, labels = np.asarray(codes, "float64"), np.asarray(labels)
        if codes.ndim != 2 or not np.isfinite(codes).all():
            raise InvalidInputError(f"codes: expected finite numbers of shape (N, D), got shape {codes.shape}.")
        if labels.shape != (len(codes),):
            raise InvalidInputError(f"labels: expected one per code, {len(codes)}, got shape {labels.shape}.")
        names, which, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if len(names) < 2:
            raise InvalidInputError(f"labels: expected two or more different labels, got only {names.tolist()}.")
        rare = np.flatnonzero(np.minimum(counts, len(codes) - counts) < LEAST)
        if len(rare):
            raise InvalidInputError(
                f"labels: expected at least {LEAST} examples with and without each label, got {counts[rare[0]]} with "
                f"{str(names[rare[0]])!r} of {len(codes)}; give more examples, or leave the label out."
            )
        self.names, self.counts, self.center = tuple(str(name) for name in names), counts, codes.mean(axis=0)
        self.directions = np.array(
            [codes[which == k].mean(axis=0) - codes[which != k].mean(axis=0) for k in range(len(names))]
        )
        found = [self._tested(codes, which == k, check_seed(seed)) for k in range(len(names))]
        self.auroc, self.probe_auroc = np.array(found).T

    def move(self, codes: np.ndarray, name: str, amount: float = 1.0) -> np.ndarray:
        """Returns latents that are moved in the direction of an attribute, `(N, D)`.

        Args:
            codes: latents `(N, D)`.
            name: name of the attribute.
            amount: factor of the direction. 1 moves from the mean without the attribute to the mean with it.

        Raises:
            InvalidInputError: for an unknown attribute.
        """
        if name not in self.names:
            raise InvalidInputError(f"name: expected one of {', '.join(self.names)}, got {name!r}.")
        return np.asarray(codes) + amount * self.directions[self.names.index(name)]

    @staticmethod
    def _tested(codes, has, seed):
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import roc_auc_score
        from sklearn.model_selection import train_test_split
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        size = max(HELD_OUT, 2 / len(codes))
        train, test, of_train, of_test = train_test_split(codes, has, test_size=size, random_state=seed, stratify=has)
        direction = train[of_train].mean(axis=0) - train[~of_train].mean(axis=0)
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(train, of_train)
        return roc_auc_score(of_test, test @ direction), roc_auc_score(of_test, probe.decision_function(test))
