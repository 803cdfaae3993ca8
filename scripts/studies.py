"""Shared by the studies: models that are trained once and stored."""

import json
import math
from pathlib import Path

import keras

import keras_vae as kv
from keras_vae.data.pipeline import steps_per_epoch
from keras_vae.training import TrainingConfig, build_model


def trained(config: TrainingConfig, data: kv.data.SplitDataset, file: Path, *, fresh: bool = False) -> kv.Autoencoder:
    """The model of a configuration, trained on the data and stored in `file`.

    It is loaded from `file` if that has the same configuration, which is stored beside it.
    """
    beside = file.with_suffix(".config.json")
    if file.exists() and beside.exists() and json.loads(beside.read_text()) == config.as_dict() and not fresh:
        return kv.load_model(file)
    keras.backend.clear_session()
    model = build_model(config, data)
    model.adapt(data.train.x)
    size = config.batch_size_for(len(data.train))
    batches = data.train.batches(size, shuffle=True, seed=config.seed, start_epoch=0, binarize=config.binarize)
    steps = steps_per_epoch(len(data.train), size)
    model.fit(batches, epochs=config.epochs, steps_per_epoch=steps, shuffle=False, verbose=0)
    model.save(file)
    beside.write_text(json.dumps(config.as_dict(), indent=2))
    return model


def rate_and_distortion(model: kv.Autoencoder, x) -> dict[str, float]:
    """Rate in bits and distortion in nats per example, and the ELBO in nats."""
    if not model.compiled:
        model.compile()
    found = model.evaluate(x, batch_size=256, return_dict=True, verbose=0)
    return {"rate_bits": found["kl"] / math.log(2), "distortion": found["nll"], "elbo": found["elbo"]}
