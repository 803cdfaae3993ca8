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

from keras_vae.distributions import VectorQuantizer
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder, SemiSupervisedAutoencoder
from keras_vae.random import as_seed, fold


def endpoints(model: Autoencoder) -> dict[str, tuple[tf.types.experimental.PolymorphicFunction, list[tf.TensorSpec]]]:
    """What the export of `model` answers: name -> function and input signature; the first is the default.

    Every input and output is batch-major. Examples are float32 as the model takes them (images in [0, 1]). All
    signatures of a conditional model also take `condition`: labels int32 `(B,)`, or vectors float32 `(B, size)`.

    - `serving_default`: x -> `reconstruction`, E[x | z] at the posterior mean z.
    - `encode`: x -> `mean` and, where the family has one, `variance` of q(z | x); discrete `codes`, where z is.
    - `decode`: z -> `reconstruction`, E[x | z].
    - `generate`: seed, int32 `(B, 2)` -> `sample`, E[x | z] at z ~ p(z); the same seed gives the same sample
      whatever else is in the batch. Left out for a model without a prior.
    - `score`: x -> `elbo` in nats, one draw of z with fixed noise, the same for every example. Left out for a
      model without a density.
    - `classify`: x -> `probabilities` of the classes, for a semi-supervised model; that model's `serving_default`,
      `encode` and `score` take no condition, but the most probable class.
    """
    x = tf.TensorSpec((None, *model.event_shape), tf.float32, name="x")
    z = tf.TensorSpec((None, *model.latent_shape), tf.float32, name="z")
    seed = tf.TensorSpec((None, 2), tf.int32, name="seed")
    infers = isinstance(model, SemiSupervisedAutoencoder)
    given = []
    if model.condition is not None:
        one = model.condition.example(1)
        given = [tf.TensorSpec((None, *one.shape[1:]), one.dtype, name="condition")]

    def example(mean):
        return tf.ensure_shape(mean, (None, *model.event_shape))

    def posterior_of(x, condition):
        if infers:
            return model.posterior_of(x, tf.one_hot(tf.argmax(model.class_logits(x), axis=-1), model.condition.size))
        return model.posterior_of(x, model.condition_of(condition))

    def reconstruct(x, condition=None):
        return {"reconstruction": example(model(x, condition=condition))}

    def encode(x, condition=None):
        posterior = posterior_of(x, condition)
        answer = {"mean": posterior.mean()}
        if isinstance(model.posterior, VectorQuantizer):
            return {**answer, "codes": posterior.indices}
        try:
            return {**answer, "variance": posterior.variance()}
        except NotImplementedError:  # a family without one
            return answer

    def decode(z, condition=None):
        return {"reconstruction": example(model.likelihood_of(z, model.condition_of(condition)).mean())}

    def generate(seed, condition=None):
        def draw(one):
            return model.prior_distribution().sample(seed=one)

        z = tf.vectorized_map(draw, seed, warn=False)
        return {"sample": example(model.likelihood_of(z, model.condition_of(condition)).mean())}

    def score(x, condition=None):
        seeds = tf.tile(fold(as_seed(model.seed), -2)[None], (tf.shape(x)[0], 1))
        extras = {} if condition is None else {"y": condition}
        return {"elbo": model.bound(model.trace(x, seed=seeds, extras=extras))["elbo"]}

    def classify(x):
        return {"probabilities": tf.nn.softmax(model.class_logits(x))}

    of_x = [x] if infers else [x, *given]
    chosen = {"serving_default": (reconstruct, of_x), "encode": (encode, of_x), "decode": (decode, [z, *given])}
    if model.prior is not None:
        chosen["generate"] = (generate, [seed, *given])
    if model.has_density:
        chosen["score"] = (score, of_x)
    if infers:
        chosen["classify"] = (classify, [x])
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
    arguments = {"x": x, "seed": tf.stack([tf.range(len(x))] * 2, axis=1)}
    if model.condition is not None:
        arguments["condition"] = model.condition.example(len(x))
    differences = {}
    functions = endpoints(model)
    arguments["z"] = functions["encode"][0](*(arguments[spec.name] for spec in functions["encode"][1]))["mean"]
    for name, (function, signature) in functions.items():
        inputs = {spec.name: arguments[spec.name] for spec in signature}
        expected = function(**inputs)
        served = loaded.signatures[name](**inputs)
        differences[name] = max(
            float(tf.reduce_max(tf.abs(tf.cast(expected[key] - served[key], tf.float32)))) for key in expected
        )
    return differences
