"""REST, without TensorFlow on the client's side."""

import base64
from typing import Any
from urllib.parse import quote

import numpy as np

from keras_vae.serving.client.serving_error import ServingError
from keras_vae.serving.client.transport import Asked, SignatureSpec, Tensors, VersionStatus, signatures_of
from keras_vae.serving.extra import need
from keras_vae.serving.json_with_nan import dumps, loads

CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    431: "INVALID_ARGUMENT",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
TOO_LARGE = 413


class RestTransport:
    """Requests to `URL/v1/models/MODEL`, in columns.

    Args:
        url: `http://host:port` or `https://host:port`.
        asked: the model, and whom to trust.
        connections: kept open at the same time.
    """

    def __init__(self, url: str, asked: Asked, *, connections: int = 4):
        requests = need("requests")
        need("orjson")
        self.target = url.rstrip("/")
        self._model = f"{self.target}/v1/models/{quote(asked.model, safe='')}"
        self._version = "" if asked.version is None else f"/versions/{asked.version}"
        self._version += f"/labels/{quote(asked.label, safe='')}" if asked.label else ""
        self._requests = requests
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy for the web is none for this server
        self._session.verify = asked.ca_file or True
        self._session.cert = asked.client_certificate
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=connections)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def predict(self, signature: str, inputs: Tensors, spec: SignatureSpec, timeout: float) -> dict[str, np.ndarray]:
        document = {"signature_name": signature, "inputs": {name: _plain(value) for name, value in inputs.items()}}
        body = dumps(document, [value for value in inputs.values() if isinstance(value, np.ndarray)])
        answer = self._ask("POST", f"{self._model}{self._version}:predict", timeout, body)["outputs"]
        if len(spec.outputs) == 1:
            answer = {name: answer for name in spec.outputs}
        return {name: _array(answer[name], spec.outputs[name].dtype) for name in spec.outputs}

    def metadata(self, timeout: float) -> dict[str, SignatureSpec]:
        answer = self._ask("GET", f"{self._model}{self._version}/metadata", timeout)
        return signatures_of(answer["metadata"]["signature_def"]["signature_def"])

    def status(self, timeout: float) -> list[VersionStatus]:
        answer = self._ask("GET", f"{self._model}{self._version}", timeout)
        return [
            VersionStatus(int(entry["version"]), entry["state"], entry["status"]["error_message"])
            for entry in answer["model_version_status"]
        ]

    def close(self) -> None:
        self._session.close()

    def _ask(self, method: str, url: str, timeout: float, body: bytes | None = None) -> Any:
        headers = {"Content-Type": "application/json"} if body else None
        try:
            response = self._session.request(method, url, data=body, headers=headers, timeout=timeout)
        except self._requests.exceptions.SSLError as error:
            raise self._error("UNAUTHENTICATED", str(error)) from error
        except self._requests.exceptions.Timeout as error:
            raise self._error("DEADLINE_EXCEEDED", f"no answer within {timeout:.3g} s") from error
        except self._requests.exceptions.RequestException as error:
            raise self._error("UNAVAILABLE", _reason(error)) from error
        if response.status_code != 200:
            code = CODES.get(response.status_code, "INTERNAL" if response.status_code >= 500 else "UNKNOWN")
            retry = False if response.status_code == TOO_LARGE else None
            raise self._error(code, f"{_message(response)} (HTTP {response.status_code})", retry=retry)
        try:
            return loads(response.content)
        except ValueError as error:
            raise self._error("INTERNAL", f"the answer is no JSON: {error}") from error

    def _error(self, code, message, **options):
        return ServingError(code, message, target=self.target, **options)


def _reason(error: Exception) -> str:
    """The cause that urllib3 wraps, without its object's address."""
    cause = getattr(error.args[0], "reason", error) if error.args else error
    return str(cause).rpartition(": ")[2]


def _message(response) -> str:
    try:
        return str(loads(response.content)["error"])
    except (ValueError, KeyError, TypeError):
        return response.reason or "no reason given"


def _plain(value) -> Any:
    if isinstance(value, np.ndarray):
        return value
    return [{"b64": base64.b64encode(item).decode()} for item in value]


def _array(value: Any, dtype: str) -> np.ndarray:
    if dtype != "string":
        return np.asarray(value, "float32" if dtype == "bfloat16" else dtype)
    return np.array(
        [base64.b64decode(item["b64"]) if isinstance(item, dict) else item.encode() for item in value], object
    )
