"""Starts the explorer."""

import contextlib
import html
import json
import os
import tempfile
import time
import webbrowser
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from keras_vae.checks import check_seed
from keras_vae.data import SplitDataset
from keras_vae.errors import InvalidInputError
from keras_vae.explorer.codes import encode_points
from keras_vae.explorer.explorer_data import explorer_data
from keras_vae.explorer.map_store import MapStore
from keras_vae.explorer.points import choose_points
from keras_vae.explorer.remote import Remote
from keras_vae.explorer.routes import PATH, Pages
from keras_vae.explorer.scores import Predict, scores_of
from keras_vae.explorer.static_page import static_page
from keras_vae.explorer.without_server import without_server
from keras_vae.files import expanded, new_parents, write_whole
from keras_vae.models import Autoencoder
from keras_vae.serving import ExportOptions, export
from keras_vae.serving.client import Client
from keras_vae.serving.server import LocalServer, ServerOptions
from keras_vae.serving.server.hosts import LOCAL, check_hosts
from keras_vae.serving.server.lifecycle import bind

NAME = "model"
"""The name of the model on the server of the explorer."""
NEEDED = "decode"


class Explorer:
    """A running explorer; `explore` makes one. A notebook shows its page.

    Args:
        url: address of the page.
        data: the data of the page, for JSON.
        resources: what `close` ends, such as the server.
        offline: returns the data of a page without a server, from the options `live` and `onnxruntime` of `save`.
    """

    def __init__(
        self, url: str, data: dict[str, Any], resources: contextlib.ExitStack, offline: Callable[..., dict[str, Any]]
    ):
        self.url, self.data = url, data
        self._resources, self._offline = resources, offline

    def open(self) -> None:
        """Opens the page in the browser of this machine."""
        webbrowser.open(self.url)

    def save(
        self,
        path: str | os.PathLike,
        *,
        live: bool | None = None,
        onnxruntime: str | os.PathLike | None = None,
    ) -> None:
        """Writes the page as one file that needs no server, such as `explorer.html`.

        The file contains the decoder as ONNX, and onnxruntime-web, which runs it in the browser. Without them it shows
        latents that are decoded beforehand: for any latent, the nearest of them.

        Args:
            path: path of the file.
            live: whether the file contains the decoder. None does so where it can, and warns otherwise.
            onnxruntime: path of the npm package `onnxruntime-web`, as `npm pack` writes it. None downloads it once,
                33 MB, into the folder of Keras.

        Raises:
            InvalidInputError: if `live` is True and the file cannot contain the decoder.
            OSError: if the file cannot be written; a file that exists is then unchanged.
        """
        path = expanded(path)
        page = static_page(self._offline(live=live, onnxruntime=onnxruntime))
        with new_parents(path):
            write_whole(path, lambda target: target.write_text(page, encoding="utf-8"))

    def close(self) -> None:
        """Stops the server. The page remains, but nothing is decoded any more."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Explorer({self.url!r})"

    def _repr_html_(self) -> str:
        url = html.escape(self.url, quote=True)
        frame = f'<iframe src="{url}" width="100%" height="900" style="border:0" title="Latent explorer"></iframe>'
        return f'<p><a href="{url}" target="_blank">{url}</a></p>{frame}'


def explore(
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
    port: int = 0,
    hosts: Sequence[str] = (),
    seed: int = 0,
) -> Explorer:
    """Starts a page in which one moves through the latent space of a model.

    The page shows a map of the latents of examples. A click on it decodes a latent; so do sliders for the dimensions,
    directions of labels, interpolations and draws from the prior. The model is exported to a temporary folder, and the
    page decodes with the API of TensorFlow Serving of a server on this machine. The server runs until `close`, or until
    Python ends.

    Args:
        model: a built model.
        data: a `SplitDataset`, such as that of `keras_vae.data.load`; an array `(N, *event_shape)`; a pair `(x, y)`
            with labels; a `Split`; or a `tf.data.Dataset` of batches.
        title: title of the page. None is the name of the model.
        points: maximum number of examples on the map, at most 20,000. Of a `SplitDataset`, half are test examples and
            half training examples.
        map_kind: the first map: `"pca"`, `"tsne"` or `"umap"` (which needs umap-learn). The page can change it.
        anomaly: whether to compute anomaly scores, beside the training examples of a `SplitDataset`.
        binarize: binarization mode of the training, see `ExportOptions`.
        server: URL of a TensorFlow Serving that serves an export of the model. None serves it on this machine.
        served_name: name of the model on `server`.
        port: port of the page; 0 selects a free one.
        hosts: names under which a proxy shows the page, such as `("hub.example.org",)`. The server answers only
            requests to these and to this machine, so that no other web site can read from it.
        seed: seed of t-SNE and UMAP.

    Returns:
        The running explorer.

    Raises:
        InvalidInputError: if the data or an option cannot be used, or if `server` does not answer.
        ServingError: if `server` fails.

    Example:

    >>> with explore(zoo.vae((8, 8, 1), 2, units=(4,)), kv.data.load("digits"), points=50, anomaly=False) as explorer:
    ...     print(explorer.url)
    http://127.0.0.1:.../explorer/
    """
    if not isinstance(model, Autoencoder):
        raise InvalidInputError(f"model: expected an Autoencoder, got {type(model).__name__}; see load_model.")
    seed, hosts = check_seed(seed), check_hosts(hosts)
    options = ServerOptions(port=port, grpc_port=None)
    with bind(options.host, options.port):  # a port in use is told before the work
        pass
    chosen = choose_points(model, data, points)
    codes = encode_points(model, chosen)
    maps = MapStore(codes, seed=seed)
    first_map = maps[map_kind]
    with contextlib.ExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="keras_vae-")))
        remote = None if server is None else Remote(server, served_name)
        if remote is None:
            _export(model, folder / NAME, data if anomaly else None, binarize)
        pages = Pages(model, remote)
        running = resources.enter_context(LocalServer(folder, options, routes=pages.routes(), hosts=(*LOCAL, *hosts)))
        predict, signatures = _local(running) if remote is None else _connected(resources, server, served_name, model)
        if NEEDED not in signatures:
            raise InvalidInputError(
                f"server: expected the signature {NEEDED!r}, got {', '.join(signatures)}; export all signatures."
            )
        x = model.prepare(chosen.x).numpy()
        scores = scores_of(predict, signatures, x, codes.condition, verbose=1)
        described = explorer_data(
            model, chosen, codes, first_map, scores,
            title=title or model.name, kind=map_kind, signatures=signatures,
        )  # fmt: skip
        described["predict"] = "predict" if remote is not None else f"../v1/models/{NAME}:predict"
        pages.data, pages.maps = json.dumps(described).encode(), maps

        offline = partial(without_server, described, model, codes, first_map)
        return Explorer(f"{running.url}{PATH}/", described, resources.pop_all(), offline)


def _local(server: LocalServer) -> tuple[Predict, dict[str, list[str]]]:
    """Returns the function that runs a signature of the model of this process, and the inputs of each signature."""
    while True:  # a large model loads in the background
        for status in server.repository.models.get(NAME, {}).values():
            if status.error is not None:
                raise InvalidInputError(f"{NAME}: expected an export that can be loaded, got: {status.error}")
            if (version := status.model_version) is not None:
                return version.run, {name: list(signature.inputs) for name, signature in version.signatures.items()}
        time.sleep(0.1)


def _connected(
    resources: contextlib.ExitStack, url: str | None, name: str, model: Autoencoder
) -> tuple[Predict, dict[str, list[str]]]:
    """Returns the same for an export of `model` on another server."""
    client = resources.enter_context(Client(url or "", name, verbose=1))
    if not client.ready():
        raise InvalidInputError(
            f"server: expected a model {name!r} at {url}, but it does not answer; start it, or correct the address."
        )
    specs = client.metadata()
    found = specs[NEEDED].inputs["z"].shape[1:] if NEEDED in specs else model.latent_shape
    if found != model.latent_shape:
        raise InvalidInputError(
            f"server: expected an export of this model, with latents of shape {model.latent_shape}, got one of another "
            f"model, with {found}; give the address and the name of this one."
        )
    signatures = {signature: list(spec.inputs) for signature, spec in specs.items()}
    return lambda signature, inputs: client.predict(signature, **inputs), signatures


def _export(model: Autoencoder, folder: Path, data: Any, binarize: str | None) -> None:
    """Exports the model; with `anomaly` if the data have training examples."""
    training, calibration = (data.train, data.validation) if isinstance(data, SplitDataset) else (None, None)
    options = ExportOptions(binarize=binarize, batch_sizes=(1, 32))
    export(model, folder, options=options, training=training, calibration=calibration, check=False)
