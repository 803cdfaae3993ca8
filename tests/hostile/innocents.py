"""Clients that ask a question whose answer they know, while others do harm.

They run in a process of their own, so that what they wait for is the server, and not their neighbours in Python.
"""

import http.client
import json
import multiprocessing
import threading
import time
from dataclasses import dataclass, field
from typing import NamedTuple

import grpc
import numpy as np

from hostile.kind import Target

PREDICT = "/tensorflow.serving.PredictionService/Predict"
LATER = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)
PAUSE = 0.02


@dataclass
class Report:
    """What happened to them.

    Attributes:
        seconds: how long each answer took.
        wrong: answers that were not right.
        refused: answers that told to come back later.
    """

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refused: int = 0

    @property
    def p99(self) -> float:
        """Of the seconds."""
        return float(np.quantile(self.seconds, 0.99)) if self.seconds else float("nan")


class Question(NamedTuple):
    """What they ask: the body for REST, the message for gRPC."""

    body: str
    message: bytes


class Innocents:
    """One client of each protocol while a `with` block runs; afterwards `report` tells what happened to them.

    Args:
        target: the server; it has to serve the model `m` of 8x8 images.
    """

    def __init__(self, target: Target):
        self.target = target
        self.report = Report()

    def __enter__(self):
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_work, args=(self.target, question(), other), daemon=True)
        self._process.start()
        other.close()
        if (said := self._pipe.recv()) != "ready":
            raise RuntimeError(said)
        return self

    def __exit__(self, *_):
        self._pipe.send("stop")
        self.report = self._pipe.recv()
        self._process.join()


def question() -> Question:
    """Where two images lie in the space of codes."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    x = np.random.default_rng(0).random((2, 8, 8, 1), "float32")
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "m", "encode"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(x))
    request.output_filter.append("mean")
    return Question(json.dumps({"signature_name": "encode", "inputs": x.tolist()}), request.SerializeToString())


def _work(target: Target, asked: Question, pipe) -> None:
    report, stop = Report(), threading.Event()
    try:
        clients = [Rest(target, asked.body), Grpc(target, asked.message)]
        expected = clients[0].ask()
        clients[1].find(expected)
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")
        return
    threads = [threading.Thread(target=_repeat, args=(client, expected, report, stop)) for client in clients]
    for thread in threads:
        thread.start()
    pipe.send("ready")
    pipe.recv()
    stop.set()
    for thread in threads:
        thread.join()
    pipe.send(report)


def _repeat(client, expected, report: Report, stop: threading.Event) -> None:
    while not stop.is_set():
        started = time.monotonic()
        try:
            answer = client.ask()
            if answer is None:
                report.refused += 1
            elif not np.allclose(answer, expected, atol=1e-5):
                report.wrong.append(f"{answer}")
        except Exception as error:
            report.wrong.append(f"{type(error).__name__}: {error}")
            client.again()
        report.seconds.append(time.monotonic() - started)
        stop.wait(PAUSE)


class Rest:
    """A client of REST, on one connection."""

    def __init__(self, target: Target, body: str):
        self.body = body
        self.connection = http.client.HTTPConnection(target.host, target.rest_port, timeout=60)

    def ask(self) -> np.ndarray | None:
        """The answer; None if the server is busy."""
        self.connection.request("POST", "/v1/models/m:predict", self.body)
        response = self.connection.getresponse()
        content = response.read()
        if response.status in (503, 504):
            return None
        if response.status != 200:
            raise ValueError(f"{response.status}: {content[:200]!r}")
        return np.array(json.loads(content)["outputs"]["mean"], "float32")

    def again(self) -> None:
        """Takes a new connection."""
        self.connection.close()


class Grpc:
    """A client of gRPC that finds the numbers in the message by itself, without TensorFlow's protos."""

    def __init__(self, target: Target, message: bytes):
        self.message = message
        self.call = grpc.insecure_channel(f"{target.host}:{target.grpc_port}").unary_unary(PREDICT)

    def find(self, expected: np.ndarray) -> None:
        """Learns where in the message the answer lies."""
        answer = self.call(self.message, timeout=60)
        for start in range(len(answer) - expected.nbytes + 1):
            self.part = slice(start, start + expected.nbytes)
            self.shape = expected.shape
            if np.allclose(self.read(answer), expected, atol=1e-5):
                return
        raise ValueError("the answers of REST and of gRPC differ")

    def read(self, answer: bytes) -> np.ndarray:
        """The numbers in an answer."""
        return np.frombuffer(answer[self.part], "<f4").reshape(self.shape)

    def ask(self) -> np.ndarray | None:
        """The answer; None if the server is busy."""
        try:
            return self.read(self.call(self.message, timeout=60))
        except grpc.RpcError as error:
            if error.code() in LATER:
                return None
            raise

    def again(self) -> None:
        """Nothing: the channel takes a new connection by itself."""
