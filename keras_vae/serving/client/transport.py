"""The interface of the client's transports, REST and gRPC."""

import contextlib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from keras_vae.errors import InvalidInputError, one_line

Tensors = Mapping[str, np.ndarray | Sequence[bytes]]


@dataclass(frozen=True)
class ModelTarget:
    """The model of a client, and the certificates for its server.

    Attributes:
        model: name of the model.
        version: number of the version. None uses the newest version.
        label: label of the version, instead of its number.
        ca_file: file with trusted certificates, for TLS. None uses those of the system.
        client_certificate: files with a client certificate and its key, if the server requires them.

    Raises:
        InvalidInputError: if both `version` and `label` are given, or if a file contains no certificate or key.
        OSError: if a file cannot be read.
    """

    model: str
    version: int | None = None
    label: str | None = None
    ca_file: str | None = None
    client_certificate: tuple[str, str] | None = None

    def __post_init__(self):
        if self.version is not None and self.label is not None:
            raise InvalidInputError("version and label: expected at most one of them, got both; leave one out.")
        # Before a call: gRPC would report a server that does not answer.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.ca_file is not None and not Path(self.ca_file).is_dir():
            Path(self.ca_file).read_bytes()  # an error names the file
            with _readable(f"ca_file {self.ca_file}", "trusted certificates in PEM"):
                context.load_verify_locations(self.ca_file)
        if self.client_certificate is not None:
            for path in self.client_certificate:
                Path(path).read_bytes()
            with _readable(f"client_certificate {self.client_certificate}", "a certificate and its key in PEM"):
                context.load_cert_chain(*self.client_certificate, password="")


@contextlib.contextmanager
def _readable(part: str, expected: str) -> Iterator[None]:
    try:
        yield
    except (ssl.SSLError, ValueError) as error:
        raise InvalidInputError(f"{part}: expected {expected}, got: {one_line(error)}; give another file.") from error


class TensorSpec(NamedTuple):
    """An input or output of a signature.

    Attributes:
        dtype: name of the dtype in NumPy; `"string"` for bytes.
        shape: sizes of the dimensions; None for a dimension of any size.

    Example:

    >>> TensorSpec("float32", (None, 28, 28, 1)).shape[1:]
    (28, 28, 1)
    """

    dtype: str
    shape: tuple[int | None, ...]


class SignatureSpec(NamedTuple):
    """The inputs and outputs of a signature by name.

    Attributes:
        inputs: name -> dtype and shape of each input.
        outputs: name -> dtype and shape of each output.

    Example:

    >>> spec = SignatureSpec(inputs={"z": TensorSpec("float32", (None, 2))}, outputs={})
    >>> spec.inputs["z"].dtype
    'float32'
    """

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]


class VersionStatus(NamedTuple):
    """The status of a version of the model.

    Attributes:
        version: number of the version.
        state: state of the version, such as `"AVAILABLE"` or `"LOADING"`.
        error: error message; empty without an error.

    Example:

    >>> VersionStatus(version=1, state="AVAILABLE", error="").state
    'AVAILABLE'
    """

    version: int
    state: str
    error: str


class Transport(Protocol):
    """Sends requests without retries; every failure raises a `ServingError`."""

    target: str

    def predict(self, signature: str, inputs: Tensors, spec: SignatureSpec, timeout: float) -> dict[str, np.ndarray]:
        """Returns the outputs of a signature."""
        ...

    def metadata(self, timeout: float) -> dict[str, SignatureSpec]:
        """Returns the signatures of the model."""
        ...

    def status(self, timeout: float) -> list[VersionStatus]:
        """Returns the status of each version of the model."""
        ...

    def close(self) -> None:
        """Closes the connections."""


def parse_signatures(definitions: Mapping[str, Mapping]) -> dict[str, SignatureSpec]:
    """Parses signatures from the JSON form of a `SignatureDefMap`."""
    return {
        name: SignatureSpec(*(_side(definition.get(side, {})) for side in ("inputs", "outputs")))
        for name, definition in definitions.items()
        if not name.startswith("__")
    }


def _side(tensors: Mapping[str, Mapping]) -> dict[str, TensorSpec]:
    return {name: TensorSpec(_dtype(info["dtype"]), _shape(info)) for name, info in tensors.items()}


def _dtype(name: str) -> str:
    kind = name.removeprefix("DT_").lower()
    return {"float": "float32", "double": "float64"}.get(kind, kind)


def _shape(info: Mapping) -> tuple[int | None, ...]:
    sizes = (int(dim["size"]) for dim in info.get("tensor_shape", {}).get("dim", []))
    return tuple(None if size < 0 else size for size in sizes)
