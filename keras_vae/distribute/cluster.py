"""The workers that train together, as `TF_CONFIG` names them."""

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
    """The workers of a training, and which of them this process is.

    Attributes:
        workers: their addresses, `host:port`; the first is the chief, which writes the files.
        index: of this process.
    """

    workers: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        return self.index == 0

    @property
    def address(self) -> str:
        """Of this process."""
        return self.workers[self.index]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Cluster | None":
        """What `TF_CONFIG` says; None without it.

        Raises:
            InvalidInputError: if it is malformed, or asks for other than workers that train alike.

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
        others = set(cluster) - {"chief", "worker"}
        if others:
            raise InvalidInputError(
                f"TF_CONFIG: expected workers, and at most a chief; got {', '.join(sorted(others))}. Parameter servers "
                "and evaluators are not supported; leave them out."
            )
        jobs = {job: _addresses(cluster.get(job, []), job) for job in ("chief", "worker")}
        kind, index = task.get("type", "worker"), task.get("index", 0)
        if not is_integer(index) or not 0 <= index < len(jobs.get(kind, ())):
            known = ", ".join(f"{job} 0 to {len(addresses) - 1}" for job, addresses in jobs.items() if addresses)
            raise InvalidInputError(
                f"TF_CONFIG: expected a task of the cluster ({known}); got type {kind!r}, index {index!r}."
            )
        workers = (*jobs["chief"], *jobs["worker"])
        if len(set(workers)) < len(workers):
            raise InvalidInputError(f"TF_CONFIG: expected different addresses; got {', '.join(workers)}.")
        return cls(workers, index if kind == "chief" else len(jobs["chief"]) + index)

    def as_tf_config(self) -> str:
        """The value of `TF_CONFIG` for this process."""
        return json.dumps({"cluster": {"worker": self.workers}, "task": {"type": "worker", "index": self.index}})


def _member(config: Any, name: str, kind: type) -> Any:
    if not isinstance(config, dict) or not isinstance(config.get(name), kind):
        raise InvalidInputError(f"TF_CONFIG: expected {name!r}, {HINT}; got {json.dumps(config)[:200]}.")
    return config[name]


def _addresses(addresses: Any, job: str) -> tuple[str, ...]:
    for address in addresses if isinstance(addresses, list) else [addresses]:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise InvalidInputError(f"TF_CONFIG: expected addresses host:port of {job}; got {address!r}.")
    return tuple(addresses)
