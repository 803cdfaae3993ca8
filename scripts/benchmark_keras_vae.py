"""The benchmark of keras_vae: prints seconds per image for training and encoding, as JSON."""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from benchmark_data import BATCH, ENCODED, LATENT, blobs, options, seconds_per_example

import keras_vae as kv
from keras_vae.training.dtype_policy import policy_of_devices


class EpochTimes(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


def model_of(network, shape):
    if network == "mlp":
        encoder, decoder = kv.make_networks("mlp", shape, LATENT, units=(512, 512))
        likelihood = kv.Bernoulli(shape)
    else:
        encoder, decoder = kv.ConvEncoder(shape, (32, 64)), kv.ConvDecoder((LATENT,), shape, (64, 32), features=1)
        likelihood = kv.Bernoulli(shape, project=False)
    return kv.Autoencoder(encoder, decoder, likelihood=likelihood, objective=kv.NLL() + kv.KL(), seed=0)


def main():
    chosen = options()
    if chosen.device == "gpu" and not tf.config.list_physical_devices("GPU"):
        sys.exit("--device gpu: TensorFlow sees none; install its CUDA libraries: pip install 'tensorflow[and-cuda]'")
    keras.config.set_dtype_policy(policy_of_devices())
    print(f"keras_vae computes in {keras.config.dtype_policy().name}", file=sys.stderr)
    x = blobs(chosen.images)[..., None]
    some = x[:ENCODED]
    model = model_of(chosen.network, x.shape[1:])
    steps = len(x) // BATCH
    model.compile(keras.optimizers.Adam(1e-3), steps_per_execution=26)
    times = EpochTimes()
    batches = kv.data.batches(x, BATCH, shuffle=True, start_epoch=0)
    model.fit(batches, epochs=chosen.epochs + 1, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[times])
    trained = [seconds / (steps * BATCH) for seconds in times.seconds[1:]]
    encoded = seconds_per_example(lambda: model.encode(some).mean().numpy(), len(some))
    keras.config.set_dtype_policy("mixed_bfloat16")
    lower = model_of(chosen.network, x.shape[1:])
    encoded_in_bfloat16 = seconds_per_example(lambda: lower.encode(some).mean().numpy(), len(some))
    results = {
        "keras_vae training": trained,
        "keras_vae encoding": encoded,
        "keras_vae under mixed_bfloat16, encoding": encoded_in_bfloat16,
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
