"""One signature as an ONNX file, for runtimes other than TensorFlow's."""

import os
import warnings
from pathlib import Path

import keras

from keras_vae.errors import InvalidInputError
from keras_vae.files import check_writable, new_parents, write_whole
from keras_vae.models import Autoencoder
from keras_vae.serving.extra import need
from keras_vae.serving.options import ExportOptions
from keras_vae.serving.signatures import DEFAULT, Signature, signatures_of


def export_onnx(model: Autoencoder, path: str | os.PathLike, *, options: ExportOptions | None = None) -> Path:
    """Writes one signature of the model as ONNX, by Keras's own exporter; inputs and outputs keep their names.

    Args:
        model: a built model.
        path: the file, which ends in `.onnx`.
        options: `signature` says which, `serving_default` (reconstruct) by default. ONNX has no counterpart of
            TensorFlow's seeded noise and image files, so `encode`, `decode`, `decode_indices` and `classify` are the
            others that go; of the precisions, float32 does.

    Returns:
        The path.

    Raises:
        InvalidInputError: for any other signature or precision, or without `tf2onnx` (`keras_vae[onnx]`).

    Reference: Open Neural Network Exchange, https://onnx.ai
    """
    options, path = options or ExportOptions(), Path(path)
    check_writable(path)
    for module in ("onnx", "tf2onnx"):
        need(module, extra="onnx")
    name = options.signature or DEFAULT
    able = [DEFAULT, "encode", "decode", "decode_indices", "classify"]
    if name not in able or options.precision != "float32":
        raise InvalidInputError(
            f"{path}: ONNX takes one of the signatures {', '.join(able)} in float32; "
            f"got {name!r} in {options.precision}; choose one, or export a SavedModel."
        )
    (signature,) = signatures_of(model, ExportOptions(signature=name, binarize=options.binarize)).values()
    endpoint, inputs = _Endpoint(model, signature), list(signature.inputs)
    with (
        warnings.catch_warnings(action="ignore", category=FutureWarning),  # of NumPy, about what tf2onnx does
        new_parents(path),
    ):
        write_whole(path, lambda to: endpoint.export(str(to), format="onnx", input_signature=inputs, verbose=False))
    return path


class _Endpoint(keras.Model):
    """A signature in the shape of a Keras model, as the exporter wants it."""

    def __init__(self, model: Autoencoder, signature: Signature):
        super().__init__(name="endpoint")
        self.model = model
        self.signature = signature
        self.built = True

    def call(self, *inputs):
        return self.signature.function(*inputs)
