"""The workers of a distributed training, as listed in `TF_CONFIG`."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_vae.checks import is_integer
from keras_vae.errors import InvalidInputError

HINT = 'such as {"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Cluster:
    """The workers of a distributed training, and the index of this process.

    Attributes:
        workers: addresses of the workers, `host:port`. The first worker is the chief, which writes the files.
        index: index of this process in `workers`.

    Example:

    >>> Cluster(workers=("10.0.0.1:2222", "10.0.0.2:2222"), index=0).is_chief
    True
    """

    workers: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        """Whether this process is the first worker, which writes the files."""
        return self.index == 0

    @property
    def address(self) -> str:
        """The address of this process."""
        return self.workers[self.index]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Cluster | None":
        """Reads the cluster from `TF_CONFIG`; returns None if the variable is not set.

        Raises:
            InvalidInputError: if `TF_CONFIG` is malformed, or lists tasks other than a chief and workers.

        Example:

        >>> Cluster.from_environment({"TF_CONFIG": Cluster(("a:1", "b:1"), 1).as_tf_config()})
        Cluster(workers=('a:1', 'b:1'), index=1)
        """
        text = environment.get("TF_CONFIG")
        if not text:
            return None
        try:
            config = json.loads(text)
        except ValueError as error:
            raise InvalidInputError(f"TF_CONFIG: expected JSON, {HINT}; {error}.") from None
        cluster, task = _member(config, "cluster", dict), _member(config, "task", dict)
        unsupported_jobs = set(cluster) - {"chief", "worker"}
        if unsupported_jobs:
            raise InvalidInputError(
                f"TF_CONFIG: expected workers and at most a chief; got {', '.join(sorted(unsupported_jobs))}; leave "
                "out parameter servers and evaluators, which are not supported."
            )
        jobs = {job: _addresses(cluster.get(job, []), job) for job in ("chief", "worker")}
        kind, index = task.get("type", "worker"), task.get("index", 0)
        if not is_integer(index) or not 0 <= index < len(jobs.get(kind, ())):
            tasks = ", ".join(f"{job} 0 to {len(addresses) - 1}" for job, addresses in jobs.items() if addresses)
            raise InvalidInputError(
                f"TF_CONFIG: expected a task of the cluster ({tasks}); got type {kind!r}, index {index!r}; correct the "
                "task."
            )
        workers = (*jobs["chief"], *jobs["worker"])
        if len(set(workers)) < len(workers):
            raise InvalidInputError(
                f"TF_CONFIG: expected different addresses; got {', '.join(workers)}; list each worker once."
            )
        return cls(workers, index if kind == "chief" else len(jobs["chief"]) + index)

    def as_tf_config(self) -> str:
        """Returns the value of `TF_CONFIG` for this process."""
        return json.dumps({"cluster": {"worker": self.workers}, "task": {"type": "worker", "index": self.index}})


def _member(config: Any, name: str, kind: type) -> Any:
    if not isinstance(config, dict) or not isinstance(config.get(name), kind):
        raise InvalidInputError(f"TF_CONFIG: expected a member {name!r}, {HINT}; got {json.dumps(config)[:200]}.")
    return config[name]


def _addresses(addresses: Any, job: str) -> tuple[str, ...]:
    for address in addresses if isinstance(addresses, list) else [addresses]:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise InvalidInputError(f"TF_CONFIG: expected {job} addresses host:port; got {address!r}; correct it.")
    return tuple(addresses)
