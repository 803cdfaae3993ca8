"""Refuses requests that were sent to another host name.

A web site can let its own name stand for 127.0.0.1 (DNS rebinding). To the browser, a server on this machine then
belongs to the site, which may read its answers. The header Host still has the name of the site.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterable

from starlette.responses import Response

from keras_vae.errors import InvalidInputError

LOCAL = ("127.0.0.1", "localhost", "[::1]")
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(?::[0-9]*)?", re.ASCII)
MISDIRECTED = 421

App = Callable[..., Awaitable[None]]


def check_hosts(hosts: Iterable[str]) -> tuple[str, ...]:
    """Returns names of hosts in lower case; raises `InvalidInputError` for other texts, such as URLs.

    Example:

    >>> check_hosts(["Hub.example.org"])
    ('hub.example.org',)
    """
    if isinstance(hosts, str):
        raise InvalidInputError(f"hosts: expected a sequence of names, got the text {hosts!r}; put it into a tuple.")
    names = tuple(hosts)
    for name in names:
        if not isinstance(name, str) or name_of(name) != name.lower():
            raise InvalidInputError(
                f"hosts: expected names without scheme and port, such as 'hub.example.org', got {name!r}."
            )
    return tuple(name.lower() for name in names)


def name_of(host: str) -> str | None:
    """Returns the name in a header Host, without the port and in lower case; None for an invalid header.

    Example:

    >>> name_of("LocalHost:8501"), name_of("[::1]:80"), name_of("http://a")
    ('localhost', '[::1]', None)
    """
    found = HOST.fullmatch(host.lower())
    return None if found is None else found[1]


def only_hosts(app: App, hosts: Iterable[str]) -> App:
    """Returns the ASGI application for requests to these hosts, with any port; others are answered with the status 421.

    The port is not compared, since it changes in a tunnel.

    Args:
        app: the application.
        hosts: names of hosts, see `check_hosts`.
    """
    names = set(hosts)

    async def checked(scope, receive, send):
        given = [value.decode("latin-1") for key, value in scope.get("headers", ()) if key == b"host"]
        if scope["type"] != "http" or (len(given) == 1 and name_of(given[0]) in names):
            await app(scope, receive, send)
            return
        got = ", ".join(given)[:100] or "none"
        error = f"Host: expected {', '.join(sorted(names))}, got {got}; open one of these, or allow this name (hosts)."
        response = Response(json.dumps({"error": error}), MISDIRECTED, {"connection": "close"}, "application/json")
        await response(scope, receive, send)

    return checked
