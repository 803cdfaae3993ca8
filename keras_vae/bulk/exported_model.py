"""One signature of an export, asked about records of which some may be bad."""

import json
from collections.abc import Sequence
from functools import cached_property, lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.bulk.record import Answer, Record, Rejected
from keras_vae.data.images import to_png
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.serving.columns import read_columns
from keras_vae.serving.graph_error import reason_of
from keras_vae.serving.png import is_beyond_tensorflow
from keras_vae.serving.versions import newest_version

SIGNATURES = {
    "encode": ("encode", "encode_bytes"),
    "reconstruct": ("serving_default", "reconstruct_bytes"),
    "score": ("score", "score_bytes"),
}
"""Question -> the signature for numbers, and the one for image files."""


class ExportedModel:
    """One signature of a SavedModel. It is loaded when it is first used, so that a copy can travel to a worker.

    Args:
        path: a version, such as `saved_models/digits/1`, or the folder of versions, of which the newest is taken.
        question: encode, reconstruct or score.
        of_files: whether the inputs are image files.

    Raises:
        InvalidInputError: if there is no SavedModel, or it has no such signature.
    """

    def __init__(self, path: str | Path, question: str, *, of_files: bool = False):
        self.path = newest_version(path)
        self.name = SIGNATURES[question][of_files]
        known = _load(self.path).signatures
        if self.name not in known:
            what = "image files" if of_files else "numbers"
            raise InvalidInputError(
                f"{self.path}: expected a signature {self.name!r}, to {question} {what}; "
                f"got {', '.join(sorted(known))}; export a model that has it."
            )

    def __getstate__(self):
        return {"path": self.path, "name": self.name}

    @cached_property
    def _function(self):
        return _load(self.path).signatures[self.name]

    @property
    def inputs(self) -> dict[str, tf.TensorSpec]:
        """Name -> specification; dimension 0 is the batch."""
        return self._function.structured_input_signature[1]

    @property
    def outputs(self) -> dict[str, tf.TensorSpec]:
        """Name -> specification; dimension 0 is the batch."""
        return dict(sorted(self._function.structured_outputs.items()))

    @property
    def image_size(self) -> tuple[int, int] | None:
        """`(H, W)` of the images that the model takes; None for a model of other data."""
        signatures = (self._function, *_load(self.path).signatures.values())
        inputs = (signature.structured_input_signature[1] for signature in signatures)
        shape = next((tuple(found["x"].shape[1:]) for found in inputs if "x" in found), ())
        return shape[:2] if len(shape) == 3 else None

    @property
    def columns(self) -> str | None:
        """How training read its table, as JSON, without labels if none are asked for; None if it is not known."""
        text = read_columns(self.path)
        if text is None or "condition" in self.inputs:
            return text
        return json.dumps({**json.loads(text), "label_column": None})

    def load(self) -> "ExportedModel":
        """Loads it, if it is not yet."""
        _ = self._function
        return self

    def answer(self, records: Sequence[Record]) -> list[Answer | Rejected]:
        """What comes of each record, in their order."""
        read = [self._inputs_of(record) for record in records]
        good = [i for i, inputs in enumerate(read) if not isinstance(inputs, Rejected)]
        answered = dict(zip(good, self._ask([records[i] for i in good], [read[i] for i in good]), strict=True))
        return [answered.get(i, inputs) for i, inputs in enumerate(read)]

    def _inputs_of(self, record):
        try:
            return {name: self._as_input(name, spec, record.fields.get(name)) for name, spec in self.inputs.items()}
        except _BadValueError as bad:
            return Rejected(record.key, record.place, bad.kind, str(bad))

    def _as_input(self, name, spec, value):
        value = _as_input(name, spec, value)
        if name != "image_bytes" or not is_beyond_tensorflow(value):
            return value
        try:
            return to_png(value, self.image_size)
        except Exception as error:  # Pillow raises many kinds
            raise _BadValueError("unreadable image", f"{name}: {one_line(error)}.") from None

    def _ask(self, records, inputs):
        """The answers; a batch that the graph refuses is halved until the record at fault is found."""
        if not records:
            return []
        batch = {
            name: tf.constant(np.stack([row[name] for row in inputs]), spec.dtype) for name, spec in self.inputs.items()
        }
        try:
            outputs = {name: value.numpy() for name, value in self._function(**batch).items()}
        except tf.errors.InvalidArgumentError as error:
            if len(records) == 1:
                kind = "unreadable image" if "image_bytes" in self.inputs else "refused by the model"
                return [Rejected(records[0].key, records[0].place, kind, reason_of(error))]
            half = len(records) // 2
            return self._ask(records[:half], inputs[:half]) + self._ask(records[half:], inputs[half:])
        finite = np.all([_finite(value) for value in outputs.values()], axis=0)
        return [
            Answer(record.key, record.place, {name: outputs[name][i] for name in outputs})
            if finite[i]
            else Rejected(record.key, record.place, "not finite", _not_finite(inputs[i], outputs, i))
            for i, record in enumerate(records)
        ]


class _BadValueError(Exception):
    def __init__(self, kind, reason):
        super().__init__(reason)
        self.kind = kind


@lru_cache(maxsize=1)
def _load(path: str) -> Any:
    return tf.saved_model.load(path)


def _as_input(name: str, spec: tf.TensorSpec, value: Any) -> Any:
    if value is None:
        raise _BadValueError("missing field", f"{name}: expected a value; got none.")
    if spec.dtype == tf.string:
        if not isinstance(value, bytes) or not value:
            raise _BadValueError("wrong type", f"{name}: expected the bytes of a file; got {_describe(value)}.")
        return value
    shape = tuple(spec.shape[1:])
    array = _numbers(name, value)
    if array.size != prod(shape):
        raise _BadValueError("wrong shape", f"{name}: expected {shape}, {prod(shape)} numbers; got {array.size}.")
    if array.dtype == np.uint8 and spec.dtype.is_floating:
        array = array / np.float32(255)
    with np.errstate(over="ignore", invalid="ignore"):  # what does not fit is refused below
        converted = array.astype(spec.dtype.as_numpy_dtype).reshape(shape)
    if np.isinf(converted).any():
        raise _BadValueError("not finite", f"{name}: expected finite numbers; got infinity.")
    if spec.dtype.is_integer and not np.array_equal(converted, array.reshape(shape)):
        raise _BadValueError("wrong type", f"{name}: expected integers; got {_describe(value)}.")
    return converted


def _numbers(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
        array = np.stack(list(array)) if array.dtype == object and array.ndim else array
        if array.dtype.kind not in "biuf":
            raise ValueError(array.dtype)
    except (TypeError, ValueError):
        raise _BadValueError("wrong type", f"{name}: expected numbers; got {_describe(value)}.") from None
    return array


def _describe(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _finite(values: np.ndarray) -> np.ndarray:
    """Whether each row is finite."""
    if values.dtype.kind != "f":
        return np.ones(len(values), bool)
    return np.isfinite(values.reshape(len(values), -1)).all(axis=1)


def _not_finite(inputs, outputs, row):
    given = [name for name, value in inputs.items() if isinstance(value, np.ndarray) and not _finite(value[None]).all()]
    if given:
        return f"{given[0]}: expected finite numbers; got NaN."
    return f"The model's {next(name for name, value in outputs.items() if not _finite(value)[row])} is not finite."
