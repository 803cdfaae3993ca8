"""One version of a model in memory, and what it may be asked."""

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

MOST_DIMENSIONS = 32
"""Of an input, at most, as NumPy has it."""


class Limits(NamedTuple):
    """What a request may hold at most.

    Attributes:
        rows: of a batch.
        bytes: of an input, as an array.
    """

    rows: int = 1024
    bytes: int = 64 * 2**20


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a signature.

    Attributes:
        name: of the signature.
        inputs: name -> specification; None for a dimension that is free.
        outputs: likewise.
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
        """Checks which inputs are given.

        Raises:
            RequestError: if they are not those of the signature.
        """
        missing, unknown = set(self.inputs) - set(names), set(names) - set(self.inputs)
        if missing or unknown:
            raise invalid(
                f"inputs of signature {self.name!r}: expected {_names(self.inputs)}; "
                f"got {_names(names)}{_and('missing', missing)}{_and('unknown', unknown)}."
            )

    def check_tensor(self, name: str, dtype: tf.DType | str, shape: Sequence[int], limits: Limits) -> None:
        """Checks what an input claims to be, before any memory is spent on it.

        Args:
            name: of the input, one of the signature's.
            dtype: that it claims; a string for one that TensorFlow does not know.
            shape: likewise.
            limits: of a request.

        Raises:
            RequestError: if the signature does not take it, or it is too large.
        """
        expected, sizes = self.inputs[name].dtype, self._shapes[name]
        if dtype != expected:
            raise invalid(f"input {name!r}: expected {expected.name}; got {getattr(dtype, 'name', dtype)}.")
        if sizes is None and len(shape) > MOST_DIMENSIONS:
            raise invalid(f"input {name!r}: expected at most {MOST_DIMENSIONS} dimensions; got {_shape(shape)}.")
        if sizes is not None and _differ(sizes, shape):
            wanted = ", ".join("?" if n is None else str(n) for n in sizes)
            raise invalid(f"input {name!r}: expected shape [{wanted}]; got {_shape(shape)}.")
        if min(shape, default=0) < 0:
            raise invalid(f"input {name!r}: expected sizes of 0 or more; got {_shape(shape)}.")
        if shape and (sizes is None or sizes[0] is None) and shape[0] > limits.rows:
            raise invalid(
                f"input {name!r}: expected at most {limits.rows} rows in a request; got {shape[0]}; "
                "send them in several requests, or start the server with a larger --max-rows."
            )
        if math.prod(shape) * max(1, expected.size or 1) > limits.bytes:
            raise invalid(
                f"input {name!r}: expected at most {limits.bytes} bytes; got shape {_shape(shape)} of {expected.name}; "
                "send fewer rows at a time."
            )

    def most_values(self, limits: Limits) -> int | None:
        """The most numbers, strings, lists and objects that the JSON of a request may hold; None for no limit."""
        most = 0
        for sizes in self._shapes.values():
            if sizes is None or None in sizes[1:]:
                return None
            rows = limits.rows if sizes[:1] == (None,) else 1
            most += rows * (2 + sum(itertools.accumulate(sizes[1:], operator.mul)))
        return most

    def rows(self, inputs: Arrays) -> int:
        """The number of rows of checked inputs.

        Raises:
            RequestError: if it is none, or not the same for all.
        """
        rows = {len(array) for array in inputs.values()} if self.batched else {1}
        if len(rows) > 1:
            raise invalid(f"inputs of signature {self.name!r}: expected as many rows of each; got {sorted(rows)}.")
        if rows == {0}:
            raise invalid(f"inputs of signature {self.name!r}: expected one row or more; got none.")
        return rows.pop() if rows else 1


class Servable:
    """A loaded version of a model.

    Args:
        name: of the model.
        version: its number.
        path: folder of the SavedModel.

    Raises:
        Exception: whatever TensorFlow raises on a SavedModel that it cannot load.
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
        self._most_values: dict[Limits, int | None] = {}
        self._loaded = tf.saved_model.load(str(path), tags=["serve"])
        self._functions = dict(self._loaded.signatures)
        self.signature_defs: dict[str, SignatureDef] = {name: graph.signature_def[name] for name in self._functions}
        self.signatures = {
            name: Signature(name, function.structured_input_signature[1], function.structured_outputs)
            for name, function in self._functions.items()
        }

    def most_values(self, limits: Limits) -> int | None:
        """The most values that the JSON of a request to any signature may hold; None for no limit."""
        if limits not in self._most_values:
            most = [signature.most_values(limits) for signature in self.signatures.values()]
            self._most_values[limits] = None if None in most else max(most, default=0)
        return self._most_values[limits]

    def signature(self, name: str) -> Signature | None:
        """The signature of that name, the default for an empty one; None if there is none."""
        return self.signatures.get(name or "serving_default")

    def run(self, name: str, inputs: Arrays, outputs: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """The answer of a signature.

        Raises:
            RequestError: if the graph cannot compute it.
        """
        try:
            answer = self._functions[name](**{key: tf.constant(value) for key, value in inputs.items()})
        except tf.errors.OpError as error:
            raise RequestError(Code(error.error_code), reason_of(error)) from error
        return {key: value.numpy() for key, value in answer.items() if outputs is None or key in outputs}


def _names(names: Collection[str]) -> str:
    return ", ".join(sorted(map(repr, itertools.islice(names, 20)))) or "none"


def _and(what: str, names: Collection[str]) -> str:
    return f"; {what}: {_names(names)}" if names else ""


def _differ(sizes: Sequence[int | None], shape: Sequence[int]) -> bool:
    return len(sizes) != len(shape) or any(n not in (None, m) for n, m in zip(sizes, shape, strict=True))


def _shape(shape: Sequence[int]) -> str:
    if len(shape) > MOST_DIMENSIONS:  # readers count no further
        return f"more than {MOST_DIMENSIONS} dimensions"
    return str(list(shape)) if len(shape) <= 8 else f"{len(shape)} dimensions"
