"""One version of a model in memory, and what it may be asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from keras_vae.serving.graph_error import reason_of
from keras_vae.serving.server.request_error import Code, RequestError, invalid

Arrays = Mapping[str, np.ndarray]


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
    def _expected(self) -> dict[str, tuple[np.dtype, tuple[int | None, ...]]]:
        return {
            name: (np.dtype(object if spec.dtype == tf.string else spec.dtype.as_numpy_dtype), tuple(spec.shape))
            for name, spec in self.inputs.items()
        }

    @cached_property
    def batched(self) -> bool:
        """Whether requests can be joined along dimension 0."""
        specs = [*self.inputs.values(), *self.outputs.values()]
        return all(spec.shape.rank and spec.shape[0] is None for spec in specs)

    def check(self, inputs: Arrays) -> int:
        """The number of rows.

        Raises:
            RequestError: if names, types or shapes are not those of the signature, or rows differ in number.
        """
        missing, unknown = set(self.inputs) - set(inputs), set(inputs) - set(self.inputs)
        if missing or unknown:
            raise invalid(
                f"inputs of signature {self.name!r}: expected {_names(self.inputs)}; "
                f"got {_names(inputs)}{_and('missing', missing)}{_and('unknown', unknown)}."
            )
        for name, (dtype, shape) in self._expected.items():
            array = inputs[name]
            if array.dtype != dtype:
                raise invalid(f"input {name!r}: expected {_name(dtype)}; got {_name(array.dtype)}.")
            if len(shape) != array.ndim or any(n not in (None, m) for n, m in zip(shape, array.shape, strict=True)):
                wanted = ", ".join("?" if n is None else str(n) for n in shape)
                raise invalid(f"input {name!r}: expected shape [{wanted}]; got {list(array.shape)}.")
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
        self._loaded = tf.saved_model.load(str(path), tags=["serve"])
        self._functions = dict(self._loaded.signatures)
        self.signature_defs: dict[str, SignatureDef] = {name: graph.signature_def[name] for name in self._functions}
        self.signatures = {
            name: Signature(name, function.structured_input_signature[1], function.structured_outputs)
            for name, function in self._functions.items()
        }

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
    return ", ".join(sorted(map(repr, names))) or "none"


def _and(what: str, names: Collection[str]) -> str:
    return f"; {what}: {_names(names)}" if names else ""


def _name(dtype: np.dtype) -> str:
    return "string" if dtype.kind == "O" else dtype.name
