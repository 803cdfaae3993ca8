"""Runs one signature of an export on records, some of which may be invalid."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.bulk.record import AnsweredRecord, Record, RejectedRecord
from keras_vae.data.images import to_png
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.serving.data_options import read_data_options
from keras_vae.serving.graph_error import reason_of
from keras_vae.serving.image_units import REFUSED, takes_uint8
from keras_vae.serving.png import is_beyond_tensorflow
from keras_vae.serving.versions import newest_version

SIGNATURES = {
    "encode": ("encode", "encode_bytes"),
    "reconstruct": ("serving_default", "reconstruct_bytes"),
    "score": ("score", "score_bytes"),
    "anomaly": ("anomaly", "anomaly_bytes"),
}
"""Question -> the signature for arrays, and the signature for image files."""


class ExportedModel:
    """One signature of a SavedModel.

    A pickled copy contains only the path and the state of the files, and loads the SavedModel at its first use, so
    workers can receive it.

    Args:
        path: a version, such as `saved_models/digits/1`, or a folder of versions; the newest version is used.
        question: `"encode"`, `"reconstruct"`, `"score"` or `"anomaly"`.
        of_files: whether the inputs are image files.
        names: names of the inputs in the reasons of rejected records, see `Source`.

    Raises:
        InvalidInputError: if there is no SavedModel, or it has no such signature.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        question: str,
        *,
        of_files: bool = False,
        names: Mapping[str, str | tuple[str, ...]] | None = None,
    ):
        self.names: dict[str, Any] = dict(names or {})
        self.path = newest_version(path)
        self.name = SIGNATURES[question][of_files]
        self.state = _state(self.path)
        signatures = self._signatures
        if self.name not in signatures:
            data_kind = "image files" if of_files else "numbers"
            raise InvalidInputError(
                f"{self.path}: expected a signature {self.name!r}, which takes {data_kind}; got "
                f"{', '.join(sorted(signatures))}; export a model that has it"
                f"{', with training examples' if question == 'anomaly' else ''}."
            )

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "name": self.name, "state": self.state, "names": self.names}

    @property
    def _signatures(self):
        return _load(self.path, self.state).signatures

    @cached_property
    def _function(self):
        return self._signatures[self.name]

    @property
    def inputs(self) -> dict[str, tf.TensorSpec]:
        """Name -> specification; dimension 0 is the batch."""
        return self._function.structured_input_signature[1]

    @property
    def outputs(self) -> dict[str, tf.TensorSpec]:
        """Name -> specification; dimension 0 is the batch."""
        return dict(sorted(self._function.structured_outputs.items()))

    @property
    def image_shape(self) -> tuple[int, int, int] | None:
        """`(H, W, C)` of the input images; None if the inputs are not images."""
        signatures = (self._function, *self._signatures.values())
        inputs = (signature.structured_input_signature[1] for signature in signatures)
        shape = next((tuple(specs["x"].shape[1:]) for specs in inputs if "x" in specs), ())
        return shape if len(shape) == 3 else None

    @property
    def columns(self) -> str | None:
        """The options with which training read its table, as JSON; None if the export does not contain them.

        A signature without a condition needs no labels, so the label column is removed.
        """
        options = read_data_options(self.path)
        if "use_columns" not in options:
            return None
        return json.dumps(options if "condition" in self.inputs else {**options, "label_column": None})

    @property
    def label_names(self) -> tuple[str, ...]:
        """The folders of the training images in the order of their labels; empty if the export does not name them."""
        return tuple(read_data_options(self.path).get("label_names", ()))

    @cached_property
    def takes_uint8(self) -> bool:
        """Whether uint8 images, divided by 255, are in the units of the training data."""
        inputs = {name: (spec.dtype.name, tuple(spec.shape[1:])) for name, spec in self.inputs.items()}
        return takes_uint8(inputs, lambda rows: {name: np.asarray(value) for name, value in self._called(rows).items()})

    def load(self) -> "ExportedModel":
        """Loads the SavedModel at the first call, and returns this object."""
        _ = self._function
        return self

    def answer(self, records: Sequence[Record]) -> list[AnsweredRecord | RejectedRecord]:
        """Returns an answer or a rejected record for each record, in the same order."""
        all_inputs = [self.inputs_of(record) for record in records]
        valid = [i for i, inputs in enumerate(all_inputs) if not isinstance(inputs, RejectedRecord)]
        answers = iter(self._run([records[i] for i in valid], [all_inputs[i] for i in valid]))
        return [inputs if isinstance(inputs, RejectedRecord) else next(answers) for inputs in all_inputs]

    def inputs_of(self, record: Record) -> dict[str, Any] | RejectedRecord:
        """Returns the inputs of the signature by name, or a rejected record if the record has no valid ones."""
        try:
            return {name: self._as_input(name, spec, record.fields.get(name)) for name, spec in self.inputs.items()}
        except _InvalidFieldError as error:
            return RejectedRecord(record.key, record.place, error.kind, str(error))

    def _as_input(self, name, spec, value):
        shown = self.names.get(name, name)
        if name == "x" and getattr(value, "dtype", None) == np.uint8 and not self.takes_uint8:
            raise _InvalidFieldError("wrong units", f"{shown if isinstance(shown, str) else 'x'}: {REFUSED}.")
        value = _as_input(shown, spec, value)
        if name != "image_bytes" or not is_beyond_tensorflow(value):
            return value
        try:
            return to_png(value, None if self.image_shape is None else self.image_shape[:2])
        except Exception as error:  # Pillow raises many classes of errors
            raise _InvalidFieldError("unreadable image", f"{shown}: {one_line(error)}.") from None

    def _called(self, inputs):
        return self._function(**{name: tf.constant(inputs[name], spec.dtype) for name, spec in self.inputs.items()})

    def _run(self, records, inputs):
        """Runs the signature on a batch. If the graph rejects it, halves the batch to isolate the invalid record."""
        if not records:
            return []
        batch = {name: np.stack([row[name] for row in inputs]) for name in self.inputs}
        try:
            outputs = {name: value.numpy() for name, value in self._called(batch).items()}
        except tf.errors.InvalidArgumentError as error:
            if len(records) == 1:
                kind = "unreadable image" if "image_bytes" in self.inputs else "refused by the model"
                return [RejectedRecord(records[0].key, records[0].place, kind, reason_of(error))]
            half = len(records) // 2
            return self._run(records[:half], inputs[:half]) + self._run(records[half:], inputs[half:])
        finite = np.all([_finite(value) for value in outputs.values()], axis=0)
        return [
            AnsweredRecord(record.key, record.place, {name: outputs[name][i] for name in outputs})
            if finite[i]
            else RejectedRecord(record.key, record.place, "not finite", self._not_finite(inputs[i], outputs, i))
            for i, record in enumerate(records)
        ]

    def _not_finite(self, inputs, outputs, row):
        for name, value in inputs.items():
            if isinstance(value, np.ndarray) and not _finite(value[None]).all():
                return _not_finite_input(self.names.get(name, name), value)
        output = next(name for name, value in outputs.items() if not _finite(value)[row])
        got = [_range_of(self.names.get(name, name), value) for name, value in inputs.items() if name != "image_bytes"]
        return f"{output}: the model has no finite output, as for a value or label out of range; got {', '.join(got)}."


class _InvalidFieldError(Exception):
    """A field of a record that the signature cannot take."""

    def __init__(self, kind, reason):
        super().__init__(reason)
        self.kind = kind


def _state(path: str) -> tuple[tuple[str, int, int], ...]:
    """Returns the name, size and time of each file of a SavedModel, which differ if another one replaces it."""
    gfile = tf.io.gfile
    files = sorted(gfile.join(folder, name) for folder, _, names in gfile.walk(path) for name in names)
    return tuple((file, stat.length, stat.mtime_nsec) for file in files for stat in [gfile.stat(file)])


@lru_cache(maxsize=1)
def _load(path: str, state: tuple[tuple[str, int, int], ...]) -> Any:
    try:
        return tf.saved_model.load(path)
    except Exception as error:  # TensorFlow raises many classes of errors for missing and damaged files
        raise InvalidInputError(
            f"{path}: TensorFlow cannot load this export ({one_line(error)}); export the model again."
        ) from error


def _as_input(names: str | tuple[str, ...], spec: tf.TensorSpec, value: Any) -> Any:
    """Converts a value; `names` is the name of its column or feature, or the names of the columns of its values."""
    name = _shorten(names) if isinstance(names, str) else "x"
    if value is None:
        raise _InvalidFieldError("missing field", f"{name}: expected a value; the record has none.")
    if spec.dtype == tf.string:
        if not isinstance(value, bytes) or not value:
            raise _InvalidFieldError("wrong type", f"{name}: expected the bytes of a file; got {_describe(value)}.")
        return value
    shape = tuple(spec.shape[1:])
    array = _numbers(name, value)
    if array.size != prod(shape):
        message = f"{name}: expected {prod(shape)} values, for shape {shape}; got {array.size}."
        raise _InvalidFieldError("wrong shape", message)
    if array.dtype == np.uint8 and spec.dtype.is_floating:
        array = array / np.float32(255)
    with np.errstate(over="ignore", invalid="ignore"):  # the checks below reject values that overflow
        converted = array.astype(spec.dtype.as_numpy_dtype).reshape(shape)
    if np.isinf(converted).any():
        raise _InvalidFieldError("not finite", _not_finite_input(names, array, np.isinf(converted)))
    if spec.dtype.is_integer and not np.array_equal(converted, array.reshape(shape)):
        raise _InvalidFieldError("wrong type", f"{name}: expected integers; got {_describe(value)}.")
    return converted


def _numbers(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
        array = np.stack(list(array)) if array.dtype == object and array.ndim else array
        if array.dtype.kind not in "biuf":
            raise ValueError(array.dtype)
    except (TypeError, ValueError):
        raise _InvalidFieldError("wrong type", f"{name}: expected numbers; got {_describe(value)}.") from None
    return array


def _describe(value: Any) -> str:
    return _shorten(repr(value))


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _finite(values: np.ndarray) -> np.ndarray:
    """Returns whether each row is finite."""
    if values.dtype.kind != "f":
        return np.ones(len(values), bool)
    return np.asarray(np.isfinite(values.reshape(len(values), -1)).all(axis=1))


def _not_finite_input(names: str | tuple[str, ...], values: np.ndarray, bad: np.ndarray | None = None) -> str:
    """Names the column of the first of the values that is not finite, or that is `bad`, or its index in the column."""
    bad = ~np.isfinite(values) if bad is None else bad
    index = int(np.argmax(np.ravel(bad)))
    value = f"{np.ravel(values)[index]:g}"
    if isinstance(names, str):
        where = f", value {index} of {values.size}" if values.size > 1 else ""
        return f"{_shorten(names)}: expected finite numbers; got {value}{where}."
    return f"{_shorten(names[index])}: expected a finite number; got {value}."


def _range_of(names: str | tuple[str, ...], values: np.ndarray) -> str:
    """Describes the values of an input by the smallest and the largest, with the columns of a table."""
    flat = np.ravel(values)
    if flat.size == 1 and isinstance(names, str):
        return f"{_shorten(names)} = {flat[0]:g}"
    ends = int(np.nanargmin(flat)), int(np.nanargmax(flat))
    if isinstance(names, str):
        return f"{_shorten(names)} from {flat[ends[0]]:g} to {flat[ends[1]]:g}"
    return (
        f"values from {_shorten(names[ends[0]])} = {flat[ends[0]]:g} to {_shorten(names[ends[1]])} = {flat[ends[1]]:g}"
    )
