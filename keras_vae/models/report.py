"""What `fit` and `evaluate` report of a model."""

from typing import Any

import tensorflow as tf

from keras_vae.models.bad_batches import BadBatches
from keras_vae.models.batch import Batch
from keras_vae.models.global_mean import Direction, Directions, GlobalMean
from keras_vae.objectives import Objective


class Report:
    """The mean of each term, of the loss and of the ELBO, and the first batch that cannot be used.

    A replica adds its batch up with `sums_of`; `update` is given the sums over all replicas.

    Args:
        objective: the model's.
        has_density: whether there is an ELBO.
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
        """Weighted sums of the values, `(B,)` each, over a replica's batch; their weight; its bad examples."""
        sums = {name: tf.reduce_sum(value * batch.weights) for name, value in values.items()}
        examples = tf.cast(tf.size(batch.weights), tf.float32)
        sums["loss"] += regularisation * examples
        return {
            "sums": sums,
            "weight": tf.reduce_sum(batch.weights),
            "examples": examples,
            "bad": self.bad_batches.counts_of(batch),
        }

    def update(self, of_all: dict[str, Any]) -> tf.Tensor:
        """Adds the sums over all replicas; the number of the first bad batch, from 1, or 0.

        Every metric is a weighted mean, but the loss: as in Keras, its weighted sum is divided by the examples.
        """
        for name, mean in self.means.items():
            mean.update_state(of_all["sums"][name], of_all["examples" if name == "loss" else "weight"])
        return self.bad_batches.update_state(of_all["bad"])
