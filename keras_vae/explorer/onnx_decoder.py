"""The decoder as ONNX, for a page without a server."""

import gzip
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.distributions import DiscretePosterior
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.explorer.arrays import as_array
from keras_vae.explorer.onnxruntime_web import onnxruntime_web
from keras_vae.models import Autoencoder
from keras_vae.serving import ExportOptions, export_onnx

MOST_BYTES = 10_000_000
"""The maximum size of a decoder, so that the page can be mailed."""


def onnx_decoder(model: Autoencoder, *, onnxruntime: str | os.PathLike | None = None) -> dict[str, Any]:
    """Returns the decoder and what runs it in a page.

    Returns the name of its `signature`, `onnx` and `wasm` (arrays of bytes, compressed by gzip), and the `script` that
    sets `globalThis.ort`.

    Args:
        model: the model.
        onnxruntime: see `onnxruntime_web`.

    Raises:
        InvalidInputError: without onnxruntime-web, or if the decoder cannot be exported or is too large.
    """
    script, wasm = onnxruntime_web(onnxruntime)
    signature = "decode_indices" if isinstance(model.posterior, DiscretePosterior) else "decode"
    with tempfile.TemporaryDirectory(prefix="keras_vae-") as folder:
        try:
            path = export_onnx(model, Path(folder) / "decoder.onnx", options=ExportOptions(signature=signature))
        except InvalidInputError:
            raise
        except Exception as error:  # tf2onnx raises many classes of errors for operations that ONNX does not have
            raise InvalidInputError(f"{model.name}: it cannot be exported to ONNX: {one_line(error)}") from error
        onnx = path.read_bytes()
    if len(onnx) > MOST_BYTES:
        raise InvalidInputError(
            f"{model.name}: expected a decoder of at most {MOST_BYTES:,} bytes as ONNX, got {len(onnx):,}."
        )
    return {
        "signature": signature,
        "onnx": _compressed(onnx),
        "wasm": _compressed(wasm),
        "script": script,
    }


def _compressed(content: bytes) -> dict[str, Any]:
    return as_array(np.frombuffer(gzip.compress(content, mtime=0), "uint8"))
