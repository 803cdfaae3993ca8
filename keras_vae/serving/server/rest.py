"""REST as TensorFlow Serving has it.

Reference: https://www.tensorflow.org/tfx/serving/api_rest
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from keras_vae.serving.server import front_page, tensor_json
from keras_vae.serving.server.context import Account, Context
from keras_vae.serving.server.readers import Held, full
from keras_vae.serving.server.replies import metadata_response, status_response
from keras_vae.serving.server.request_body import read_body
from keras_vae.serving.server.request_error import Code, RequestError, invalid
from keras_vae.serving.server.servable import Servable, Signature
from keras_vae.serving.versions import MOST_VERSION

MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
ASK = re.compile(MODEL + r":(?P<verb>predict|classify|regress)", re.IGNORECASE)
LOOK = re.compile(MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)
MOST_DIGITS = 100
TOO_SLOW, TOO_LARGE = 408, 413
UNREAD = {TOO_SLOW, TOO_LARGE}
"""The answers before which a body may not have been read to its end."""
LEAST_RATE = 16 * 2**10
"""Bytes a second that a client has to send, beyond the first `read_seconds`."""


def rest_app(context: Context) -> Callable[..., Awaitable[None]]:
    """The application for an ASGI server."""
    endpoint = _Endpoint(context)
    pages = Starlette(
        routes=[
            Route("/", endpoint.front),
            Route("/metrics", endpoint.metrics),
            Route("/monitoring/prometheus/metrics", endpoint.metrics),
        ],
        exception_handlers={404: _not_found},
    )

    async def app(scope, receive, send):
        # Past the routing, which costs as much again.
        if scope["type"] == "http" and scope["path"][:4].lower() == "/v1/":
            response = await endpoint.answer(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return app


class _Endpoint:
    def __init__(self, context: Context):
        self.context = context

    async def front(self, request: Request) -> Response:
        host, port = request.scope["server"]
        url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        return Response(front_page.front_page(self.context.repository, url), media_type="text/html")

    async def metrics(self, request: Request) -> Response:
        return PlainTextResponse(self.context.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def answer(self, request: Request) -> Response:
        try:
            with self.context.account("rest") as account:
                path = request.scope["path"]
                asked = ASK.fullmatch(path) if request.method == "POST" else None
                looked = LOOK.fullmatch(path) if request.method == "GET" else None
                if asked:
                    return _json(await self._predict(request, asked, account))
                if looked:
                    return _json(self._look(looked, account))
                raise invalid(f"Malformed request: {request.method} {path}")
        except RequestError as error:
            headers = {"connection": "close"} if error.http in UNREAD else None
            return _json(json.dumps({"error": error.message}).encode(), error.http, headers)

    async def _predict(self, request, match, account) -> bytes:
        name, version, label = _spec(match)
        if match["verb"].lower() != "predict":
            raise RequestError(
                Code.UNIMPLEMENTED,
                f"{match['verb']} needs tf.Example; these models have predict signatures: ask :predict.",
            )
        servable = self.context.repository.get(name, version, label)
        account.model, account.version = servable.name, servable.version
        with self.context.room.hold() as held:
            body = await self._body(request, held)
            run = self.context.readers.run
            signature, form, inputs = await run(len(body), self._read, body, servable, account)
            outputs = await self.context.predictor.predict(servable, signature, inputs)
            size = sum(array.nbytes for array in outputs.values())
            return await run(size, tensor_json.write_outputs, outputs, form)

    def _read(self, body: bytes, servable: Servable, account: Account) -> tuple[Signature, str, dict[str, np.ndarray]]:
        """What a body asks: a signature, the form of the answer and the inputs."""
        limits = self.context.limits
        tensor_json.check_size(body, servable.most_values(limits))

        def signature_of(name):
            signature = servable.signature(name)
            if signature is None:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            account.signature = signature.name
            return signature

        return read_body(body, signature_of, limits)

    async def _body(self, request: Request, held: Held) -> bytes:
        most, seconds = self.context.options.max_request_bytes, self.context.options.read_seconds
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > most:
            raise _too_large(int(declared), most)
        pieces: list[bytes] = []
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(seconds) as limit:
                held.give_up = partial(_expire, limit)
                async for piece in request.stream():
                    if held.give_up is None:
                        raise full()
                    if held.bytes + len(piece) > most:
                        raise _too_large(held.bytes + len(piece), most)
                    held.add(len(piece))
                    pieces.append(piece)
                    limit.reschedule(started + seconds + held.bytes / LEAST_RATE)
        except TimeoutError:
            if held.give_up is None:
                raise full() from None
            message = f"the body was not sent within {seconds:g} s, and a second more for each {LEAST_RATE} bytes."
            raise RequestError(Code.DEADLINE_EXCEEDED, message, http=TOO_SLOW) from None
        except ClientDisconnect:
            raise RequestError(Code.CANCELLED, "the client went away.") from None
        held.give_up = None
        return b"".join(pieces)

    def _look(self, match, account) -> bytes:
        name, version, label = _spec(match)
        repository = self.context.repository
        if match["metadata"]:
            servable = repository.get(name, version, label)
            account.model, account.version, account.signature = servable.name, servable.version, "metadata"
            return _metadata_json(metadata_response(servable))
        statuses = repository.statuses(name, version, label)
        account.model, account.signature = name, "status"
        return _message_json(status_response(statuses))


def _expire(limit: asyncio.Timeout) -> None:
    with contextlib.suppress(RuntimeError):  # it is over already
        limit.reschedule(asyncio.get_running_loop().time())


def _too_large(size: int, most: int) -> RequestError:
    message = f"the request has {size} bytes or more; at most {most} are taken: send fewer rows at a time."
    return RequestError(Code.RESOURCE_EXHAUSTED, message, http=TOO_LARGE)


def _spec(match: re.Match) -> tuple[str, int | None, str | None]:
    digits = match["version"]
    if digits is not None and (len(digits) > MOST_DIGITS or int(digits) > MOST_VERSION):
        raise invalid(f"Failed to convert version: {digits} to numeric.")
    return match["name"], None if digits is None else int(digits), match["label"]


def _message_json(message: get_model_status_pb2.GetModelStatusResponse) -> bytes:
    return json.dumps(_as_dict(message), indent=1).encode()


def _metadata_json(message: get_model_metadata_pb2.GetModelMetadataResponse) -> bytes:
    answer = _as_dict(message)
    for value in answer["metadata"].values():
        value.pop("@type", None)
    return json.dumps(answer, indent=1).encode()


def _as_dict(message: Any) -> dict:
    options = {"preserving_proto_field_name": True, "always_print_fields_with_no_presence": True}
    return MessageToDict(message, **options)


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")


async def _not_found(request: Request, error: Exception) -> Response:
    return _json(
        json.dumps({"error": f"Not found: {request.scope['path']}; the API is under /v1/models."}).encode(), 404
    )
