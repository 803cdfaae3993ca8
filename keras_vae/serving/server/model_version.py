"""A loaded version of a model, and the checks of requests to its signatures."""

import itertools
import math
import operator
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from keras_vae.serving.graph_error import reason_of
from keras_vae.serving.server.request_error import Code, RequestError, invalid

Arrays = Mapping[str, np.ndarray]

MAX_DIMENSIONS = 32
"""The maximum number of dimensions of an input, as in NumPy."""


class Limits(NamedTuple):
    """The limits of a request.

    Attributes:
        rows: maximum number of rows.
        bytes: maximum size of an input array in bytes.
    """

    rows: int = 1024
    bytes: int = 64 * 2**20


@dataclass(frozen=True)
class ServedSignature:
    """The inputs and outputs of a signature of a loaded version.

    Attributes:
        name: name of the signature.
        inputs: name -> specification; a dimension of any size is None.
        outputs: name -> specification; a dimension of any size is None.
    """

    name: str
    inputs: Mapping[str, tf.TensorSpec]
    outputs: Mapping[str, tf.TensorSpec]

    @cached_property
    def _shapes(self) -> dict[str, tuple[int | None, ...] | None]:
        return {name: None if spec.shape.rank is None else tuple(spec.shape) for name, spec in self.inputs.items()}

    @cached_property
    def batched(self) -> bool:
        """Whether requests can be joined along dimension 0."""
        specs = [*self.inputs.values(), *self.outputs.values()]
        return all(spec.shape.rank and spec.shape[0] is None for spec in specs)

    def check_names(self, names: Collection[str]) -> None:
        """Checks the names of the inputs.

        Raises:
            RequestError: if the names differ from those of the signature.
        """
        missing, unknown = set(self.inputs) - set(names), set(names) - set(self.inputs)
        if missing or unknown:
            raise invalid(
                f"inputs of signature {self.name!r}: expected {_names(self.inputs)}; "
                f"got {_names(names)}{_and('missing', missing)}{_and('unknown', unknown)}."
            )

    def check_tensor(self, name: str, dtype: tf.DType | str, shape: Sequence[int], limits: Limits) -> None:
        """Checks the claimed dtype and shape of an input, before memory is allocated for it.

        Args:
            name: name of the input, one of those of the signature.
            dtype: claimed dtype; a string for a dtype that is unknown to TensorFlow.
            shape: claimed shape.
            limits: limits of a request.

        Raises:
            RequestError: if the input does not match the signature, or is too large.
        """
        expected, sizes = self.inputs[name].dtype, self._shapes[name]
        if dtype != expected:
            raise invalid(f"input {name!r}: expected {expected.name}; got {getattr(dtype, 'name', dtype)}.")
        if sizes is None and len(shape) > MAX_DIMENSIONS:
            raise invalid(f"input {name!r}: expected at most {MAX_DIMENSIONS} dimensions; got {_shape(shape)}.")
        if sizes is not None and _differ(sizes, shape):
            expected_shape = ", ".join("?" if n is None else str(n) for n in sizes)
            raise invalid(f"input {name!r}: expected shape [{expected_shape}]; got {_shape(shape)}.")
        if min(shape, default=0) < 0:
            raise invalid(f"input {name!r}: expected sizes of 0 or more; got {_shape(shape)}.")
        if shape and (sizes is None or sizes[0] is None) and shape[0] > limits.rows:
            raise invalid(
                f"input {name!r}: expected at most {limits.rows} rows in a request; got {shape[0]}; "
                "send several requests, or start the server with a larger --max-rows."
            )
        if math.prod(shape) * max(1, expected.size or 1) > limits.bytes:
            raise invalid(
                f"input {name!r}: expected at most {limits.bytes} bytes; got shape {_shape(shape)} of {expected.name}; "
                "send fewer rows at a time."
            )

    def max_values(self, limits: Limits) -> int | None:
        """Returns the maximum number of numbers, strings, lists and objects in a JSON request; None for no limit."""
        total = 0
        for sizes in self._shapes.values():
            if sizes is None or None in sizes[1:]:
                return None
            rows = limits.rows if sizes[:1] == (None,) else 1
            total += rows * (2 + sum(itertools.accumulate(sizes[1:], operator.mul)))
        return total

    def rows(self, inputs: Arrays) -> int:
        """Returns the number of rows of checked inputs.

        Raises:
            RequestError: if there are no rows, or if the numbers of rows differ.
        """
        rows = {len(array) for array in inputs.values()} if self.batched else {1}
        if len(rows) > 1:
            raise invalid(
                f"inputs of signature {self.name!r}: expected the same number of rows in each; got {sorted(rows)}."
            )
        if rows == {0}:
            raise invalid(f"inputs of signature {self.name!r}: expected one or more rows; got 0.")
        return rows.pop() if rows else 1


class ModelVersion:
    """A loaded version of a model.

    Args:
        name: name of the model.
        version: number of the version.
        path: folder of the SavedModel.

    Raises:
        Exception: the errors of TensorFlow, of many classes, for a SavedModel that it cannot load.
    """

    def __init__(self, name: str, version: int, path: Path):
        self.name = name
        self.version = version
        self.path = path
        (graph,) = (
            graph
            for graph in SavedModel.FromString((path / "saved_model.pb").read_bytes()).meta_graphs
            if "serve" in graph.meta_info_def.tags
        )
        self._max_values: dict[Limits, int | None] = {}
        self._saved_model = tf.saved_model.load(str(path), tags=["serve"])
        self._functions = dict(self._saved_model.signatures)
        self.signature_defs: dict[str, SignatureDef] = {name: graph.signature_def[name] for name in self._functions}
        self.signatures = {
            name: ServedSignature(name, function.structured_input_signature[1], function.structured_outputs)
            for name, function in self._functions.items()
        }

    def max_values(self, limits: Limits) -> int | None:
        """Returns the maximum number of values in a JSON request to any signature; None for no limit."""
        if limits not in self._max_values:
            total = [signature.max_values(limits) for signature in self.signatures.values()]
            limited = [values for values in total if values is not None]
            self._max_values[limits] = max(limited, default=0) if len(limited) == len(total) else None
        return self._max_values[limits]

    def signature(self, name: str) -> ServedSignature | None:
        """Returns a signature by name, the default for an empty name; None if it does not exist."""
        return self.signatures.get(name or "serving_default")

    def run(self, name: str, inputs: Arrays, outputs: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """Runs a signature and returns its outputs.

        Raises:
            RequestError: if the graph fails.
        """
        try:
            results = self._functions[name](**{key: tf.constant(value) for key, value in inputs.items()})
        except tf.errors.OpError as error:
            raise RequestError(Code(error.error_code), reason_of(error)) from error
        return {key: value.numpy() for key, value in results.items() if outputs is None or key in outputs}


def _names(names: Collection[str]) -> str:
    return ", ".join(sorted(map(repr, itertools.islice(names, 20)))) or "none"


def _and(name: str, names: Collection[str]) -> str:
    return f"; {name}: {_names(names)}" if names else ""


def _differ(sizes: Sequence[int | None], shape: Sequence[int]) -> bool:
    return len(sizes) != len(shape) or any(n not in (None, m) for n, m in zip(sizes, shape, strict=True))


def _shape(shape: Sequence[int]) -> str:
    if len(shape) > MAX_DIMENSIONS:  # the exact number is unknown
        return f"more than {MAX_DIMENSIONS} dimensions"
    return str(list(shape)) if len(shape) <= 8 else f"{len(shape)} dimensions"
