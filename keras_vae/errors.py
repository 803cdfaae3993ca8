"""The one exception for input that cannot be used."""

import difflib
from collections.abc import Iterable


class InvalidInputError(ValueError):
    """Input that keras_vae cannot use, told in one line.

    The message names the part, what it expected, what it got and what to do. The command line prints it
    without a traceback and exits with code 2.
    """

    def __init__(self, message: str):
        super().__init__(" ".join(str(message).split()))


class LostWorkerError(RuntimeError):
    """Another worker of a training has ended, so that this one cannot go on; start all again, with `resume`."""


def unknown(name: object, choices: Iterable[str], *, part: str) -> str:
    """The message for a name that is not among `choices`, with the nearest one that is.

    Example:

    >>> unknown("vea", ["vae", "ae"], part="model")
    "Unknown model 'vea': did you mean 'vae'? Known: ae, vae."
    """
    choices = sorted(choices)
    near = difflib.get_close_matches(str(name), choices, n=1, cutoff=0.4)
    hint = f": did you mean {near[0]!r}?" if near else "."
    return f"Unknown {part} {name!r}{hint} Known: {', '.join(choices)}."
