"""Several processes that work on one search, by keras-tuner's own protocol: a chief asks the Oracle, workers train."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from keras_vae.distribute.launch import free_ports

ROLE, ADDRESS, PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"


def is_worker(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process trains for a search whose chief is another one."""
    return ADDRESS in environment and "chief" not in environment.get(ROLE, "")


@contextlib.contextmanager
def workers(command: Sequence[str], number: int) -> Iterator[None]:
    """Makes this process the chief of a search, and starts so many workers with the same command on this machine.

    Where they are started otherwise, on other machines, give each process these variables: `KERASTUNER_TUNER_ID`, which
    is `chief` for one and a name of its own for each other, and the chief's `KERASTUNER_ORACLE_IP` and
    `KERASTUNER_ORACLE_PORT`; and all of them a folder that they share.
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
