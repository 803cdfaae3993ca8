"""Checks before training that all workers are present and have the same code and configuration.

Without the check, TensorFlow waits for a missing worker for an hour, and averages the gradients of different models
without an error.
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
    """Waits until all workers have connected, and checks that their fingerprints are equal.

    The chief listens at its address. The other workers send it their index and fingerprint and receive the result of
    the comparison. The chief then frees the address for TensorFlow.

    Args:
        cluster: the workers.
        fingerprint: name -> value that must be the same on all workers.
        timeout: seconds to wait for the other workers.

    Raises:
        InvalidInputError: on every connected worker, if a worker is missing or its fingerprint differs; on the chief,
            if its address is in use.
    """
    if len(cluster.workers) == 1:
        return
    deadline = time.monotonic() + timeout
    problem = (_check_workers if cluster.is_chief else _report_to_chief)(cluster, dict(fingerprint), deadline)
    if problem:
        raise InvalidInputError(problem)


def _check_workers(cluster, fingerprint, deadline) -> str:
    """Runs on the chief. Returns the problem with the workers; an empty string if there is none."""
    connections = {}
    with _listen(cluster.address) as server:
        while len(connections) < len(cluster.workers) - 1:
            server.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                connection, _ = server.accept()
            except TimeoutError:
                break
            report = _receive(connection)
            if report.get("index") in range(1, len(cluster.workers)) and isinstance(report.get("fingerprint"), dict):
                connections[report["index"]] = (connection, report["fingerprint"])
            else:
                connection.close()  # not a worker of this cluster
        problem = _missing(cluster, connections) or _differences(connections, fingerprint)
        dismissals = [
            threading.Thread(target=_dismiss, args=(connection, problem)) for connection, _ in connections.values()
        ]
        for thread in dismissals:
            thread.start()
        for thread in dismissals:
            thread.join()
    return problem


def _report_to_chief(cluster, fingerprint, deadline) -> str:
    """Runs on the other workers. Returns the problem that the chief reports; an empty string if there is none."""
    host, port = _split(cluster.workers[0])
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((host, port), timeout=1.0) as connection:
                connection.settimeout(max(deadline - time.monotonic(), 1.0) + 5.0)  # the chief's deadline may be later
                _send(connection, {"index": cluster.index, "fingerprint": fingerprint})
                reply = _receive(connection)
                if "problem" in reply:
                    return reply["problem"]
        except OSError:
            pass  # the chief does not listen yet
        time.sleep(PAUSE)
    return (
        f"worker {cluster.index}: expected the chief at {cluster.workers[0]}, but it did not answer; start it, or "
        "correct TF_CONFIG."
    )


def _missing(cluster, connections) -> str:
    missing = [i for i in range(1, len(cluster.workers)) if i not in connections]
    if not missing:
        return ""
    names = ", ".join(f"worker {i} at {cluster.workers[i]}" for i in missing)
    return f"{names}: did not connect in time; start it, or correct TF_CONFIG."


def _differences(connections, fingerprint) -> str:
    for index, (_, worker_fingerprint) in sorted(connections.items()):
        different = [name for name in fingerprint if worker_fingerprint.get(name) != fingerprint[name]]
        if different:
            name = different[0]
            return (
                f"worker {index}: expected the same {name} as the chief, {fingerprint[name]}, got "
                f"{worker_fingerprint.get(name)}; start all workers with the same code, command and data."
            )
    return ""


def _listen(address) -> socket.socket:
    host, port = _split(address)
    try:
        return socket.create_server((host, port))
    except socket.gaierror as error:
        raise InvalidInputError(f"TF_CONFIG: {address}: {error.strerror}; correct the chief's address.") from None
    except OSError as error:
        reason = f"cannot listen at the chief's address {address} ({error.strerror})"
        raise InvalidInputError(f"TF_CONFIG: {reason}; give the chief another port or address.") from None


def _dismiss(connection, problem) -> None:
    """Sends a worker the result. The worker closes the connection first, so that the address is free at once."""
    with connection:
        try:
            _send(connection, {"problem": problem})
            connection.settimeout(5.0)
            connection.recv(1)
        except OSError:
            pass  # the worker has closed the connection


def _send(connection, message) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection) -> dict:
    """Returns the message received; an empty dictionary if it is not valid."""
    connection.settimeout(connection.gettimeout() or 5.0)
    text = b""
    try:
        while not text.endswith(b"\n") and len(text) < 65536 and (data := connection.recv(65536)):
            text += data
        message = json.loads(text)
    except (OSError, ValueError):
        return {}
    return message if isinstance(message, dict) else {}


def _split(address) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
