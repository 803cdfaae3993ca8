"""Workers that wait for each other, as threads."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from keras_vae import InvalidInputError
from keras_vae.distribute import Cluster
from keras_vae.distribute.launch import free_ports
from keras_vae.distribute.meeting import meet

CODE = {"keras_vae": "abc", "configuration": "{}"}


@pytest.fixture
def workers():
    return tuple(f"127.0.0.1:{port}" for port in free_ports(3))


def outcomes(workers, fingerprints, timeout=20.0):
    """What each worker that has a fingerprint heard, None for nothing."""

    def come(index):
        try:
            meet(Cluster(workers, index), fingerprints[index], timeout)
        except InvalidInputError as error:
            return str(error)

    with ThreadPoolExecutor(len(workers)) as pool:
        return dict(zip(fingerprints, pool.map(come, fingerprints), strict=True))


def test_workers_that_are_alike_go_on_and_the_address_is_free_again(workers):
    for _ in range(3):
        assert outcomes(workers, dict.fromkeys(range(3), CODE)) == dict.fromkeys(range(3))
        socket.create_server(("127.0.0.1", int(workers[0].rpartition(":")[2]))).close()


def test_one_worker_meets_nobody():
    meet(Cluster(("nowhere.invalid:1",), 0), CODE, timeout=0.0)


def test_a_worker_that_differs_is_named_to_all(workers):
    heard = outcomes(workers, {0: CODE, 1: CODE, 2: {**CODE, "keras_vae": "abd"}})
    expected = "worker 2: expected the same keras_vae as the chief, abc, got abd; start all workers with the same code"
    assert set(heard.values()) == {f"{expected}, command and data."}


def test_a_worker_that_does_not_come_is_named_with_its_address(workers):
    started = time.monotonic()
    heard = outcomes(workers, {0: CODE, 1: CODE}, timeout=2.0)
    expected = f"worker 2 at {workers[2]}: did not connect in time; start it, or correct TF_CONFIG."
    assert set(heard.values()) == {expected}
    assert time.monotonic() - started < 15


def test_a_chief_that_does_not_come_is_named_with_its_address(workers):
    heard = outcomes(workers, {2: CODE}, timeout=1.0)
    expected = f"worker 2: expected the chief at {workers[0]}, but it did not answer; start it, or correct TF_CONFIG."
    assert heard[2] == expected


def test_a_late_worker_is_waited_for(workers):
    def late():
        time.sleep(1.5)
        meet(Cluster(workers[:2], 1), CODE, 20.0)

    thread = threading.Thread(target=late)
    thread.start()
    meet(Cluster(workers[:2], 0), CODE, 20.0)
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\n\r\n\n", b"\xff\n", b"[1]\n", b'{"index": "1"}\n', b'{"index": 7}\n']
)
def test_a_stranger_at_the_door_changes_nothing(workers, sent):
    with ThreadPoolExecutor(2) as pool:
        chief = pool.submit(meet, Cluster(workers[:2], 0), CODE, 20.0)
        host, _, port = workers[0].partition(":")
        for _ in range(100):
            try:
                with socket.create_connection((host, int(port)), timeout=1.0) as connection:
                    connection.sendall(sent)
                break
            except OSError:
                time.sleep(0.05)
        worker = pool.submit(meet, Cluster(workers[:2], 1), CODE, 20.0)
        assert chief.result(30) is None and worker.result(30) is None


def test_an_address_in_use_is_told(workers, refused):
    with socket.create_server(("127.0.0.1", int(workers[0].rpartition(":")[2]))), refused("cannot listen at the chief"):
        meet(Cluster(workers, 0), CODE, 1.0)
