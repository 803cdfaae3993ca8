"""The REST API of TensorFlow Serving.

Reference: https://www.tensorflow.org/tfx/serving/api_rest
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from keras_vae.serving.server import front_page, tensor_json
from keras_vae.serving.server.context import Account, Context
from keras_vae.serving.server.model_version import ModelVersion, ServedSignature
from keras_vae.serving.server.readers import RequestBytes, memory_exceeded
from keras_vae.serving.server.replies import metadata_response, status_response
from keras_vae.serving.server.request_body import read_body
from keras_vae.serving.server.request_error import Code, RequestError, invalid
from keras_vae.serving.versions import MAX_VERSION

MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
PREDICT_PATH = re.compile(MODEL + r":(?P<verb>predict|classify|regress)", re.IGNORECASE)
STATUS_PATH = re.compile(MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)
MAX_DIGITS = 100
TOO_SLOW, TOO_LARGE = 408, 413
INCOMPLETE_BODY = {TOO_SLOW, TOO_LARGE}
"""The status codes of answers that may be sent before the body is read completely."""
MIN_BYTES_PER_SECOND = 16 * 2**10
"""The minimum rate of a client in bytes per second after the first `read_seconds`."""


def rest_app(context: Context, routes: Sequence[BaseRoute] = ()) -> Callable[..., Awaitable[None]]:
    """Returns the ASGI application, with further `routes` beside the API."""
    endpoint = _Endpoint(context)
    pages = Starlette(
        routes=[
            *routes,
            Route("/", endpoint.front),
            Route("/metrics", endpoint.metrics),
            Route("/monitoring/prometheus/metrics", endpoint.metrics),
        ],
        exception_handlers={404: _not_found},
    )

    async def app(scope, receive, send):
        # Bypasses the routing, which takes as long as the rest.
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
                predict_match = PREDICT_PATH.fullmatch(path) if request.method == "POST" else None
                status_match = STATUS_PATH.fullmatch(path) if request.method == "GET" else None
                if predict_match:
                    return _json(await self._predict(request, predict_match, account))
                if status_match:
                    return _json(self._status(status_match, account))
                raise invalid(f"Malformed request: {request.method} {path}")
        except RequestError as error:
            headers = {"connection": "close"} if error.http in INCOMPLETE_BODY else None
            return _json(json.dumps({"error": error.message}).encode(), error.http, headers)

    async def _predict(self, request, match, account) -> bytes:
        name, version, label = _spec(match)
        if match["verb"].lower() != "predict":
            raise RequestError(
                Code.UNIMPLEMENTED,
                f"{match['verb']} requires tf.Example, but these models have predict signatures; use :predict.",
            )
        model_version = self.context.repository.get(name, version, label)
        account.model, account.version = model_version.name, model_version.version
        with self.context.request_memory.request() as request_bytes:
            body = await self._body(request, request_bytes)
            run = self.context.readers.run
            signature, form, inputs = await run(len(body), self._read, body, model_version, account)
            outputs = await self.context.predictor.predict(model_version, signature, inputs)
            size = sum(array.nbytes for array in outputs.values())
            return await run(size, tensor_json.write_outputs, outputs, form)

    def _read(
        self, body: bytes, model_version: ModelVersion, account: Account
    ) -> tuple[ServedSignature, str, dict[str, np.ndarray]]:
        """Reads a body; returns the signature, the form of the answer and the inputs."""
        limits = self.context.limits
        tensor_json.check_size(body, model_version.max_values(limits))

        def signature_of(name):
            signature = model_version.signature(name)
            if signature is None:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            account.signature = signature.name
            return signature

        return read_body(body, signature_of, limits)

    async def _body(self, request: Request, request_bytes: RequestBytes) -> bytes:
        max_bytes, seconds = self.context.options.max_request_bytes, self.context.options.read_seconds
        declared_size = request.headers.get("content-length", "")
        if declared_size.isdigit() and int(declared_size) > max_bytes:
            raise _too_large(int(declared_size), max_bytes)
        chunks: list[bytes] = []
        loop = asyncio.get_running_loop()
        start_time = loop.time()
        try:
            async with asyncio.timeout(seconds) as limit:
                request_bytes.cancel = partial(_expire, limit)
                async for chunk in request.stream():
                    if request_bytes.cancel is None:
                        raise memory_exceeded()
                    if request_bytes.bytes + len(chunk) > max_bytes:
                        raise _too_large(request_bytes.bytes + len(chunk), max_bytes)
                    request_bytes.add(len(chunk))
                    chunks.append(chunk)
                    limit.reschedule(start_time + seconds + request_bytes.bytes / MIN_BYTES_PER_SECOND)
        except TimeoutError:
            if request_bytes.cancel is None:
                raise memory_exceeded() from None
            rate = f"{MIN_BYTES_PER_SECOND} bytes per second"
            message = f"expected the body within {seconds:g} s, or at {rate} after that; send it faster."
            raise RequestError(Code.DEADLINE_EXCEEDED, message, http=TOO_SLOW) from None
        except ClientDisconnect:
            raise RequestError(Code.CANCELLED, "the client closed the connection.") from None
        request_bytes.cancel = None
        return b"".join(chunks)

    def _status(self, match, account) -> bytes:
        name, version, label = _spec(match)
        repository = self.context.repository
        if match["metadata"]:
            model_version = repository.get(name, version, label)
            account.model, account.version, account.signature = model_version.name, model_version.version, "metadata"
            return _metadata_json(metadata_response(model_version))
        statuses = repository.statuses(name, version, label)
        account.model, account.signature = name, "status"
        return _message_json(status_response(statuses))


def _expire(limit: asyncio.Timeout) -> None:
    with contextlib.suppress(RuntimeError):  # the timeout has ended already
        limit.reschedule(asyncio.get_running_loop().time())


def _too_large(size: int, max_bytes: int) -> RequestError:
    message = f"expected a request of at most {max_bytes} bytes, got {size} or more; send fewer rows at a time."
    return RequestError(Code.RESOURCE_EXHAUSTED, message, http=TOO_LARGE)


def _spec(match: re.Match) -> tuple[str, int | None, str | None]:
    digits = match["version"]
    if digits is not None and (len(digits) > MAX_DIGITS or int(digits) > MAX_VERSION):
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
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")


async def _not_found(request: Request, error: Exception) -> Response:
    return _json(
        json.dumps({"error": f"Not found: {request.scope['path']}; the API is under /v1/models."}).encode(), 404
    )
