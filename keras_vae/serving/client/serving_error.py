"""The error of a request to a server."""

ADVICE = {
    "INVALID_ARGUMENT": "compare the request with client.metadata()",
    "NOT_FOUND": "check the name and the version of the model, and client.status()",
    "FAILED_PRECONDITION": "compare the signature with client.metadata()",
    "UNIMPLEMENTED": "this server does not support the request",
    "RESOURCE_EXHAUSTED": "send fewer rows at a time, or try again later",
    "UNAVAILABLE": "check that the server runs at this address",
    "DEADLINE_EXCEEDED": "increase timeout=..., or send fewer rows at a time",
    "UNAUTHENTICATED": "check the certificates",
    "PERMISSION_DENIED": "check the certificates",
}
RETRY_CODES = {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}


class ServingError(Exception):
    """A request failed in the network or in the server.

    Args:
        code: canonical status code, such as `"NOT_FOUND"`.
        message: message of the server.
        target: address of the server.
        retry: whether a retry of the request may succeed. None derives this from the code.

    Example:

    >>> print(ServingError("NOT_FOUND", "no model 'cats'", target="http://127.0.0.1:8501"))
    http://127.0.0.1:8501: NOT_FOUND: no model 'cats'; check the name and the version of the model, and client.status().

    Reference: https://grpc.io/docs/guides/status-codes
    """

    def __init__(self, code: str, message: str, *, target: str, retry: bool | None = None):
        advice = ADVICE.get(code)
        super().__init__(f"{target}: {code}: {message.strip().rstrip('.')}{f'; {advice}' if advice else ''}.")
        self.code = code
        self.message = message
        self.target = target
        self.retry = code in RETRY_CODES if retry is None else retry
