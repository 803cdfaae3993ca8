"""Starts several workers on one machine."""

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
    """Runs a command in several processes on this machine, as the workers of one cluster.

    `TF_CONFIG` lists the workers to each process. The output of the chief appears unchanged, the output of each other
    worker with its index. SIGINT and SIGTERM are forwarded. If a worker fails, the others are stopped, and all workers
    start again, up to `restarts` times.

    Args:
        command: command and its arguments, such as `["keras-vae", "train", "--resume"]`.
        workers: number of processes.
        restarts: maximum number of restarts.
        grace: seconds between SIGTERM and SIGKILL.

    Returns:
        The exit code of the first worker that failed, or 0.

    Example:

    >>> import sys
    >>> launch([sys.executable, "-c", "import os; assert 'TF_CONFIG' in os.environ"], workers=2)
    0
    """
    while True:
        code, interrupted = _run_once(command, workers, grace)
        if code in (0, 2) or interrupted or restarts <= 0:  # 2: invalid input, which a restart cannot correct
            return code
        restarts -= 1
        print(f"A worker exited with code {code}; restarting all workers.", file=sys.stderr, flush=True)


def _run_once(command, workers, grace) -> tuple[int, bool]:
    """Returns the first exit code other than 0, or 0, and whether a signal interrupted the workers."""
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
        threading.Thread(target=_print_output, args=(process, index), daemon=True).start()
    with _forwarded_signals(processes) as signals:
        _wait(processes, lambda codes: None not in codes or any(codes))
        failure = next((code for code in map(subprocess.Popen.poll, processes) if code), 0)
        # Workers that notice the failure exit by themselves.
        _wait(processes, _all_ended, SETTLE if failure or signals else None)
        _send(processes, signal.SIGTERM)
        _wait(processes, _all_ended, grace if signals else SETTLE)
        _send(processes, signal.SIGKILL)
        code = processes[0].wait()
    code = code if code > 0 else failure  # the chief's exit code is the most specific
    return 128 - code if code < 0 else code, bool(signals)


def _wait(processes, until, seconds=None) -> None:
    """Waits until `until(exit codes)` is true, or the time is over. The exit code of a running process is None."""
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
def _forwarded_signals(processes) -> Iterator[list[int]]:
    """Forwards signals to the processes; yields the list of the signals received."""
    signals = []

    def forward(number, _):
        signals.append(number)
        _send(processes, number)

    previous_handlers = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def _print_output(process, index) -> None:
    for line in process.stdout:
        sys.stderr.write(f"[worker {index}] {line.decode(errors='replace')}")
        sys.stderr.flush()


def free_ports(number: int) -> list[int]:
    """Returns ports of this machine that are not in use."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for server in sockets:
            server.bind(("127.0.0.1", 0))
        return [server.getsockname()[1] for server in sockets]
