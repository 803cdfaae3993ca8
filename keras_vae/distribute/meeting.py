"""Workers meet before they train: who is missing, and who is not alike, is told in one line.

TensorFlow would wait for an hour, and would average the gradients of different models without a word.
"""

import json
import socket
import threading
import time
from collections.abc import Mapping

from keras_vae.distribute.cluster import Cluster
from keras_vae.errors import InvalidInputError

PAUSE = 0.1


def meet(cluster: Cluster, fingerprint: Mapping[str, str], timeout: float) -> None:
    """Returns when all workers are there and have the same fingerprint.

    The chief listens at its address; the others tell it their index and fingerprint, and hear its verdict. Afterwards
    the address is free again, for TensorFlow.

    Args:
        cluster: the workers.
        fingerprint: what must be alike, by name.
        timeout: seconds to wait for the others.

    Raises:
        InvalidInputError: on every worker that came, if another did not, or differs; for an address in use.
    """
    if len(cluster.workers) == 1:
        return
    deadline = time.monotonic() + timeout
    problem = (_welcome if cluster.is_chief else _report)(cluster, dict(fingerprint), deadline)
    if problem:
        raise InvalidInputError(problem)


def _welcome(cluster, fingerprint, deadline) -> str:
    """The chief's part: the problem with the workers, empty if there is none."""
    arrived = {}
    with _listen(cluster.address) as server:
        while len(arrived) < len(cluster.workers) - 1:
            server.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                connection, _ = server.accept()
            except TimeoutError:
                break
            hello = _receive(connection)
            if hello.get("index") in range(1, len(cluster.workers)) and isinstance(hello.get("fingerprint"), dict):
                arrived[hello["index"]] = (connection, hello["fingerprint"])
            else:
                connection.close()  # a stranger
        problem = _missing(cluster, arrived) or _differences(arrived, fingerprint)
        leave = [threading.Thread(target=_dismiss, args=(connection, problem)) for connection, _ in arrived.values()]
        for thread in leave:
            thread.start()
        for thread in leave:
            thread.join()
    return problem


def _report(cluster, fingerprint, deadline) -> str:
    """Another worker's part: the chief's verdict."""
    host, port = _split(cluster.workers[0])
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((host, port), timeout=1.0) as connection:
                connection.settimeout(max(deadline - time.monotonic(), 1.0) + 5.0)  # the chief's own deadline is later
                _send(connection, {"index": cluster.index, "fingerprint": fingerprint})
                verdict = _receive(connection)
                if "problem" in verdict:
                    return verdict["problem"]
        except OSError:
            pass  # not there yet
        time.sleep(PAUSE)
    return f"worker {cluster.index}: the chief at {cluster.workers[0]} did not come; start it, or correct TF_CONFIG."


def _missing(cluster, arrived) -> str:
    missing = [i for i in range(1, len(cluster.workers)) if i not in arrived]
    if not missing:
        return ""
    who = ", ".join(f"worker {i} at {cluster.workers[i]}" for i in missing)
    return f"{who}: did not come in time; start it, or correct TF_CONFIG."


def _differences(arrived, fingerprint) -> str:
    for index, (_, others) in sorted(arrived.items()):
        different = [name for name in fingerprint if others.get(name) != fingerprint[name]]
        if different:
            name = different[0]
            return (
                f"worker {index}: expected the chief's {name} ({fingerprint[name]}), got {others.get(name)}; "
                "start all workers with the same code, command and data."
            )
    return ""


def _listen(address) -> socket.socket:
    host, port = _split(address)
    try:
        return socket.create_server((host, port))
    except socket.gaierror as error:
        raise InvalidInputError(f"TF_CONFIG: {address}: {error.strerror}; correct the chief's address.") from None
    except OSError as error:
        reason = f"cannot listen there ({error.strerror})"
        raise InvalidInputError(f"TF_CONFIG: {address}: {reason}; give the chief another port or address.") from None


def _dismiss(connection, problem) -> None:
    """Tells a worker the verdict, and lets it close first, so that the address is free at once."""
    with connection:
        try:
            _send(connection, {"problem": problem})
            connection.settimeout(5.0)
            connection.recv(1)
        except OSError:
            pass  # it has gone


def _send(connection, message) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection) -> dict:
    """The message that came, empty if it was none."""
    connection.settimeout(connection.gettimeout() or 5.0)
    text = b""
    try:
        while not text.endswith(b"\n") and len(text) < 65536 and (more := connection.recv(65536)):
            text += more
        message = json.loads(text)
    except (OSError, ValueError):
        return {}
    return message if isinstance(message, dict) else {}


def _split(address) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
