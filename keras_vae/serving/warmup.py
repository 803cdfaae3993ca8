"""Requests that TF Serving replays before a version takes traffic."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.serving.example_inputs import constant_inputs
from keras_vae.serving.extra import need
from keras_vae.tfrecord import read_records

FILE = "tf_serving_warmup_requests"
MOST_REQUESTS = 1000  # more are an error in TF Serving


def write_warmup(path: Path, name: str, inputs: Mapping[str, Mapping[str, tf.TensorSpec]], batch_sizes) -> int:
    """Writes one request for each signature at each batch size, as a TFRecord of `PredictionLog`; gives their number.

    Args:
        path: the file, `VERSION/assets.extra/tf_serving_warmup_requests`.
        name: of the model.
        inputs: signature -> name -> specification.
        batch_sizes: the sizes that a server pads batches to.

    Raises:
        InvalidInputError: if `tensorflow-serving-api` is not installed, or there would be over 1000 requests.
    """
    logs = need("tensorflow_serving.apis.prediction_log_pb2")
    if len(inputs) * len(batch_sizes) > MOST_REQUESTS:
        raise InvalidInputError(
            f"batch_sizes: expected at most {MOST_REQUESTS // len(inputs)} for {len(inputs)} signatures, "
            f"got {len(batch_sizes)}; TF Serving refuses more than {MOST_REQUESTS} warm-up requests."
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
    """Signature and inputs, name -> array, of each request in the file."""
    logs = need("tensorflow_serving.apis.prediction_log_pb2")
    for record in read_records(str(path)):
        request = logs.PredictionLog.FromString(record).predict_log.request
        yield request.model_spec.signature_name, {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
