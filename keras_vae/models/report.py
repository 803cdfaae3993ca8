"""The metrics of `fit` and `evaluate`."""

from typing import Any

import tensorflow as tf

from keras_vae.distributions import DiscretePosterior, Posterior, VectorQuantizer
from keras_vae.models.bad_batches import BadBatches
from keras_vae.models.batch import Batch
from keras_vae.models.code_usage import RESTARTS, CodeUsage
from keras_vae.models.global_mean import Direction, Directions, GlobalMean
from keras_vae.objectives import Objective
from keras_vae.trace import Trace


class Report:
    """The means of the terms, the loss and the ELBO, the usage of discrete codes, and the first invalid batch.

    Each replica sums over its batch with `sums_of`; `update` gets the sums over all replicas.

    Args:
        objective: objective of the model.
        posterior: posterior of the model.
        has_density: whether the model has an ELBO.
    """

    def __init__(self, objective: Objective, posterior: Posterior, *, has_density: bool):
        directions: dict[str, Direction] = {"loss": "down", "nll": "down"}
        if has_density:
            directions.update(elbo="up", kl="down")
        for weight, term in objective.weighted:
            directions.setdefault(term.name, "up" if isinstance(weight, float) and weight < 0 else "down")
        directions.update(dict.fromkeys(objective.multipliers, "down"))
        self.means = {name: GlobalMean(name, direction) for name, direction in directions.items()}
        self.codes: CodeUsage | None = None
        if isinstance(posterior, DiscretePosterior):
            restarts = isinstance(posterior, VectorQuantizer)
            self.codes = CodeUsage(posterior.levels, posterior.codebook_size, restarts=restarts)
        of_codes = {} if self.codes is None else self.codes.directions
        shown = [*self.means.values(), *(GlobalMean(name, direction) for name, direction in of_codes.items())]
        self.directions = Directions(shown, name="directions")
        self.names = (*self.means, *of_codes)
        self.names_of_evaluation = tuple(name for name in self.names if name != RESTARTS)
        self.bad_batches = BadBatches()

    @property
    def metrics(self) -> dict[str, GlobalMean | CodeUsage]:
        """The metrics with a `state`, by name."""
        return self.means if self.codes is None else {**self.means, self.codes.name: self.codes}

    def sums_of(
        self, batch: Batch, trace: Trace, values: dict[str, tf.Tensor], regularisation: tf.Tensor
    ) -> dict[str, Any]:
        """Weighted sums over the batch of a replica of values, `(B,)` or scalars; their weights; invalid examples."""
        rows = [value * batch.weights for value in values.values()]
        # One reduction for all sums, because XLA on a CPU starts a kernel for each.
        totals = tf.reduce_sum(tf.concat([tf.stack([*rows, batch.weights]), batch.bad], axis=0), axis=1)
        *sums, weight = tf.unstack(totals[: len(values) + 1])
        sums = dict(zip(values, sums, strict=True))
        sums["loss"] += regularisation * batch.examples
        bad = self.bad_batches.counts_of(totals[len(values) + 1 :], batch.range)
        codes = {} if self.codes is None else {"codes": self.codes.counts_of(trace)}
        return {"sums": sums, "weight": weight, "examples": batch.examples, "bad": bad, **codes}

    def update(self, of_all: dict[str, Any]) -> tf.Tensor:
        """Adds the sums over all replicas; returns the number of the first invalid batch, from 1, or 0.

        All metrics are weighted means, except the loss: as in Keras, its weighted sum is divided by the number of
        examples.
        """
        for name, mean in self.means.items():
            mean.update_state(of_all["sums"][name], of_all["examples" if name == "loss" else "weight"])
        if self.codes is not None:
            self.codes.update_state(of_all["codes"])
        return self.bad_batches.update_state(of_all["bad"])

    def add_restarts(self, number: tf.Tensor | None) -> None:
        """Adds the number of codebook entries that a part replaced in this step; None for other parts."""
        if self.codes is not None and number is not None:
            self.codes.add_restarts(number)
