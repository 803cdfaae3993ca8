"""Warm-up requests, which TensorFlow Serving replays before a version receives traffic."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.serving.example_inputs import constant_inputs
from keras_vae.serving.extra import need
from keras_vae.tfrecord import read_records

FILE = "tf_serving_warmup_requests"
MAX_REQUESTS = 1000  # the limit of TensorFlow Serving


def write_warmup(
    path: Path, name: str, inputs: Mapping[str, Mapping[str, tf.TensorSpec]], batch_sizes: Sequence[int]
) -> int:
    """Writes one request for each signature and batch size, as a TFRecord file of `PredictionLog`.

    Args:
        path: path of the file, `VERSION/assets.extra/tf_serving_warmup_requests`.
        name: name of the model.
        inputs: signature -> name -> specification.
        batch_sizes: batch sizes to which a server pads its batches.

    Returns:
        The number of requests.

    Raises:
        InvalidInputError: if `tensorflow-serving-api` is not installed, or if there are more than 1000 requests.
    """
    logs = need("tensorflow_serving.apis.prediction_log_pb2")
    if len(inputs) * len(batch_sizes) > MAX_REQUESTS:
        raise InvalidInputError(
            f"batch_sizes: expected at most {MAX_REQUESTS // len(inputs)} sizes for {len(inputs)} signatures, got "
            f"{len(batch_sizes)}; use fewer, as TensorFlow Serving accepts at most {MAX_REQUESTS} warm-up requests."
        )
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, specs in inputs.items():
            for size in batch_sizes:
                log = logs.PredictionLog()
                request = log.predict_log.request
                request.model_spec.name, request.model_spec.signature_name = name, signature
                for key, tensor in constant_inputs(specs, size).items():
                    request.inputs[key].CopyFrom(tensor)
                writer.write(log.SerializeToString())
    return len(inputs) * len(batch_sizes)


def read_warmup(path: Path) -> Iterator[tuple[str, dict]]:
    """Yields the signature and the inputs, name -> array, of each request in a file."""
    logs = need("tensorflow_serving.apis.prediction_log_pb2")
    for record in read_records(str(path)):
        request = logs.PredictionLog.FromString(record).predict_log.request
        yield request.model_spec.signature_name, {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
