"""Writes the page as one file, without a server at any time."""

import os
import tempfile
from pathlib import Path
from typing import Any

from keras_vae.checks import check_seed
from keras_vae.explorer.model_export import NAME, connected, write_export
from keras_vae.explorer.prepared import check_model, prepare
from keras_vae.explorer.scores import Signatures
from keras_vae.explorer.static_page import write_page
from keras_vae.models import Autoencoder
from keras_vae.serving.server.model_version import ModelVersion


def save_page(
    path: str | os.PathLike,
    model: Autoencoder,
    data: Any,
    *,
    title: str | None = None,
    points: int = 5000,
    map_kind: str = "pca",
    anomaly: bool = True,
    binarize: str | None = None,
    server: str | None = None,
    served_name: str = NAME,
    seed: int = 0,
    live: bool | None = None,
    onnxruntime: str | os.PathLike | None = None,
) -> None:
    """Writes the file of `Explorer.save`. It needs none of the packages of the server.

    Args:
        path: path of the file.
        model: a built model.
        data: see `explore`.
        title: see `explore`.
        points: see `explore`.
        map_kind: the only map of the page, see `explore`.
        anomaly: see `explore`.
        binarize: see `explore`.
        server: URL of a TensorFlow Serving that scores the examples. None scores them in this process.
        served_name: name of the model on `server`.
        seed: see `explore`.
        live: see `Explorer.save`.
        onnxruntime: see `Explorer.save`.
    """
    check_model(model)
    prepared = prepare(model, data, title=title, points=points, map_kind=map_kind, seed=check_seed(seed))
    if server is not None:
        with connected(server, served_name, model) as signatures:
            described = prepared.describe(signatures)
    else:
        with tempfile.TemporaryDirectory(prefix="keras_vae-") as folder:
            version = write_export(model, Path(folder) / NAME, data if anomaly else None, binarize)
            described = prepared.describe(Signatures.of(ModelVersion(NAME, int(version.name), version)))
    write_page(path, prepared.without_server(described, live=live, onnxruntime=onnxruntime))
