"""What a client needs of a protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from keras_vae.errors import InvalidInputError

Tensors = Mapping[str, np.ndarray | Sequence[bytes]]


@dataclass(frozen=True)
class Asked:
    """Which model is asked, and how the server is trusted.

    Attributes:
        model: its name.
        version: to ask; None for the newest.
        label: of a version, in place of its number.
        ca_file: certificates to trust, for TLS; those of the system when None.
        client_certificate: files of a certificate and its key, where the server asks for them.

    Raises:
        InvalidInputError: for both `version` and `label`.
    """

    model: str
    version: int | None = None
    label: str | None = None
    ca_file: str | None = None
    client_certificate: tuple[str, str] | None = None

    def __post_init__(self):
        if self.version is not None and self.label is not None:
            raise InvalidInputError("version and label: expected one of the two; drop one.")


class TensorSpec(NamedTuple):
    """One input or output of a signature.

    Attributes:
        dtype: its name in NumPy, `"string"` for bytes.
        shape: None for a free dimension.
    """

    dtype: str
    shape: tuple[int | None, ...]


class SignatureSpec(NamedTuple):
    """The inputs and the outputs of a signature, by name."""

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]


class VersionStatus(NamedTuple):
    """Where a version of the model stands: `"AVAILABLE"`, `"LOADING"`, ...; `error` is empty if nothing is wrong."""

    version: int
    state: str
    error: str


class Transport(Protocol):
    """One try of each kind of request; every failure is a `ServingError`."""

    def predict(self, signature: str, inputs: Tensors, spec: SignatureSpec, timeout: float) -> dict[str, np.ndarray]:
        """The outputs of a signature."""

    def metadata(self, timeout: float) -> dict[str, SignatureSpec]:
        """The signatures of the model."""

    def status(self, timeout: float) -> list[VersionStatus]:
        """The versions of the model."""

    def close(self) -> None:
        """Lets go of the connections."""


def signatures_of(definitions: Mapping[str, Mapping]) -> dict[str, SignatureSpec]:
    """Signatures from the JSON form of a `SignatureDefMap`."""
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
