"""Several workers on one machine."""

import contextlib
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from keras_vae.distribute.cluster import Cluster

GRACE, SETTLE = 60.0, 5.0


def launch(command: Sequence[str], workers: int, *, restarts: int = 0, grace: float = GRACE) -> int:
    """Runs a command in so many processes on this machine, which `TF_CONFIG` tells of each other.

    The chief's output is shown as it is, the others' with their number. SIGINT and SIGTERM are passed on. Once one
    has failed the rest are stopped, and after that all are started again, up to `restarts` times.

    Args:
        command: what to run, such as `["keras-vae", "train", "--resume"]`.
        workers: how many processes.
        restarts: how often to start again.
        grace: seconds between SIGTERM and SIGKILL.

    Returns:
        The exit code of the first that failed, or 0.
    """
    for left in range(restarts, -1, -1):
        code, stopped = _run_once(command, workers, grace)
        if code in (0, 2) or stopped or not left:  # 2: input that will not be better the next time
            break
        print(f"A worker ended with code {code}; starting all again.", file=sys.stderr, flush=True)
    return code


def _run_once(command, workers, grace) -> tuple[int, bool]:
    """The first exit code that is not 0, or 0; whether a signal has ended it."""
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(workers))
    processes = [
        subprocess.Popen(
            command,
            env={**os.environ, "TF_CONFIG": Cluster(addresses, index).as_tf_config()},
            stdout=None if index == 0 else subprocess.PIPE,
            stderr=None if index == 0 else subprocess.STDOUT,
        )
        for index in range(workers)
    ]
    for index, process in enumerate(processes[1:], 1):
        threading.Thread(target=_show, args=(process, index), daemon=True).start()
    with _passed_on(processes) as signals:
        _wait(processes, lambda codes: None not in codes or any(codes))
        failed = next((code for code in map(subprocess.Popen.poll, processes) if code), 0)
        _wait(processes, _all_ended, SETTLE if failed or signals else None)  # those who hear of it end by themselves
        _send(processes, signal.SIGTERM)
        _wait(processes, _all_ended, grace if signals else SETTLE)
        _send(processes, signal.SIGKILL)
        code = processes[0].wait()
    code = code if code > 0 else failed  # the chief says most
    return 128 - code if code < 0 else code, bool(signals)


def _wait(processes, until, seconds=None) -> None:
    """Waits until something holds for the exit codes, None where a process runs, or the time is over."""
    deadline = time.monotonic() + (math.inf if seconds is None else seconds)
    while not until([process.poll() for process in processes]) and time.monotonic() < deadline:
        time.sleep(0.1)


def _all_ended(codes) -> bool:
    return None not in codes


def _send(processes, number) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(number)


@contextlib.contextmanager
def _passed_on(processes) -> Iterator[list[int]]:
    """Passes signals on; gives the list of those that came."""
    signals = []

    def pass_on(number, _):
        signals.append(number)
        _send(processes, number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(process, index) -> None:
    for line in process.stdout:
        sys.stderr.write(f"[worker {index}] {line.decode(errors='replace')}")
        sys.stderr.flush()


def free_ports(number: int) -> list[int]:
    """Ports of this machine that nothing listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
