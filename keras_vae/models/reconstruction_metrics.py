"""Keras's metrics of reconstructions, `compile(metrics=...)`."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras

from keras_vae.distributions import Likelihood
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.models.autoencoder_base import AutoencoderBase
from keras_vae.models.batch import Batch

SHORT = ("mae", "mape", "mse", "msle")

ARGUMENTS = (
    "optimizer",
    "metrics",
    "weighted_metrics",
    "jit_compile",
    "steps_per_execution",
    "run_eagerly",
    "auto_scale_loss",
)


def check_compile(loss: Any, others: dict[str, Any]) -> None:
    """Rejects a loss and unknown arguments of `compile`.

    Raises:
        InvalidInputError: if there are any.
    """
    if loss is not None or others.get("loss_weights") is not None:
        raise InvalidInputError(
            "compile: expected no loss, since the model's objective is the loss; give the objective to the model, such "
            "as objective=NLL() + 4.0 * KL(), or metrics=['mse'] for metrics of the reconstructions."
        )
    for name in others:
        if name != "loss_weights":
            raise InvalidInputError(unknown(name, ARGUMENTS, part="argument of compile"))


def checked_metrics(metrics: Any, own: Iterable[str], likelihood: Likelihood, *, part: str) -> list | None:
    """Returns the metrics as a list; None if there are none.

    Args:
        metrics: as in Keras: names, functions and `keras.metrics.Metric` objects, or a single one.
        own: names of the metrics that the model always reports.
        likelihood: likelihood of the model.
        part: `"metrics"` or `"weighted_metrics"`, for messages.

    Raises:
        InvalidInputError: for anything else, or for a name in `own`.
    """
    if metrics is None or (isinstance(metrics, Sequence) and not metrics):
        return None
    metrics = list(metrics) if isinstance(metrics, Sequence) and not isinstance(metrics, str) else [metrics]
    if len(metrics) == 1 and isinstance(metrics[0], (list, tuple)):  # a list for each output, of which there is one
        metrics = list(metrics[0])
    if likelihood.allows_missing:
        raise InvalidInputError(f"compile: {part} cannot be taken where values may be missing; leave them out.")
    for metric in metrics:
        if not (isinstance(metric, (str, keras.metrics.Metric)) or callable(metric)):
            raise InvalidInputError(f"compile: {part} must be Keras's, by name or as objects; got {metric!r}.")
        try:
            resolved = keras.metrics.get(metric)
        except ValueError as error:
            if metric not in ("accuracy", "acc", "crossentropy", "ce"):  # which Keras resolves by the data
                raise InvalidInputError(f"compile: {unknown(metric, _names(), part=part)}") from error
            continue
        name = getattr(resolved, "name", getattr(resolved, "__name__", None))
        if name in set(own):
            raise InvalidInputError(
                f"compile: {part}: the model reports a metric {name!r} of its own; choose another name."
            )
    return metrics


class ReconstructionMetrics(AutoencoderBase):
    """The methods of `Autoencoder` for the metrics of `compile`.

    The metrics compare the examples with the reconstructions E[x | z] at the posterior mean, as `predict` returns them.
    If there are such metrics, each step makes an additional pass through the model.
    """

    @property
    def given_metrics(self) -> list:
        """The metrics of `compile`, as one compiled metric; an empty list if there are none."""
        given = getattr(self, "_compile_metrics", None)
        return [] if given is None else [given]

    def update_given_metrics(self, batch: Batch) -> None:
        """Updates the metrics with a batch."""
        for metrics in self.given_metrics:
            condition = {} if self.condition is None else {"condition": batch.y}
            reconstructions = self.call(batch.x, training=False, **condition)
            metrics.update_state(batch.x, reconstructions, sample_weight=batch.weights)


def _names() -> list[str]:
    """Returns the names of Keras's metrics, some of which have a short one."""
    kinds = {name: kind for name, kind in vars(keras.metrics).items() if isinstance(kind, type)}
    return [*(name for name, kind in kinds.items() if issubclass(kind, keras.metrics.Metric)), *SHORT]
