"""The pages of the explorer, beside the API of the server."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from keras_vae.errors import InvalidInputError
from keras_vae.explorer.arrays import as_array
from keras_vae.explorer.image_reader import read_example
from keras_vae.explorer.map_store import MapStore
from keras_vae.explorer.page_files import page_files, type_of
from keras_vae.explorer.prior_draws import PriorDraws
from keras_vae.explorer.remote import Remote
from keras_vae.models import Autoencoder
from keras_vae.models.data_range import takes_intensities

PATH = "/explorer"
MOST_BYTES = 64 * 2**20
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"
)
"""Nothing is loaded from another host. A notebook on this machine may show the page."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
BAD_REQUEST, NOT_FOUND, TOO_LARGE, CLOSED, NOT_READY = 400, 404, 413, 499, 503


class Pages:
    """Answers the requests of the page for other things than signatures of the model.

    Args:
        model: the model.
        remote: the server of the model, if it is another one.

    Attributes:
        data: JSON of what the page is given, see `explorer_data`; None until it is ready.
        maps: the maps of the points; None until they are ready.
        step: what is done until then.
    """

    def __init__(self, model: Autoencoder, remote: Remote | None = None):
        self.model, self.remote = model, remote
        self.data: bytes | None = None
        self.maps: MapStore | None = None
        self.step = "Loading the model"
        self._draws = None if model.prior is None else PriorDraws(model)

    def show_step(self, step: str) -> None:
        """Names what is done until the page is ready."""
        self.step = step

    def routes(self) -> list[Route]:
        """Returns the routes, all under `/explorer/`."""
        return [
            Route("/", self._redirect),
            Route(f"{PATH}/", self._file),
            Route(f"{PATH}/data.json", self._data),
            Route(f"{PATH}/maps/{{kind}}", _answering(self._map)),
            Route(f"{PATH}/draws", _answering(self._draw)),
            Route(f"{PATH}/read", _answering(self._read), methods=["POST"]),
            Route(f"{PATH}/predict", _answering(self._predict), methods=["POST"]),
            Route(f"{PATH}/{{name}}", self._file),
        ]

    async def _redirect(self, request: Request) -> Response:
        return RedirectResponse(f"{PATH[1:]}/")  # relative, for proxies

    async def _file(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in page_files():
            return _error(f"Not found: {request.url.path}", NOT_FOUND)
        return Response(page_files()[name], media_type=type_of(name), headers=HEADERS)

    async def _data(self, request: Request) -> Response:
        if self.data is None:
            response = _error("The page is being prepared.", NOT_READY, step=self.step)
            response.headers["retry-after"] = "1"
            return response
        return Response(self.data, media_type="application/json", headers=HEADERS)

    async def _map(self, request: Request) -> Response:
        if self.maps is None:
            raise InvalidInputError("map: expected points, got none; reload the page.")
        found = await run_in_threadpool(self.maps.__getitem__, request.path_params["kind"])
        return _json({"places": as_array(found.places), "note": found.note})

    async def _draw(self, request: Request) -> Response:
        if self._draws is None:
            raise InvalidInputError(f"{self.model.name}: it has no prior to draw from.")
        try:
            seed, count = (int(request.query_params[name]) for name in ("seed", "count"))
        except (KeyError, ValueError):
            raise InvalidInputError("draws: expected whole numbers seed and count.") from None
        return _json(await run_in_threadpool(self._draws, seed, count))

    async def _read(self, request: Request) -> Response:
        if not takes_intensities(self.model):
            raise InvalidInputError(
                "file: expected a model of images from 0 to 1, as files give them, got one that was trained on other "
                "units; choose an example of the map."
            )
        x = await run_in_threadpool(read_example, self.model.event_shape, await _body(request))
        return _json(as_array(x))

    async def _predict(self, request: Request) -> Response:
        if self.remote is None:
            raise InvalidInputError("predict: expected a request to /v1/models, as the model is on this server.")
        status, body = await run_in_threadpool(self.remote.predict, await _body(request))
        return Response(body, status, media_type="application/json", headers=HEADERS)


class _TooLargeError(Exception):
    """A body with too many bytes."""


async def _body(request: Request) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise _TooLargeError
        chunks.append(chunk)
    return b"".join(chunks)


def _answering(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Returns an endpoint that turns invalid input into an answer with the reason."""

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request)
        except InvalidInputError as error:
            return _error(str(error), BAD_REQUEST)
        except _TooLargeError:
            response = _error(f"expected at most {MOST_BYTES:,} bytes; send a smaller file.", TOO_LARGE)
            response.headers["connection"] = "close"
            return response
        except ClientDisconnect:
            return _error("the client closed the connection.", CLOSED)

    return endpoint


def _json(document: Any) -> Response:
    return Response(json.dumps(document), media_type="application/json", headers=HEADERS)


def _error(message: str, status: int, **further: str) -> Response:
    return Response(json.dumps({"error": message, **further}), status, media_type="application/json", headers=HEADERS)
