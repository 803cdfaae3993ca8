"""The scores of the signature `anomaly`."""

import contextlib
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_vae.data import Split
from keras_vae.evaluation import AnomalyScorer
from keras_vae.models import Autoencoder
from keras_vae.serving.options import ExportOptions
from keras_vae.serving.preprocess import preprocess


class ServedAnomalyScorer(AnomalyScorer):
    """An `AnomalyScorer` with the exported weights, whose examples are binarized as those of the export.

    Args:
        model: the exported model.
        training: see `export`.
        calibration: see `export`.
        options: see `export`.
        scope: returns a context in which the model uses the exported weights.
        verbose: see `export`.
    """

    part = "training"

    def __init__(
        self,
        model: Autoencoder,
        training: Split,
        calibration: Split | None,
        options: ExportOptions,
        scope: Callable[[], contextlib.AbstractContextManager],
        *,
        verbose: int = 0,
    ):
        self.options, self.scope = options, scope
        super().__init__(model, training, calibration, verbose=verbose)

    def measure(self, x: tf.Tensor, y: Any = None) -> dict[str, tf.Tensor]:
        with self.scope():
            return super().measure(preprocess(self.model, x, self.options.binarize), y)
