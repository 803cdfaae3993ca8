"""The benchmark of `keras-vae train` on colour images: prints seconds per image and the number of weights, as JSON."""

import json
import os
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from benchmark_data import PICTURES, coloured_blobs, options

from keras_vae.training import TrainingConfig, build_model
from keras_vae.training.build import adapt_model
from keras_vae.training.defaults import with_defaults
from keras_vae.training.epochs import fit_epochs
from keras_vae.training.run_data import load_data

DTYPES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


class TrainingTimes(keras.callbacks.Callback):
    """The seconds of each epoch without its validation."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_test_begin(self, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


def train(pictures, file, policy, epochs):
    """Trains as `keras-vae train` does; returns the seconds per image of each epoch but the first, and the model."""
    config = TrainingConfig(
        data=file,
        network=pictures.network,
        latent_dim=pictures.latent_dim,
        batch_size=pictures.batch,
        validation=pictures.batch,
        test=pictures.batch,
        epochs=epochs,
        dtype_policy=policy,
    )
    data = load_data(config)
    config = with_defaults(config, data)
    model = build_model(config, data)
    adapt_model(model, data)
    times = TrainingTimes()
    fit_epochs(model, data, config, 0, epochs, callbacks=[times])
    return [seconds / (pictures.steps * pictures.batch) for seconds in times.seconds[1:]], model


def main():
    chosen = options()
    if chosen.device == "gpu" and not tf.config.list_physical_devices("GPU"):
        sys.exit("--device gpu: TensorFlow sees none; install its CUDA libraries: pip install 'tensorflow[and-cuda]'")
    pictures = PICTURES[chosen.network]
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/images.npy"
        np.save(file, coloured_blobs((pictures.steps + 2) * pictures.batch, pictures.side))
        for dtype, policy in DTYPES.items():
            keras.backend.clear_session()
            seconds, model = train(pictures, file, policy, chosen.epochs + 1)
            results[f"keras_vae {dtype}"] = seconds
            results["parameters"] = int(sum(np.prod(weight.shape) for weight in model.trainable_variables))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
