"""Exports one signature as an ONNX file, for runtimes other than TensorFlow."""

import os
import warnings
from pathlib import Path

import keras

from keras_vae.errors import InvalidInputError
from keras_vae.files import check_writable, new_parents, write_whole
from keras_vae.models import Autoencoder
from keras_vae.serving.extra import need
from keras_vae.serving.options import ExportOptions
from keras_vae.serving.signatures import DEFAULT, ExportSignature, export_signatures


def export_onnx(model: Autoencoder, path: str | os.PathLike, *, options: ExportOptions | None = None) -> Path:
    """Exports one signature of the model as ONNX, by the exporter of Keras. Inputs and outputs keep their names.

    Args:
        model: a built model.
        path: path of the file, with the suffix `.onnx`.
        options: `options.signature` selects the signature, by default `serving_default` (reconstruct). ONNX supports
            neither the seeded noise of TensorFlow nor the decoding of image files. The other signatures that can be
            exported are therefore `encode`, `decode`, `decode_indices` and `classify`, all in float32.

    Returns:
        The path.

    Raises:
        InvalidInputError: for another signature or precision, or if `tf2onnx` (`keras_vae[onnx]`) is not installed.

    Example:

    >>> options = ExportOptions(signature="decode")
    >>> export_onnx(kv.zoo.vae((8,), 2, units=(4,), seed=0), "decoder.onnx", options=options).name
    'decoder.onnx'

    Reference: Open Neural Network Exchange, https://onnx.ai
    """
    options, path = options or ExportOptions(), Path(path)
    check_writable(path)
    for module in ("onnx", "tf2onnx"):
        need(module, extra="onnx")
    name = options.signature or DEFAULT
    supported_names = [DEFAULT, "encode", "decode", "decode_indices", "classify"]
    if name not in supported_names or options.precision != "float32":
        raise InvalidInputError(
            f"{path}: expected, for ONNX, one of the signatures {', '.join(supported_names)} in float32, got "
            f"{name!r} in {options.precision}; use one of these, or export a SavedModel."
        )
    (signature,) = export_signatures(model, ExportOptions(signature=name, binarize=options.binarize)).values()
    endpoint, inputs = _Endpoint(model, signature), list(signature.inputs)
    with (
        warnings.catch_warnings(action="ignore", category=FutureWarning),  # a warning of NumPy about tf2onnx
        new_parents(path),
    ):
        write_whole(
            path, lambda target: endpoint.export(str(target), format="onnx", input_signature=inputs, verbose=False)
        )
    return path


class _Endpoint(keras.Model):
    """Wraps a signature as a Keras model, which the exporter requires."""

    def __init__(self, model: Autoencoder, signature: ExportSignature):
        super().__init__(name="endpoint")
        self.model = model
        self.signature = signature
        self.built = True

    def call(self, *inputs):
        return self.signature.function(*inputs)
