"""The export that decodes and scores: one of this process, or one on another server."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_vae.data import SplitDataset
from keras_vae.errors import InvalidInputError
from keras_vae.explorer.scores import Signatures
from keras_vae.models import Autoencoder
from keras_vae.progress import step
from keras_vae.serving import ExportOptions, export
from keras_vae.serving.client import Client

NAME = "model"
"""The name of the model on the server of the explorer."""
NEEDED = "decode"


def write_export(model: Autoencoder, folder: Path, data: Any, binarize: str | None) -> Path:
    """Exports the model, with `anomaly` if the data have training examples. Returns the folder of the version."""
    training, calibration = (data.train, data.validation) if isinstance(data, SplitDataset) else (None, None)
    options = ExportOptions(binarize=binarize, batch_sizes=(1, 32))
    with step("Exporting the model"):
        return export(model, folder, options=options, training=training, calibration=calibration, check=False)


@contextlib.contextmanager
def connected(url: str, name: str, model: Autoencoder) -> Iterator[Signatures]:
    """Yields the signatures of an export of `model` on another server.

    Args:
        url: URL of the server.
        name: name of the model there.
        model: the model.

    Raises:
        InvalidInputError: if the server does not answer, or has another model.
    """
    with Client(url, name, verbose=1) as client:
        if not client.ready():
            raise InvalidInputError(
                f"server: expected a model {name!r} at {url}, but it does not answer; start it, or correct the address."
            )
        specs = client.metadata()
        if NEEDED not in specs:
            raise InvalidInputError(
                f"server: expected the signature {NEEDED!r}, got {', '.join(specs)}; export all signatures."
            )
        found = specs[NEEDED].inputs["z"].shape[1:]
        if found != model.latent_shape:
            raise InvalidInputError(
                f"server: expected an export of this model, with latents of shape {model.latent_shape}, got one of "
                f"another model, with {found}; give the address and the name of this one."
            )
        inputs = {signature: list(spec.inputs) for signature, spec in specs.items()}
        yield Signatures(lambda signature, given: client.predict(signature, **given), inputs)
