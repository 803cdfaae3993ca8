"""Several processes for one search, by the protocol of keras-tuner: the chief runs the Oracle, the workers train."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from keras_vae.distribute.launch import free_ports

ROLE, ADDRESS, PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"


def is_worker(environment: Mapping[str, str] = os.environ) -> bool:
    """Returns whether this process is a worker, and another process is the chief."""
    return ADDRESS in environment and "chief" not in environment.get(ROLE, "")


@contextlib.contextmanager
def workers(command: Sequence[str], number: int) -> Iterator[None]:
    """Makes this process the chief of a search, and starts `number` workers with the same command on this machine.

    To start the processes on other machines, set these variables in each process: `KERASTUNER_TUNER_ID` (`chief` for
    the chief, and a unique name for each worker), and `KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT` of the chief.
    All processes must share the output folder.
    """
    (port,) = free_ports(1)
    place = {ADDRESS: "127.0.0.1", PORT: str(port)}
    started = [
        subprocess.Popen(command, env={**os.environ, **place, ROLE: f"worker-{index}"}) for index in range(number)
    ]
    os.environ.update({**place, ROLE: "chief"})
    try:
        yield
    finally:
        for name in (*place, ROLE):
            os.environ.pop(name, None)
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
