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
from typing import TYPE_CHECKING, Any, Self

from keras_vae.checks import check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.explorer.model_export import NAME, connected, write_export
from keras_vae.explorer.prepared import check_model, prepare
from keras_vae.explorer.remote import Remote
from keras_vae.explorer.scores import Signatures
from keras_vae.explorer.static_page import write_page
from keras_vae.models import Autoencoder
from keras_vae.progress import step
from keras_vae.serving.extra import need_server
from keras_vae.serving.server import ServerOptions

if TYPE_CHECKING:
    from keras_vae.serving.server import LocalServer


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
        write_page(path, self._offline(live=live, onnxruntime=onnxruntime))

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
        InvalidInputError: if the data or an option cannot be used, if `server` does not answer, or if the packages of
            `keras_vae[serving]` are not installed.
        ServingError: if `server` fails.

    Example:

    >>> with explore(zoo.vae((8, 8, 1), 2, units=(4,)), kv.data.load("digits"), points=50, anomaly=False) as explorer:
    ...     print(explorer.url)
    http://127.0.0.1:.../explorer/
    """
    check_model(model)
    need_server()
    from keras_vae.explorer.routes import PATH, Pages
    from keras_vae.serving.server import LocalServer
    from keras_vae.serving.server.hosts import LOCAL, check_hosts
    from keras_vae.serving.server.lifecycle import bind

    seed, hosts = check_seed(seed), check_hosts(hosts)
    options = ServerOptions(port=port, grpc_port=None)
    with bind(options.host, options.port):  # a port in use is told before the work
        pass
    prepared = prepare(model, data, title=title, points=points, map_kind=map_kind, seed=seed)
    with contextlib.ExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="keras_vae-")))
        remote = None if server is None else Remote(server, served_name)
        if remote is None:
            write_export(model, folder / NAME, data if anomaly else None, binarize)
        pages = Pages(model, remote)
        running = resources.enter_context(LocalServer(folder, options, routes=pages.routes(), hosts=(*LOCAL, *hosts)))
        if server is None:
            signatures = _loaded(running)
        else:
            signatures = resources.enter_context(connected(server, served_name, model))
        described = prepared.describe(signatures, on_step=pages.show_step)
        described["predict"] = "predict" if remote is not None else f"../v1/models/{NAME}:predict"
        pages.maps, pages.data = prepared.maps, json.dumps(described).encode()
        offline = partial(prepared.without_server, described)
        return Explorer(f"{running.url}{PATH}/", described, resources.pop_all(), offline)


def _loaded(server: "LocalServer") -> Signatures:
    """Returns the signatures of the model of this process, once it is loaded."""
    with step("Loading the export"):
        while True:  # a large model loads in the background
            for status in server.repository.models.get(NAME, {}).values():
                if status.error is not None:
                    raise InvalidInputError(f"{NAME}: expected an export that can be loaded, got: {status.error}")
                if (version := status.model_version) is not None:
                    return Signatures.of(version)
            time.sleep(0.1)
