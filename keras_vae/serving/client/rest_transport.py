"""The REST transport, which does not need TensorFlow."""

import base64
from typing import Any
from urllib.parse import quote

import numpy as np

from keras_vae.serving.client.serving_error import ServingError
from keras_vae.serving.client.transport import ModelTarget, SignatureSpec, Tensors, VersionStatus, parse_signatures
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
    """Sends requests to `URL/v1/models/MODEL`, in the column format.

    Args:
        url: `http://host:port` or `https://host:port`.
        model_target: the model and the certificates.
        connections: maximum number of open connections.
    """

    def __init__(self, url: str, model_target: ModelTarget, *, connections: int = 4):
        requests = need("requests")
        need("orjson")
        self.target = url.rstrip("/")
        self._model = f"{self.target}/v1/models/{quote(model_target.model, safe='')}"
        self._version = "" if model_target.version is None else f"/versions/{model_target.version}"
        self._version += f"/labels/{quote(model_target.label, safe='')}" if model_target.label else ""
        self._requests = requests
        self._session = requests.Session()
        self._session.trust_env = False  # proxies of the environment do not apply to this server
        self._session.verify = model_target.ca_file or True
        self._session.cert = model_target.client_certificate
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=connections)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def predict(self, signature: str, inputs: Tensors, spec: SignatureSpec, timeout: float) -> dict[str, np.ndarray]:
        document = {"signature_name": signature, "inputs": {name: _plain(value) for name, value in inputs.items()}}
        body = dumps(document, [value for value in inputs.values() if isinstance(value, np.ndarray)])
        reply = self._send("POST", f"{self._model}{self._version}:predict", timeout, body)["outputs"]
        if len(spec.outputs) == 1:
            reply = {name: reply for name in spec.outputs}
        return {name: _array(reply[name], spec.outputs[name].dtype) for name in spec.outputs}

    def metadata(self, timeout: float) -> dict[str, SignatureSpec]:
        reply = self._send("GET", f"{self._model}{self._version}/metadata", timeout)
        return parse_signatures(reply["metadata"]["signature_def"]["signature_def"])

    def status(self, timeout: float) -> list[VersionStatus]:
        reply = self._send("GET", f"{self._model}{self._version}", timeout)
        return [
            VersionStatus(int(entry["version"]), entry["state"], entry["status"]["error_message"])
            for entry in reply["model_version_status"]
        ]

    def close(self) -> None:
        self._session.close()

    def _send(self, method: str, url: str, timeout: float, body: bytes | None = None) -> Any:
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
            raise self._error("INTERNAL", f"expected JSON in the answer, got: {error}") from error

    def _error(self, code, message, **options):
        return ServingError(code, message, target=self.target, **options)


def _reason(error: Exception) -> str:
    """Returns the cause that urllib3 wraps, without the address of its object."""
    cause = getattr(error.args[0], "reason", error) if error.args else error
    return str(cause).rpartition(": ")[2]


def _message(response) -> str:
    try:
        return str(loads(response.content)["error"])
    except (ValueError, KeyError, TypeError):
        return response.reason or "no error message"


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
