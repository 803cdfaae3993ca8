"""Passes the requests of the page on to another server, such as TensorFlow Serving."""

import json
from urllib.parse import quote

from keras_vae.errors import InvalidInputError, one_line
from keras_vae.serving.extra import need

BAD_GATEWAY, SECONDS = 502, 60.0


class Remote:
    """A model on another server.

    The page asks its own server, which asks this one, as browsers refuse answers of other servers.

    Args:
        url: `http://host:port` or `https://host:port`.
        name: name of the model there.

    Raises:
        InvalidInputError: for a URL of another form.
    """

    def __init__(self, url: str, name: str):
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise InvalidInputError(f"server: expected http(s)://host:port, got {url!r}; give the address of REST.")
        self._requests = need("requests")
        self._session = self._requests.Session()
        self._session.trust_env = False  # proxies of the environment do not apply to this server
        self._predict = f"{url.rstrip('/')}/v1/models/{quote(name, safe='')}:predict"

    def predict(self, body: bytes) -> tuple[int, bytes]:
        """Returns the status and the body of the answer; 502 with a reason if there is none."""
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._session.post(self._predict, data=body, headers=headers, timeout=SECONDS)
        except self._requests.exceptions.RequestException as error:
            reason = f"{self._predict}: no answer ({one_line(error, 200)})."
            return BAD_GATEWAY, json.dumps({"error": reason}).encode()
        return answer.status_code, answer.content
