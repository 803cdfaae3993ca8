"""The methods of a model, answered by a server."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.progress import progress
from keras_vae.serving.client.grpc_transport import GrpcTransport
from keras_vae.serving.client.rest_transport import RestTransport
from keras_vae.serving.client.serving_error import ServingError
from keras_vae.serving.client.transport import Asked, SignatureSpec, Tensors, Transport, VersionStatus
from keras_vae.serving.extra import need
from keras_vae.serving.png import is_beyond_tensorflow

Images = Sequence[bytes | os.PathLike]
MOST_BYTES = 4 * 2**20  # of a request, as numbers; JSON is some five times as long


class Encoded(NamedTuple):
    """Posteriors of examples, `(N, *latent_shape)` each.

    Attributes:
        mean: of q(z | x).
        variance: of q(z | x); None for a family without one.
        codes: indices into the codebooks, int32; None for continuous codes.
    """

    mean: np.ndarray
    variance: np.ndarray | None = None
    codes: np.ndarray | None = None


class Anomalies(NamedTuple):
    """How usual examples are, `(N,)` each.

    Attributes:
        score: in nats.
        rank: the share of the training examples that score lower.
        is_anomaly: whether the score lies below the threshold of the export.
    """

    score: np.ndarray
    rank: np.ndarray
    is_anomaly: np.ndarray


class Client:
    """Asks a model on TensorFlow Serving, or on `keras-vae serve`, what one asks of the model itself.

    Large inputs go in several requests at a time and come back in order. A request that finds the server unavailable
    or its queue full is tried again, later and later, until the time is over. Several threads may share one client.

    Args:
        target: `http://host:port`, or `https://`, for REST; `grpc://host:port`, or `grpcs://`, for gRPC.
        model: its name.
        version: to ask; None for the newest.
        label: of a version, in place of its number.
        timeout: seconds that a call may take, with all its tries.
        batch_size: rows of a request, at most.
        concurrency: requests at the same time.
        ca_file: certificates to trust, for TLS; those of the system when None.
        client_certificate: files of a certificate and its key, where the server asks for them.
        verbose: 1 shows a progress bar when a call takes long.

    Raises:
        InvalidInputError: for a target of another form, or both `version` and `label`.

    Example:

    >>> with serving.server.LocalServer(serving.export(vae((8,), 2, units=(4,)), "saved_models/v").parent) as server:
    ...     with Client(server.url, "v") as client:
    ...         print(client.generate(3, seed=0).shape, client.encode(np.zeros((2, 8))).mean.shape)
    (3, 8) (2, 2)
    """

    def __init__(
        self,
        target: str,
        model: str,
        *,
        version: int | None = None,
        label: str | None = None,
        timeout: float = 60.0,
        batch_size: int = 32,
        concurrency: int = 4,
        ca_file: str | None = None,
        client_certificate: tuple[str, str] | None = None,
        verbose: int = 0,
    ):
        asked = Asked(model, version, label, ca_file, client_certificate)
        self.timeout = timeout
        self.batch_size = check_integer("batch_size", batch_size)
        self.verbose = verbose
        concurrency = check_integer("concurrency", concurrency)
        scheme, _, address = target.partition("://")
        if scheme in ("http", "https") and address:
            self._transport: Transport = RestTransport(target, asked, connections=concurrency)
        elif scheme in ("grpc", "grpcs") and address:
            self._transport = GrpcTransport(address, asked, secure=scheme == "grpcs")
        else:
            raise InvalidInputError(f"target: expected http(s)://host:port or grpc(s)://host:port; got {target!r}.")
        self._pool = ThreadPoolExecutor(concurrency)
        self._signatures: dict[str, SignatureSpec] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connections."""
        self._pool.shutdown()
        self._transport.close()

    def encode(self, x: np.ndarray | Images, *, condition: Any = None) -> Encoded:
        """The posteriors of examples.

        Args:
            x: examples `(N, *event_shape)`, uint8 meaning 0 to 255; or image files, as bytes or paths. WebP and TIFF
                files are sent as PNG.
            condition: of each, `(N,)` labels or `(N, size)` vectors, for a conditional model.

        Raises:
            InvalidInputError: for inputs that the model does not take; nothing is sent.
            ServingError: if the server does not answer them; so do all that follow.
        """
        return Encoded(**self._of_examples("encode", x, condition))

    def reconstruct(self, x: np.ndarray | Images, *, condition: Any = None) -> np.ndarray:
        """Examples after a round trip through the code, `(N, *event_shape)`; arguments: see `encode`."""
        return self._of_examples("reconstruct", x, condition)["reconstruction"]

    def score(self, x: np.ndarray | Images, *, condition: Any = None) -> np.ndarray:
        """The ELBO of examples in nats, `(N,)`; arguments: see `encode`."""
        return self._of_examples("score", x, condition)["elbo"]

    def anomaly(self, x: np.ndarray | Images, *, condition: Any = None) -> Anomalies:
        """How usual examples are; arguments: see `encode`."""
        return Anomalies(**self._of_examples("anomaly", x, condition))

    def classify(self, x: np.ndarray | Images) -> np.ndarray:
        """The probabilities of the classes, `(N, classes)`; arguments: see `encode`."""
        return self._of_examples("classify", x, None)["probabilities"]

    def decode(self, z: Any, *, condition: Any = None) -> np.ndarray:
        """The expected examples `(N, *event_shape)` of codes `(N, *latent_shape)`."""
        return self.predict("decode", z=z, **_given(condition))["reconstruction"]

    def generate(self, n: int | None = None, seed: int = 0, *, seeds: Any = None, condition: Any = None) -> np.ndarray:
        """New examples from the prior, `(n, *event_shape)`.

        Sample i has the seed `(seed, i)`, so the first samples of a longer call are those of a shorter one, on any
        server and in batches of any size.

        Args:
            n: how many.
            seed: of all of them, from 0 to 2^31 - 1.
            seeds: in place of both, a seed for each, int32 `(n, 2)`.
            condition: of each, for a conditional model.
        """
        if (n is None) == (seeds is None):
            raise InvalidInputError("generate: expected n or seeds, one of the two.")
        if seeds is None:
            number = np.arange(check_integer("n", n))
            seeds = np.stack([np.full_like(number, check_seed(seed)), number], axis=1)
        return self.predict("generate", seed=seeds, **_given(condition))["sample"]

    def predict(self, signature: str, **inputs: Any) -> dict[str, np.ndarray]:
        """Any signature: inputs by name, of as many rows each, to outputs by name.

        Raises:
            InvalidInputError: for another signature, or inputs that it does not take; nothing is sent.
            ServingError: if the server does not answer.
        """
        deadline = time.monotonic() + self.timeout
        known = self.metadata()
        if signature not in known:
            raise InvalidInputError(unknown(signature, known, part="signature"))
        spec = known[signature]
        inputs = _checked(signature, spec, inputs)
        rows = len(next(iter(inputs.values())))
        size = min(self.batch_size, max(1, MOST_BYTES * rows // max(1, sum(map(_bytes, inputs.values())))))
        pieces = [{key: value[i : i + size] for key, value in inputs.items()} for i in range(0, rows, size)]

        def ask(piece):
            return self._trying(lambda seconds: self._transport.predict(signature, piece, spec, seconds), deadline)

        if len(pieces) == 1:
            return ask(pieces[0])
        asked = self._pool.map(ask, pieces)
        answers = list(progress(asked, len(pieces), f"Asking {signature}", verbose=self.verbose))
        return {name: np.concatenate([answer[name] for answer in answers]) for name in spec.outputs}

    def metadata(self) -> dict[str, SignatureSpec]:
        """The signatures of the model, by name; asked once."""
        if self._signatures is None:
            self._signatures = self._trying(self._transport.metadata, time.monotonic() + self.timeout)
        return self._signatures

    def status(self) -> list[VersionStatus]:
        """Where the versions of the model stand."""
        return self._trying(self._transport.status, time.monotonic() + self.timeout)

    def ready(self) -> bool:
        """Whether a version of the model can be asked now."""
        try:
            return any(version.state == "AVAILABLE" for version in self._transport.status(self.timeout))
        except ServingError:
            return False

    def wait_until_ready(self, timeout: float = 60.0) -> None:
        """Waits until a version of the model can be asked.

        Raises:
            ServingError: if none can be in time.
        """
        deadline = time.monotonic() + timeout
        while not self.ready():
            if time.monotonic() > deadline:
                target = self._transport.target
                raise ServingError("DEADLINE_EXCEEDED", f"no version was ready within {timeout:g} s", target=target)
            time.sleep(0.1)

    def _of_examples(self, name: str, x: Any, condition: Any) -> dict[str, np.ndarray]:
        if _is_files(x):
            files = [self._file(item) for item in x]
            return self.predict(f"{name}_bytes", image_bytes=files, **_given(condition))
        x = np.asarray(x)
        x = x.astype("float32") / 255 if x.dtype == np.uint8 else x
        return self.predict("serving_default" if name == "reconstruct" else name, x=x, **_given(condition))

    def _file(self, item: bytes | os.PathLike) -> bytes:
        """A file that the server can decode."""
        content = _read(item)
        if not is_beyond_tensorflow(content):
            return content
        from keras_vae.data.images import to_png

        x = self.metadata().get("serving_default", SignatureSpec({}, {})).inputs.get("x")
        try:
            return to_png(content, x.shape[1:3] if x is not None and len(x.shape) == 4 else None)
        except Exception as error:  # Pillow raises many kinds
            what = "a file" if isinstance(item, bytes) else item
            raise InvalidInputError(f"{what}: expected a readable image, {error}.") from error

    def _trying(self, ask: Callable[[float], Any], deadline: float) -> Any:
        """Asks, again and again as long as that may help and there is time."""
        tenacity = need("tenacity")
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, ServingError) and error.retry),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5.0),
            stop=tenacity.stop_before_delay(max(0.0, deadline - time.monotonic())),
            reraise=True,
        ):
            with attempt:
                return ask(max(0.001, deadline - time.monotonic()))


def _given(condition: Any) -> dict[str, Any]:
    return {} if condition is None else {"condition": condition}


def _is_files(x: Any) -> bool:
    if isinstance(x, (str, bytes, os.PathLike)):
        raise InvalidInputError("x: expected a list of image files, got a single one; write [x].")
    return isinstance(x, (list, tuple)) and len(x) > 0 and all(isinstance(item, (bytes, os.PathLike)) for item in x)


def _read(item: bytes | os.PathLike) -> bytes:
    if isinstance(item, bytes):
        return item
    try:
        return Path(item).read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{item}: cannot be read: {error.strerror}.") from error


def _bytes(value: np.ndarray | Sequence[bytes]) -> int:
    return value.nbytes if isinstance(value, np.ndarray) else sum(map(len, value))


def _checked(signature: str, spec: SignatureSpec, inputs: Mapping[str, Any]) -> Tensors:
    """The inputs in the types of the signature."""
    if set(inputs) != set(spec.inputs):
        wanted, got = (", ".join(sorted(names)) or "none" for names in (spec.inputs, inputs))
        raise InvalidInputError(f"{signature}: expected the inputs {wanted}; got {got}.")
    checked = {name: _tensor(name, value, *spec.inputs[name]) for name, value in inputs.items()}
    rows = {name: len(value) for name, value in checked.items()}
    if len(set(rows.values())) > 1 or 0 in rows.values():
        raise InvalidInputError(f"{signature}: expected as many rows of each input, one or more; got {rows}.")
    return checked


def _tensor(name: str, value: Any, dtype: str, shape: tuple[int | None, ...]) -> np.ndarray | Sequence[bytes]:
    if dtype == "string":
        return value
    try:
        array = np.asarray(value)
        converted = array.astype(dtype)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"{name}: expected numbers, {dtype}; {error}.") from error
    exact = array.dtype.kind in "biuf" and (np.dtype(dtype).kind == "f" or np.array_equal(converted, array))
    if not exact:
        raise InvalidInputError(f"{name}: expected {dtype}; got {array.dtype} that is no such number.")
    fits = len(shape) == array.ndim and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits:
        wanted = ", ".join("N" if n is None else str(n) for n in shape)
        raise InvalidInputError(f"{name}: expected shape ({wanted}); got {array.shape}.")
    return converted
