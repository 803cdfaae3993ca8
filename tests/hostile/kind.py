"""A kind of hostile inputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

SERVER, PROCESS = "server", "process"


class WrongAnswerError(Exception):
    """Something that a hostile input must not get: a server's own failure, or an answer that is not right."""


@dataclass(frozen=True)
class Kind:
    """Inputs of one kind, and how they are given to the product.

    Attributes:
        name: for the table, and for `--only`.
        generate: makes an input; the same for the same generator.
        ask: gives it to the product and tells the outcome in a word, such as `"refused"`. It is called with the input
            and, for a server's kinds, the `Target`; else with the input and a folder of its own, which it may fill.
            `InvalidInputError` is a refusal, `WrongAnswerError` is wrong, and any other exception is a traceback.
        where: `SERVER` for a running server, `PROCESS` for a process of its own.
        ordinary: what is done once before: an ordinary full batch, whose memory is the measure. It is called as `ask`
            is, without an input.
    """

    name: str
    generate: Callable[[np.random.Generator], Any]
    ask: Callable[..., str]
    where: str = PROCESS
    ordinary: Callable[..., Any] = lambda where: None


@dataclass(frozen=True)
class Target:
    """Where a server listens."""

    host: str
    rest_port: int
    grpc_port: int


def one_of(rng: np.random.Generator, *choices: Any) -> Any:
    """One of the choices; a plain index, since NumPy would turn them into an array."""
    return choices[int(rng.integers(len(choices)))]


def mutated(rng: np.random.Generator, good: bytes) -> bytes:
    """Sound bytes with a few that are flipped, cut out, doubled or put in."""
    data = bytearray(good)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(0, len(data) + 1))
        size = int(rng.integers(1, 9))
        change = int(rng.integers(5))
        if change == 0 and at < len(data):
            data[at] ^= 1 << int(rng.integers(8))
        elif change == 1:
            del data[at : at + size]
        elif change == 2:
            data[at:at] = data[at : at + size]
        elif change == 3:
            data[at:at] = rng.bytes(size)
        else:
            del data[at:]
    return bytes(data)
