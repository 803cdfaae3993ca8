"""Gives hostile inputs to the product, and finds out what they did."""

import contextlib
import json
import multiprocessing
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from hostile.innocents import Innocents
from hostile.kind import SERVER, Kind, Target, WrongAnswerError
from hostile.registry import generator, kinds
from keras_vae.errors import InvalidInputError

MOST_MEMORY = 1.5
MOST_SECONDS = 1.0
MOST_REFUSED = 0.05
"""Of the innocents' questions: the share that a busy server may answer with 503 or 504."""

CLIENTS = 4


@dataclass
class Result:
    """What the inputs of a kind did.

    Attributes:
        kind: its name.
        inputs: how many there were.
        tracebacks: each that was seen, cut.
        wrong: each wrong answer, to the hostile or to the innocent.
        outcomes: how often each was the answer.
        peak: of the memory, in bytes.
        usual: memory after ordinary full batches.
        p99: of the innocents' seconds; nan without innocents.
        refused: of the innocents' questions, with 503 or 504.
        asked: questions of the innocents.
    """

    kind: str
    inputs: int = 0
    tracebacks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    outcomes: Counter = field(default_factory=Counter)
    peak: int = 0
    usual: int = 0
    p99: float = float("nan")
    refused: int = 0
    asked: int = 0

    @property
    def memory(self) -> float:
        """The peak, as a multiple of what is usual."""
        return self.peak / self.usual if self.usual else float("nan")

    @property
    def harmless(self) -> bool:
        """Whether nothing wrong happened, whatever time it took."""
        refused = self.refused > MOST_REFUSED * self.asked
        return not (self.tracebacks or self.wrong or refused) and self.memory < MOST_MEMORY

    @property
    def ok(self) -> bool:
        """Whether nothing happened that must not."""
        return self.harmless and not self.p99 >= MOST_SECONDS


class Memory:
    """The peak of a process's resident memory, looked at every few milliseconds."""

    def __init__(self, pid: int):
        self._process = psutil.Process(pid)
        self.peak = 0

    def __enter__(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        while not self._stop.wait(0.005):
            with contextlib.suppress(psutil.NoSuchProcess):
                self.peak = max(self.peak, self._process.memory_info().rss)


def run(count: int, seed: int = 0, only: list[str] | None = None) -> Iterator[Result]:
    """Runs `count` inputs, shared out over the kinds; a result for each kind.

    Args:
        count: of all inputs.
        seed: of the generators.
        only: names of kinds; None for all.
    """
    chosen = [kind for name, kind in kinds().items() if only is None or name in only]
    share = max(1, -(-count // len(chosen)))
    served = [kind for kind in chosen if kind.where == SERVER]
    if served:
        with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as (target, pid, log):
            usual = usual_memory(target, pid)
            for kind in served:
                yield ask_server(kind, share, seed, target, pid, log, usual)
    for kind in chosen:
        if kind.where != SERVER:
            yield ask_process(kind, share, seed)


@contextlib.contextmanager
def server(folder: Path, *options: str):
    """`keras-vae serve` in a process of its own on a small model `m`: where it listens, its process and its log.

    Args:
        folder: with `models/m`, which is made if it is not there.
        options: of the command.
    """
    if not (folder / "models").exists():
        export_model(folder / "models" / "m")
    log = folder / "log.txt"
    command = [
        Path(sys.executable).with_name("keras-vae"),
        "serve",
        folder / "models",
        "--port",
        "0",
        "--grpc-port",
        "0",
    ]
    with log.open("w") as stderr:
        process = subprocess.Popen([*map(str, command), *options], stderr=stderr)
    try:
        yield _target(log, process), process.pid, log
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()


def export_model(folder: Path) -> None:
    """Exports a small VAE of 8x8 images with every signature."""
    from keras_vae import zoo
    from keras_vae.serving import ExportOptions, export

    model = zoo.vae((8, 8, 1), 3, units=(16,), seed=0)
    export(model, folder, options=ExportOptions(batch_sizes=(1, 64)), check=False)


def _target(log: Path, process: subprocess.Popen) -> Target:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        ports = dict(re.findall(r"(REST|gRPC) .*?127\.0\.0\.1:(\d+)", log.read_text()))
        if len(ports) == 2:
            return Target("127.0.0.1", int(ports["REST"]), int(ports["gRPC"]))
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text()[-500:]}")


def usual_memory(target: Target, pid: int) -> int:
    """The peak of the server's memory in bytes, idle and with a full batch to each signature of images."""
    from keras_vae.serving.client import Client

    x = np.random.default_rng(0).random((64, 8, 8, 1), "float32")
    with Memory(pid) as memory, Innocents(target):
        for address in (f"http://{target.host}:{target.rest_port}", f"grpc://{target.host}:{target.grpc_port}"):
            with Client(address, "m", batch_size=64) as client:
                for ask in (client.encode, client.reconstruct, client.score):
                    ask(x)
        time.sleep(0.1)
    return memory.peak


def ask_server(kind: Kind, count: int, seed: int, target: Target, pid: int, log: Path, usual: int) -> Result:
    """Sends inputs of a kind from several clients, with innocents beside."""
    with Memory(pid) as memory:
        kind.ordinary(target)
    result = Result(kind.name, usual=max(usual, memory.peak))
    seen = log.read_text(errors="replace").count("Traceback")

    def ask(number):
        return _outcome(kind, number, kind.generate(generator(seed, kind.name, number)), target)

    with Memory(pid) as memory, Innocents(target) as innocents, ThreadPoolExecutor(CLIENTS) as pool:
        for outcome in pool.map(ask, range(count)):
            _count(result, *outcome)
    text = log.read_text(errors="replace")
    result.tracebacks += [piece[:2000] for piece in text.split("Traceback")[1 + seen :]]
    if not psutil.pid_exists(pid):
        result.wrong.append("the server has ended")
    report = innocents.report
    result.wrong += [f"to an innocent: {wrong}" for wrong in report.wrong]
    result.peak, result.p99 = memory.peak, report.p99
    result.refused, result.asked = report.refused, len(report.seconds)
    return result


def _outcome(kind: Kind, number: int, content: Any, where: Target | Path) -> tuple[str, str]:
    """Of one input: what came, and of which sort that is."""
    try:
        return kind.ask(content, where), "outcome"
    except InvalidInputError as error:
        lines = str(error).splitlines()
        return ("refused", "outcome") if len(lines) == 1 else (f"input {number}: {len(lines)} lines: {error}", "wrong")
    except WrongAnswerError as error:
        return f"input {number}: {error}", "wrong"
    except Exception:
        return f"input {number}: {traceback.format_exc()[-1500:]}", "traceback"


def _count(result: Result, text: str, sort: str) -> None:
    result.inputs += 1
    if sort == "outcome":
        result.outcomes[text] += 1
    else:
        {"wrong": result.wrong, "traceback": result.tracebacks}[sort].append(text)


def ask_process(kind: Kind, count: int, seed: int) -> Result:
    """Gives inputs of a kind to the product in a process of its own; they are made in this one."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(kind.name, there))
    result = Result(kind.name)
    process.start()
    there.close()
    with Memory(process.pid) as memory:
        with contextlib.suppress(EOFError, ConnectionError):
            if here.recv() == "ready":
                result.usual, memory.peak = memory.peak, 0
            for number in range(count):
                here.send((number, kind.generate(generator(seed, kind.name, number))))
                _count(result, *here.recv())
        here.close()
        process.join()
    result.peak = memory.peak
    if process.exitcode or result.inputs < count:
        result.tracebacks.append(f"the process ended with {process.exitcode} after {result.inputs} inputs")
    return result


def _work(name: str, pipe) -> None:
    kind = kinds()[name]
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(EOFError):
        kind.ordinary(Path(folder))
        time.sleep(0.05)
        pipe.send("ready")
        while True:
            number, content = pipe.recv()
            place = Path(folder) / f"{number}"
            place.mkdir()
            pipe.send(_outcome(kind, number, content, place))


HEADER = f"{'kind':18}{'inputs':>8}{'tracebacks':>12}{'wrong':>7}{'memory':>9}{'p99 ms':>8}{'refused':>9}  outcomes"


def line(result: Result) -> str:
    """A row of the table."""
    outcomes = ", ".join(f"{name} {number}" for name, number in result.outcomes.most_common(6))
    p99 = "" if np.isnan(result.p99) else f"{1000 * result.p99:.0f}"
    return (
        f"{result.kind:18}{result.inputs:8,}{len(result.tracebacks):12}{len(result.wrong):7}{result.memory:8.2f}x"
        f"{p99:>8}{result.refused:9}  {outcomes}"
    )


def as_json(result: Result) -> str:
    """What went wrong, a JSON object."""
    numbers = {"memory": result.memory, "p99": result.p99, "refused": result.refused, "asked": result.asked}
    problems = {"tracebacks": result.tracebacks[:5], "wrong": result.wrong[:5]}
    return json.dumps({"kind": result.kind, **numbers, **problems}, indent=1)
