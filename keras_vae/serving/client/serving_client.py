"""A client with the methods of a model."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.progress import progress
from keras_vae.serving.client.grpc_transport import GrpcTransport
from keras_vae.serving.client.rest_transport import RestTransport
from keras_vae.serving.client.serving_error import ServingError
from keras_vae.serving.client.transport import ModelTarget, SignatureSpec, Tensors, Transport, VersionStatus
from keras_vae.serving.extra import need
from keras_vae.serving.image_units import REFUSED, takes_uint8
from keras_vae.serving.png import is_beyond_tensorflow

Images = Sequence[bytes | os.PathLike]
MAX_CHUNK_BYTES = 4 * 2**20  # maximum bytes of the arrays in a request; JSON is about five times as long


class Encoded(NamedTuple):
    """Posteriors of examples, each array `(N, *latent_shape)`.

    Attributes:
        mean: mean of q(z | x), `(N, *latent_shape)`.
        variance: variance of q(z | x), of the same shape; None for a family without a variance.
        indices: indices into the codebooks, int32 `(N, *positions, levels)`; None for continuous latents.

    Example:

    >>> encoded = Encoded(mean=np.zeros((3, 2)), variance=np.ones((3, 2)))
    >>> encoded.mean.shape, encoded.indices is None
    ((3, 2), True)
    """

    mean: np.ndarray
    variance: np.ndarray | None = None
    indices: np.ndarray | None = None


class Anomalies(NamedTuple):
    """Anomaly scores of examples, each array `(N,)`; more is stranger. See `keras_vae.evaluation.ANOMALY_SCORES`.

    Attributes:
        is_anomaly: whether `combined` exceeds the threshold of the export.
        p_value: share of usual examples with at least this `combined`.
        combined: mean of the three distances.
        score_distance: distance to the nearest reference examples in the scores of the model.
        code_distance: distance to them in the posterior means.
        feature_distance: distance to them in statistics of the image, or in the values.
        negative_elbo: -ELBO in nats.
        error: mean squared error of the reconstruction.
        patch_error: largest mean squared error of a patch, or of one value.
        typicality: distance of -ELBO from its mean, in nats.
        kl: KL(q(z | x) || p(z)) in nats; None for models without one.
        complexity: -ELBO minus the length as PNG, in bits; None for models of other data than images.
        p_values: score -> share of usual examples with at least this score; those of `combined` alone for an export of
            an earlier version.

    Example:

    >>> scores = Anomalies(*np.zeros((10, 3)))  # `Client.anomaly` returns these of 3 examples
    >>> scores.combined.shape, scores.kl is None
    ((3,), True)
    """

    is_anomaly: np.ndarray
    p_value: np.ndarray
    combined: np.ndarray
    score_distance: np.ndarray
    code_distance: np.ndarray
    feature_distance: np.ndarray
    negative_elbo: np.ndarray
    error: np.ndarray
    patch_error: np.ndarray
    typicality: np.ndarray
    kl: np.ndarray | None = None
    complexity: np.ndarray | None = None
    p_values: Mapping[str, np.ndarray] = MappingProxyType({})


class Client:
    """Calls the methods of a model on TensorFlow Serving or on `keras-vae serve`.

    Large inputs are split into several concurrent requests, and their outputs are joined in order. If the server is
    unavailable or its queue is full, a request is retried with increasing delays until the timeout. Several threads
    may share a client.

    Args:
        target: `http://host:port` or `https://host:port` for REST; `grpc://host:port` or `grpcs://host:port` for gRPC.
        model: name of the model.
        version: number of the version. None uses the newest version.
        label: label of the version, instead of its number.
        timeout: maximum seconds of a call, including retries.
        batch_size: maximum number of rows in a request.
        concurrency: maximum number of concurrent requests.
        ca_file: file with trusted certificates, for TLS. None uses those of the system.
        client_certificate: files with a client certificate and its key, if the server requires them.
        verbose: 1 shows a progress bar for long calls.

    Raises:
        InvalidInputError: for a target of another form, or if both `version` and `label` are given.

    Example:

    >>> version = serving.export(vae((8,), 2, units=(4,)), "saved_models/v", check=False)
    >>> with serving.server.LocalServer(version.parent) as server:
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
        model_target = ModelTarget(model, version, label, ca_file, client_certificate)
        self.timeout = timeout
        self.batch_size = check_integer("batch_size", batch_size)
        self.verbose = verbose
        concurrency = check_integer("concurrency", concurrency)
        scheme, _, address = target.partition("://")
        if scheme in ("http", "https") and address:
            self._transport: Transport = RestTransport(target, model_target, connections=concurrency)
        elif scheme in ("grpc", "grpcs") and address:
            self._transport = GrpcTransport(address, model_target, secure=scheme == "grpcs")
        else:
            raise InvalidInputError(
                f"target: expected http(s)://host:port or grpc(s)://host:port; got {target!r}; correct the address."
            )
        self._pool = ThreadPoolExecutor(concurrency)
        self._signatures: dict[str, SignatureSpec] | None = None
        self._signatures_of_uint8: dict[str, bool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._pool.shutdown()
        self._transport.close()

    def encode(self, x: np.ndarray | Images, *, condition: Any = None) -> Encoded:
        """Returns the posteriors of examples.

        Args:
            x: examples `(N, *event_shape)`, where uint8 values are pixels from 0 to 255; or image files, as bytes or
                paths. WebP and TIFF files are converted to PNG.
            condition: condition of each example, `(N,)` labels or `(N, size)` vectors, for a conditional model.

        Raises:
            InvalidInputError: if the inputs do not match the signature; no request is sent.
            ServingError: if a request fails. The methods below raise the same errors.
        """
        return Encoded(**self._of_examples("encode", x, condition))

    def reconstruct(self, x: np.ndarray | Images, *, condition: Any = None) -> np.ndarray:
        """Returns the reconstructions of examples, `(N, *event_shape)`; see `encode` for the arguments."""
        return self._of_examples("reconstruct", x, condition)["reconstruction"]

    def score(self, x: np.ndarray | Images, *, condition: Any = None) -> np.ndarray:
        """Returns the ELBO of examples in nats, `(N,)`; see `encode` for the arguments."""
        return self._of_examples("score", x, condition)["elbo"]

    def anomaly(self, x: np.ndarray | Images, *, condition: Any = None) -> Anomalies:
        """Returns the anomaly scores of examples; see `encode` for the arguments."""
        found = self._of_examples("anomaly", x, condition)
        p_values = {name.removeprefix("p_value_"): found[name] for name in found if name.startswith("p_value_")}
        known = {name: found[name] for name in Anomalies._fields if name in found}
        return Anomalies(**known, p_values={"combined": found["p_value"], **p_values})

    def classify(self, x: np.ndarray | Images) -> np.ndarray:
        """Returns the probabilities of the classes, `(N, classes)`; see `encode` for the arguments."""
        return self._of_examples("classify", x, None)["probabilities"]

    def decode(self, z: Any, *, condition: Any = None) -> np.ndarray:
        """Returns E[x | z], `(N, *event_shape)`.

        Args:
            z: latents `(N, *latent_shape)`.
            condition: condition of each latent, `(N,)` labels or `(N, size)` vectors, for a conditional model.
        """
        return self.predict("decode", z=z, **_optional(condition))["reconstruction"]

    def generate(self, n: int | None = None, seed: int = 0, *, seeds: Any = None, condition: Any = None) -> np.ndarray:
        """Generates examples from the prior, `(n, *event_shape)`.

        The seed of sample i is `(seed, i)`. The first samples of a call therefore do not depend on `n`, the server or
        the batch size.

        Args:
            n: number of examples.
            seed: seed of all examples, 0 to 2^31 - 1.
            seeds: a seed for each example, int32 `(n, 2)`, instead of `n` and `seed`.
            condition: condition of each example, for a conditional model.

        Raises:
            InvalidInputError: unless exactly one of `n` and `seeds` is given, or if one cannot be used.
            ServingError: if a request fails.
        """
        if (n is None) == (seeds is None):
            got = "neither" if n is None else "both"
            raise InvalidInputError(f"generate: expected either n or seeds, got {got}; give one of them.")
        if seeds is None:
            number = np.arange(check_integer("n", n))
            seeds = np.stack([np.full_like(number, check_seed(seed)), number], axis=1)
        return self.predict("generate", seed=seeds, **_optional(condition))["sample"]

    def predict(self, signature: str, **inputs: Any) -> dict[str, np.ndarray]:
        """Runs any signature.

        Args:
            signature: name of the signature, see `metadata`.
            **inputs: the tensors by name, with the same number of rows.

        Returns:
            The outputs by name, with as many rows.

        Raises:
            InvalidInputError: for an unknown signature, or inputs that do not match it; no request is sent.
            ServingError: if a request fails.
        """
        deadline = time.monotonic() + self.timeout
        signatures = self.metadata()
        if signature not in signatures:
            raise InvalidInputError(unknown(signature, signatures, part="signature"))
        spec = signatures[signature]
        tensors = _check_inputs(signature, spec, inputs)
        rows = len(next(iter(tensors.values())))
        size = min(self.batch_size, max(1, MAX_CHUNK_BYTES * rows // max(1, sum(map(_bytes, tensors.values())))))
        chunks = [{key: value[i : i + size] for key, value in tensors.items()} for i in range(0, rows, size)]

        def send(chunk):
            return self._with_retries(
                lambda seconds: self._transport.predict(signature, chunk, spec, seconds), deadline
            )

        if len(chunks) == 1:
            return send(chunks[0])
        sent = self._pool.map(send, chunks)
        answers = list(progress(sent, len(chunks), f"Running {signature}", verbose=self.verbose))
        return {name: np.concatenate([answer[name] for answer in answers]) for name in spec.outputs}

    def metadata(self) -> dict[str, SignatureSpec]:
        """Returns the signatures of the model by name; only the first call sends a request."""
        signatures = self._signatures
        if signatures is None:
            signatures = self._with_retries(self._transport.metadata, time.monotonic() + self.timeout)
            self._signatures = signatures
        return signatures

    def status(self) -> list[VersionStatus]:
        """Returns the status of each version of the model."""
        return self._with_retries(self._transport.status, time.monotonic() + self.timeout)

    def ready(self) -> bool:
        """Returns whether a version of the model is available."""
        try:
            return any(version.state == "AVAILABLE" for version in self._transport.status(self.timeout))
        except ServingError:
            return False

    def wait_until_ready(self, timeout: float = 60.0) -> None:
        """Waits until a version of the model is available.

        Args:
            timeout: maximum seconds.

        Raises:
            ServingError: if no version is available in time.
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
            return self.predict(f"{name}_bytes", image_bytes=files, **_optional(condition))
        x, signature = np.asarray(x), "serving_default" if name == "reconstruct" else name
        if x.dtype == np.uint8:
            if not self._takes_uint8(signature):
                raise InvalidInputError(f"{name}: {REFUSED}.")
            x = x.astype("float32") / 255
        return self.predict(signature, x=x, **_optional(condition))

    def _takes_uint8(self, signature: str) -> bool:
        """Whether uint8 images, divided by 255, are in the units of the training data; asks the model once."""
        if signature not in self._signatures_of_uint8:
            spec = self.metadata().get(signature, SignatureSpec({}, {}))
            inputs = {key: (one.dtype, tuple(size or 1 for size in one.shape[1:])) for key, one in spec.inputs.items()}
            self._signatures_of_uint8[signature] = takes_uint8(inputs, lambda rows: self.predict(signature, **rows))
        return self._signatures_of_uint8[signature]

    def _file(self, item: bytes | os.PathLike) -> bytes:
        """Returns a file that the server can decode."""
        content = _read(item)
        if not is_beyond_tensorflow(content):
            return content
        from keras_vae.data.images import to_png

        x = self.metadata().get("serving_default", SignatureSpec({}, {})).inputs.get("x")
        height, width = x.shape[1:3] if x is not None and len(x.shape) == 4 else (None, None)
        try:
            return to_png(content, None if height is None or width is None else (height, width))
        except Exception as error:  # Pillow raises many classes of errors
            name = "a file" if isinstance(item, bytes) else item
            raise InvalidInputError(f"{name}: expected a readable image, got: {error}.") from error

    def _with_retries(self, send: Callable[[float], Any], deadline: float) -> Any:
        """Calls `send(seconds)`, with retries until the deadline if the error allows them."""
        tenacity = need("tenacity")
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, ServingError) and error.retry),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5.0),
            stop=tenacity.stop_before_delay(max(0.0, deadline - time.monotonic())),
            reraise=True,
        ):
            with attempt:
                return send(max(0.001, deadline - time.monotonic()))


def _optional(condition: Any) -> dict[str, Any]:
    return {} if condition is None else {"condition": condition}


def _is_files(x: Any) -> bool:
    if isinstance(x, (str, bytes, os.PathLike)):
        raise InvalidInputError("x: expected a list of image files, got a single file; use [x].")
    return isinstance(x, (list, tuple)) and len(x) > 0 and all(isinstance(item, (bytes, os.PathLike)) for item in x)


def _read(item: bytes | os.PathLike) -> bytes:
    if isinstance(item, bytes):
        return item
    try:
        return Path(item).read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{item}: cannot read the file: {error.strerror}.") from error


def _bytes(value: np.ndarray | Sequence[bytes]) -> int:
    return value.nbytes if isinstance(value, np.ndarray) else sum(map(len, value))


def _check_inputs(signature: str, spec: SignatureSpec, inputs: Mapping[str, Any]) -> Tensors:
    """Checks the inputs and converts them to the dtypes of the signature."""
    if set(inputs) != set(spec.inputs):
        expected_names, got = (", ".join(sorted(names)) or "none" for names in (spec.inputs, inputs))
        raise InvalidInputError(f"{signature}: expected the inputs {expected_names}; got {got}; give exactly these.")
    arrays = {name: _tensor(name, value, *spec.inputs[name]) for name, value in inputs.items()}
    rows = {name: len(value) for name, value in arrays.items()}
    if len(set(rows.values())) > 1 or 0 in rows.values():
        raise InvalidInputError(f"{signature}: expected the same number of rows in each input, at least 1; got {rows}.")
    return arrays


def _tensor(name: str, value: Any, dtype: str, shape: tuple[int | None, ...]) -> np.ndarray | Sequence[bytes]:
    if dtype == "string":
        return value
    try:
        array = np.asarray(value)
        converted = array.astype(dtype)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"{name}: expected numbers of dtype {dtype}, got: {error}.") from error
    exact = array.dtype.kind in "biuf" and (np.dtype(dtype).kind == "f" or np.array_equal(converted, array))
    if not exact:
        raise InvalidInputError(f"{name}: expected {dtype}; got {array.dtype} values that {dtype} cannot represent.")
    fits = len(shape) == array.ndim and all(
        expected_size in (None, got) for expected_size, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        sizes = ", ".join("N" if n is None else str(n) for n in shape)
        raise InvalidInputError(f"{name}: expected shape ({sizes}); got {array.shape}.")
    return converted
