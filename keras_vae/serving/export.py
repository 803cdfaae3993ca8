"""A model as a SavedModel that TF Serving loads."""

import contextlib
import io
import os
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.random import as_seed, fold


def endpoints(model: Autoencoder) -> dict[str, tuple[tf.types.experimental.PolymorphicFunction, list[tf.TensorSpec]]]:
    """What the export of `model` answers: name -> function and input signature; the first is the default.

    Every input and output is batch-major. Examples are float32 as the model takes them (images in [0, 1]).

    - `serving_default`: x -> `reconstruction`, E[x | z] at the posterior mean z.
    - `encode`: x -> `mean` and `variance` of q(z | x).
    - `decode`: z -> `reconstruction`, E[x | z].
    - `generate`: seed, int32 `(B, 2)` -> `sample`, E[x | z] at z ~ p(z); the same seed gives the same sample
      whatever else is in the batch. Left out for a model without a prior.
    - `score`: x -> `elbo` in nats, one draw of z with fixed noise, the same for every example. Left out for a
      model without a density.
    """
    x = tf.TensorSpec((None, *model.event_shape), tf.float32, name="x")
    z = tf.TensorSpec((None, *model.latent_shape), tf.float32, name="z")
    seed = tf.TensorSpec((None, 2), tf.int32, name="seed")

    def reconstruct(x):
        return {"reconstruction": model(x)}

    def encode(x):
        posterior = model.posterior_of(x)
        return {"mean": posterior.mean(), "variance": posterior.variance()}

    def decode(z):
        return {"reconstruction": model.likelihood_of(z).mean()}

    def generate(seed):
        def draw(one):
            return model.prior_distribution().sample(seed=one)

        return {"sample": model.likelihood_of(tf.vectorized_map(draw, seed, warn=False)).mean()}

    def score(x):
        seeds = tf.tile(fold(as_seed(model.seed), -2)[None], (tf.shape(x)[0], 1))
        return {"elbo": model.bound(model.trace(x, seed=seeds))["elbo"]}

    chosen = {"serving_default": (reconstruct, [x]), "encode": (encode, [x]), "decode": (decode, [z])}
    if model.prior is not None:
        chosen["generate"] = (generate, [seed])
    if model.has_density:
        chosen["score"] = (score, [x])
    return {
        name: (tf.function(function, input_signature=signature, autograph=False), signature)
        for name, (function, signature) in chosen.items()
    }


def export(model: Autoencoder, directory: str | os.PathLike) -> Path:
    """Writes the next integer version of `model` under `directory`; a watcher never sees half of one.

    Args:
        model: a built model; it need not be compiled.
        directory: folder of the servable, such as `saved_models/digits`.

    Returns:
        The folder of the new version, such as `saved_models/digits/1`.

    Raises:
        InvalidInputError: if `directory` is a file or holds things that are no versions of a model.

    Example:

    >>> export(vae((8, 8, 1), 4, units=(32,)), "saved_models/example").name
    '1'
    """
    directory = Path(directory)
    if directory.exists() and not directory.is_dir():
        raise InvalidInputError(f"{directory}: it is a file; expected a folder for versions of the model.")
    directory.mkdir(parents=True, exist_ok=True)
    foreign = [entry.name for entry in directory.iterdir() if not (entry.name.isdigit() and entry.is_dir())]
    if foreign:
        raise InvalidInputError(
            f"{directory}: expected an empty folder or one of numbered versions, found {sorted(foreign)[0]!r}; "
            "choose another folder."
        )
    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, (function, signature) in endpoints(model).items():
        archive.add_endpoint(name, function, input_signature=signature)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=directory.resolve().parent) as temporary:
        with contextlib.redirect_stdout(io.StringIO()):
            archive.write_out(temporary + "/model", verbose=False)
        version = 1 + max((int(entry.name) for entry in directory.iterdir()), default=0)
        target = directory / str(version)
        shutil.move(temporary + "/model", target)
    return target


def check_export(model: Autoencoder, version: str | os.PathLike, x: np.ndarray) -> dict[str, float]:
    """Reloads an export with `tf.saved_model.load` and compares it with the model.

    Args:
        model: the model that was exported.
        version: folder of the version.
        x: examples `(N, *event_shape)` to try it on.

    Returns:
        The largest absolute difference of each signature's outputs.
    """
    loaded = tf.saved_model.load(os.fspath(version))
    x = model.prepare(x)
    arguments = {"x": x, "z": model.posterior_of(x).mean(), "seed": tf.stack([tf.range(len(x))] * 2, axis=1)}
    differences = {}
    for name, (function, signature) in endpoints(model).items():
        (argument,) = (spec.name for spec in signature)
        expected = function(arguments[argument])
        served = loaded.signatures[name](**{argument: arguments[argument]})
        differences[name] = max(float(tf.reduce_max(tf.abs(expected[key] - served[key]))) for key in expected)
    return differences
