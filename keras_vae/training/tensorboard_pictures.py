"""Pictures and the latents of a run for TensorBoard."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.data import SplitDataset
from keras_vae.evaluation import condition_of
from keras_vae.plots import plot_reconstructions, plot_samples, to_png
from keras_vae.training.config import TrainingConfig
from keras_vae.training.run_data import evaluation_split

PICTURES = 10
SHOWN, SAMPLES, PROJECTED = 20, 36, 2000


class TensorBoardPictures(keras.callbacks.Callback):
    """Writes reconstructions and samples after about every tenth part of the epochs, and the latents at the end.

    The latents are the posterior means of up to 2000 validation examples, with their labels, for the projector of
    TensorBoard. A model that several replicas train writes none of these, because the other replicas would wait.

    Args:
        folder: the folder of the logs.
        config: the configuration of the run.
        data: its data.
    """

    def __init__(self, folder: str | os.PathLike, config: TrainingConfig, data: SplitDataset):
        super().__init__()
        self.folder, self.config, self.data = Path(folder), config, data
        self.epochs = config.epochs_for(len(data.train))
        self.every = max(1, self.epochs // PICTURES)

    @property
    def _is_alone(self):
        return self.model.distribute_strategy.num_replicas_in_sync == 1

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        done = epoch + 1
        if not self._is_alone or (done % self.every and done < self.epochs):
            return
        model, (x, labels) = self.model, self._examples(SHOWN)
        condition = condition_of(model, labels)
        pictures = {"reconstructions": plot_reconstructions(x, model.reconstruct(x, condition=condition, seed=0))}
        if model.prior is not None:
            given = None if condition is None else np.resize(condition, (SAMPLES, *condition.shape[1:]))
            pictures["samples"] = plot_samples(model.sample(SAMPLES, seed=0, condition=given))
        writer = tf.summary.create_file_writer(str(self.folder / "validation"))
        with writer.as_default(step=epoch):
            for name, figure in pictures.items():
                tf.summary.image(name, tf.io.decode_png(to_png(figure), channels=3)[tf.newaxis])
        writer.close()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        if self._is_alone:
            self._write_latents()

    def _examples(self, most):
        split = evaluation_split(self.data.validation, self.config)
        x, labels = np.asarray(split.x[:most]), None if split.y is None else split.y[:most]
        return self.model.prepare(x).numpy(), labels

    def _write_latents(self):
        from tensorboard.plugins import projector

        x, labels = self._examples(PROJECTED)
        codes = np.asarray(self.model.encode(x, condition=condition_of(self.model, labels)).mean())
        np.savetxt(self.folder / "latents.tsv", codes.reshape(len(codes), -1), fmt="%.6g", delimiter="\t")
        config = projector.ProjectorConfig()
        embedding = config.embeddings.add(tensor_name="latents", tensor_path="latents.tsv")
        if labels is not None and labels.ndim == 1:
            names = self.data.label_names
            texts = [names[label] if 0 <= label < len(names) else str(label) for label in labels.astype(int)]
            lines = [" ".join(text.split()) for text in texts]
            (self.folder / "labels.tsv").write_text("\n".join(lines) + "\n", "utf-8")
            embedding.metadata_path = "labels.tsv"
        projector.visualize_embeddings(str(self.folder), config)
