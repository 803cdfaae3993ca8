"""Example inputs for signatures."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from keras_vae.distributions import DiscretePosterior
from keras_vae.models import Autoencoder
from keras_vae.serving.png import png
from keras_vae.serving.signatures import ExportSignature


def example_inputs(model: Autoencoder, signature: ExportSignature, n: int, *, x: np.ndarray | None = None) -> dict:
    """Returns `n` rows of inputs for a signature of `model`, name -> array; every call returns the same inputs.

    Args:
        model: the model of the signature.
        signature: one of `export_signatures(model)`.
        n: number of rows.
        x: examples, `(N, *event_shape)`, which are repeated as needed. None uses uniform noise from 0 to 1, or samples
            from the likelihood if such noise is outside its support, as for tables.
    """
    rng = np.random.default_rng(n)
    examples = x
    if examples is None:
        examples = rng.random((n, *model.event_shape), "float32")
        if not np.all(model.likelihood.in_support(tf.constant(examples))):
            z = rng.normal(size=(n, *model.latent_shape)).astype("float32")
            condition = None if model.condition is None else model.condition.example(n)
            z = tf.constant(z)
            examples = model.likelihood_of(z, model.condition_of(condition)).sample(seed=(0, n)).numpy()
    examples = np.nan_to_num(model.prepare(np.take(examples, range(n), axis=0, mode="wrap")).numpy())
    makers = {
        "x": lambda _: examples,
        "z": lambda shape: rng.normal(size=shape).astype("float32"),
        "seed": lambda shape: rng.integers(0, 2**31, shape).astype("int32"),
        "condition": lambda _: model.required_condition.example(n).numpy(),
        "image_bytes": lambda _: np.array([png(image) for image in examples]),
    }
    posterior = model.posterior
    if isinstance(posterior, DiscretePosterior):
        makers["indices"] = lambda shape: rng.integers(0, posterior.codebook_size, shape).astype("int32")
    return {spec.name: makers[spec.name]((n, *spec.shape[1:])) for spec in signature.inputs}


def constant_inputs(inputs: Mapping[str, tf.TensorSpec], n: int) -> dict:
    """Returns `n` constant rows for each input, as `TensorProto`s of a few bytes, for warm-up requests."""

    def constant(name, spec):
        shape = (n, *spec.shape[1:])
        if name == "image_bytes":
            return tf.make_tensor_proto(png(np.full((8, 8, 1), 0.5)), tf.string, shape)
        return tf.make_tensor_proto(0.5 if spec.dtype.is_floating else 0, spec.dtype, shape)

    return {name: constant(name, spec) for name, spec in inputs.items()}
