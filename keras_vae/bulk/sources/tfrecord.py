"""TFRecord files of `tf.train.Example` as a source: a feature for each input of the model; each file is a unit."""

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from keras_vae.bulk.record import Place, Record, RejectedRecord
from keras_vae.bulk.sources.source import Source, Tables, make_record, with_key
from keras_vae.errors import InvalidInputError
from keras_vae.tfrecord import DamagedFileError, read_records


@dataclass(frozen=True)
class RecordFile:
    """One TFRecord file; `features` maps each input of the model to a feature."""

    path: str
    name: str
    features: Mapping[str, str]
    key: str | None
    rows: int | None = None

    def records(self) -> Iterator[Record | RejectedRecord]:
        row = 0
        try:
            for content in read_records(self.path):
                yield self._record(Place(self.name, row), content)
                row += 1
        except (DamagedFileError, OSError, tf.errors.OpError) as error:
            reason = f"{self.path}: cannot read this record and those after it: {str(error)[:200]}."
            yield RejectedRecord(None, Place(self.name, row), "damaged file", reason)

    def _record(self, place, content):
        try:
            features = tf.train.Example.FromString(content).features.feature
        except DecodeError as error:
            return RejectedRecord(None, place, "unreadable record", f"Expected a tf.train.Example; {error}.")
        field_names = with_key(self.features, self.key)
        fields = {name: _value(features[feature]) for name, feature in field_names.items() if feature in features}
        return make_record(place, fields, self.key)


def tfrecord_source(tables: Tables) -> Source:
    """Returns a source of TFRecord files; raises `InvalidInputError` if the first readable record lacks the input."""
    features = tables.inputs
    feature_names = _first_features(tables.files)
    of_files = "image_bytes" in tables.fields or (features["x"] not in feature_names and "image_bytes" in feature_names)
    required_feature = features["image_bytes" if of_files else "x"]
    if required_feature not in feature_names:
        raise InvalidInputError(
            f"{tables.files[0][0]}: expected tf.train.Examples with a feature {required_feature!r}; got "
            f"{', '.join(sorted(feature_names)) or 'no features'}; name the features with --field x=FEATURE and "
            "--key FEATURE."
        )
    units = tuple(RecordFile(path, file_name, features, tables.key) for path, file_name in tables.files)
    return Source(tables.name, units, of_files=of_files, has_own_keys=tables.key is not None, names=features)


def _first_features(files):
    for path, _ in files:
        try:
            for content in itertools.islice(read_records(path), 100):
                with contextlib.suppress(DecodeError):
                    return set(tf.train.Example.FromString(content).features.feature)
        except (DamagedFileError, OSError, tf.errors.OpError):
            continue
    return set()


def _value(feature: tf.train.Feature):
    kind = feature.WhichOneof("kind")
    if kind == "bytes_list":
        return feature.bytes_list.value[0] if len(feature.bytes_list.value) == 1 else list(feature.bytes_list.value)
    if kind is None:
        return None
    values = getattr(feature, kind).value
    return np.fromiter(values, np.float32 if kind == "float_list" else np.int64, len(values))
