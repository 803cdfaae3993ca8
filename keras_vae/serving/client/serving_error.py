"""What a server answered instead of what was asked."""

ADVICE = {
    "INVALID_ARGUMENT": "compare the request with client.metadata()",
    "NOT_FOUND": "look at the name and the version of the model, and at client.status()",
    "FAILED_PRECONDITION": "compare the signature with client.metadata()",
    "UNIMPLEMENTED": "this server does not offer it",
    "RESOURCE_EXHAUSTED": "send fewer rows at a time, or come back later",
    "UNAVAILABLE": "is the server up, at this address?",
    "DEADLINE_EXCEEDED": "give it more time with timeout=..., or send fewer rows at a time",
    "UNAUTHENTICATED": "look at the certificates",
    "PERMISSION_DENIED": "look at the certificates",
}
RETRIED = {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}


class ServingError(Exception):
    """A request failed on the way or in the server.

    Args:
        code: the canonical code, such as `"NOT_FOUND"`.
        message: what the server said.
        target: the server.
        retry: whether the same request may go through later; by the code when None.

    Reference: https://grpc.io/docs/guides/status-codes
    """

    def __init__(self, code: str, message: str, *, target: str, retry: bool | None = None):
        advice = ADVICE.get(code)
        super().__init__(f"{target}: {code}: {message.strip().rstrip('.')}{f'; {advice}' if advice else ''}.")
        self.code = code
        self.message = message
        self.target = target
        self.retry = code in RETRIED if retry is None else retry
