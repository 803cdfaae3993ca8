"""The metrics of `fit` and `evaluate`."""

from typing import Any

import tensorflow as tf

from keras_vae.models.bad_batches import BadBatches
from keras_vae.models.batch import Batch
from keras_vae.models.global_mean import Direction, Directions, GlobalMean
from keras_vae.objectives import Objective


class Report:
    """The means of the terms, the loss and the ELBO, and the first invalid batch.

    Each replica sums over its batch with `sums_of`; `update` gets the sums over all replicas.

    Args:
        objective: objective of the model.
        has_density: whether the model has an ELBO.
    """

    def __init__(self, objective: Objective, *, has_density: bool):
        directions: dict[str, Direction] = {"loss": "down", "nll": "down"}
        if has_density:
            directions.update(elbo="up", kl="down")
        for weight, term in objective.weighted:
            directions.setdefault(term.name, "up" if isinstance(weight, float) and weight < 0 else "down")
        self.means = {name: GlobalMean(name, direction) for name, direction in directions.items()}
        self.directions = Directions(list(self.means.values()), name="directions")
        self.bad_batches = BadBatches()

    def sums_of(self, batch: Batch, values: dict[str, tf.Tensor], regularisation: tf.Tensor) -> dict[str, Any]:
        """Weighted sums of the values `(B,)` over the batch of a replica, their weights, and invalid examples."""
        rows = [value * batch.weights for value in values.values()]
        # One reduction for all sums, because XLA on a CPU starts a kernel for each.
        totals = tf.reduce_sum(tf.concat([tf.stack([*rows, batch.weights]), batch.bad], axis=0), axis=1)
        *sums, weight = tf.unstack(totals[: len(values) + 1])
        sums = dict(zip(values, sums, strict=True))
        examples = tf.cast(tf.size(batch.weights), tf.float32)
        sums["loss"] += regularisation * examples
        bad = self.bad_batches.counts_of(totals[len(values) + 1 :], batch.range)
        return {"sums": sums, "weight": weight, "examples": examples, "bad": bad}

    def update(self, of_all: dict[str, Any]) -> tf.Tensor:
        """Adds the sums over all replicas; returns the number of the first invalid batch, from 1, or 0.

        All metrics are weighted means, except the loss: as in Keras, its weighted sum is divided by the number of
        examples.
        """
        for name, mean in self.means.items():
            mean.update_state(of_all["sums"][name], of_all["examples" if name == "loss" else "weight"])
        return self.bad_batches.update_state(of_all["bad"])
