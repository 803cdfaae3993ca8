import json

import pytest

from keras_vae.distribute import Cluster

WORKERS = ["127.0.0.1:2222", "127.0.0.1:2223"]


def read(cluster=None, task=None):
    config = {"cluster": {"worker": WORKERS} if cluster is None else cluster, "task": task or {"index": 1}}
    return Cluster.from_environment({"TF_CONFIG": json.dumps(config)})


def test_without_tf_config_there_is_none():
    assert Cluster.from_environment({}) is None


def test_the_first_worker_is_the_chief():
    assert read(task={"type": "worker", "index": 0}).is_chief
    second = read(task={"type": "worker", "index": 1})
    assert not second.is_chief and second.address == WORKERS[1]


def test_a_chief_of_its_own_stands_before_the_workers():
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    assert read(cluster, {"type": "worker", "index": 1}) == Cluster(("a:1", "b:1", "c:1"), 2)
    assert read(cluster, {"type": "chief", "index": 0}).is_chief


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "TF_CONFIG: expected JSON"),
        ("[]", "TF_CONFIG: expected a member 'cluster'"),
        ('{"cluster": {}}', "TF_CONFIG: expected a member 'task'"),
    ],
)
def test_malformed_text_is_refused(refused, text, message):
    with refused(message):
        Cluster.from_environment({"TF_CONFIG": text})


@pytest.mark.parametrize(
    ("cluster", "task", "message"),
    [
        ({"worker": WORKERS, "ps": ["127.0.0.1:1"]}, {"index": 0}, "at most a chief; got ps"),
        ({"worker": WORKERS}, {"index": 2}, r"worker 0 to 1\); got type 'worker', index 2"),
        ({"worker": WORKERS}, {"index": -1}, "got type 'worker', index -1"),
        ({"worker": WORKERS}, {"index": "0"}, "got type 'worker', index '0'"),
        ({"worker": WORKERS}, {"type": "chief", "index": 0}, "got type 'chief'"),
        ({"worker": "127.0.0.1"}, {"index": 0}, "expected worker addresses host:port; got '127.0.0.1'"),
        ({"worker": ["127.0.0.1:port"]}, {"index": 0}, "got '127.0.0.1:port'"),
        ({"worker": ["127.0.0.1:70000"]}, {"index": 0}, "got '127.0.0.1:70000'"),
        ({"worker": [WORKERS[0]] * 2}, {"index": 0}, "expected different addresses"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(refused, cluster, task, message):
    with refused(message):
        read(cluster, task)
