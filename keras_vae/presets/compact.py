"""Small `.keras` files: without the optimizer, compressed, and optionally with rounded weights."""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from keras_vae.models import Autoencoder
from keras_vae.models.load import METADATA, WEIGHTS

PRECISIONS = {"float32": np.float32, "float16": np.float16}
WORTH_COMPRESSING = 1024
"""Bytes below which a weight is stored as it is, because each chunk has a header."""


def save_compact(model: Autoencoder, path: Path, *, precision: str, metadata: Mapping[str, Any]) -> None:
    """Saves a model without its optimizer; `load_model` reads the file.

    Args:
        model: the model.
        path: the new file.
        precision: a name in `PRECISIONS`. Weights of float32 are stored so if they are in its range.
        metadata: entries for the member `metadata.json`.

    Raises:
        InvalidInputError: if the model cannot be saved, see `Autoencoder.save`.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        whole = Path(folder) / "model.keras"
        model.with_parts().save(whole)  # the same parts in a model that is not compiled
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                content = old.read(name)
                if name == WEIGHTS:  # compressed within; HDF5 reads it at many places
                    new.writestr(name, _compressed(content, PRECISIONS[precision]), zipfile.ZIP_STORED)
                elif name == METADATA:
                    new.writestr(name, json.dumps({**json.loads(content), **metadata}))
                else:
                    new.writestr(name, content)


def _compressed(weights: bytes, dtype: Any) -> bytes:
    written = io.BytesIO()
    with h5py.File(io.BytesIO(weights)) as old, h5py.File(written, "w", libver="latest") as new:

        def copy(name, one):
            if isinstance(one, h5py.Dataset):
                value = _rounded(one[()], dtype)
                options = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
                copied = new.create_dataset(name, data=value, **(options if value.nbytes > WORTH_COMPRESSING else {}))
            else:
                copied = new.require_group(name)
            for key, attribute in one.attrs.items():
                copied.attrs[key] = attribute

        old.visititems(copy)
    return written.getvalue()


def _rounded(value: Any, dtype: Any) -> np.ndarray:
    value = np.asarray(value)
    if value.dtype != np.float32 or np.abs(value).max(initial=0) > np.finfo(dtype).max:
        return value
    return value.astype(dtype)
