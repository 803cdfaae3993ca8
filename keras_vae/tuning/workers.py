"""Several processes for one search, by the protocol of keras-tuner: the chief runs the Oracle, the workers train."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace

from keras_vae.distribute.launch import free_ports
from keras_vae.errors import LostWorkerError

ROLE, ADDRESS, PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"
POLL, SETTLE = 1.0, 2.0
"""Seconds between two looks at the workers, and for the messages of the others after one has failed."""


def is_worker(environment: Mapping[str, str] = os.environ) -> bool:
    """Returns whether this process is a worker, and another process is the chief."""
    return ADDRESS in environment and "chief" not in environment.get(ROLE, "")


@contextlib.contextmanager
def workers(command: Sequence[str], number: int) -> Iterator[None]:
    """Makes this process the chief of a search, and starts `number` workers with the same command on this machine.

    To start the processes on other machines, set these variables in each process: `KERASTUNER_TUNER_ID` (`chief` for
    the chief, and a unique name for each worker), and `KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT` of the chief.
    All processes must share the output folder.

    Raises:
        LostWorkerError: if a worker fails. The chief and the other workers would wait for its trial for ever.
    """
    from keras_tuner.src.distribute import oracle_chief

    (port,) = free_ports(1)
    place = {ADDRESS: "127.0.0.1", PORT: str(port)}
    started = [
        subprocess.Popen(command, env={**os.environ, **place, ROLE: f"worker-{index}"}) for index in range(number)
    ]
    os.environ.update({**place, ROLE: "chief"})
    clock, oracle_chief.time = oracle_chief.time, SimpleNamespace(sleep=lambda _: _wait(started))
    try:
        yield
    finally:
        oracle_chief.time = clock
        for name in (*place, ROLE):
            os.environ.pop(name, None)
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def _wait(processes: Sequence[subprocess.Popen]) -> None:
    """Waits for a moment, in place of the sleep in the loop of keras-tuner's chief, and looks at the workers."""
    time.sleep(POLL)
    if any(process.poll() for process in processes):
        time.sleep(SETTLE)
        code = next(code for process in processes if (code := process.poll()))
        for process in processes:
            process.kill()
        ended = f"has ended with code {code}" if code > 0 else f"was ended by signal {-code}"
        raise LostWorkerError(f"a worker of the search {ended}; continue the search with --resume.")
