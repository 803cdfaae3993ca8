"""The error of a request, with the codes of both protocols."""

import enum

from keras_vae.serving.server.logs import printable_line


class Code(enum.IntEnum):
    """The canonical codes of gRPC, with the HTTP status of TensorFlow Serving for each code.

    Reference: https://grpc.io/docs/guides/status-codes
    """

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16

    @property
    def http(self) -> int:
        """The HTTP status."""
        return HTTP.get(self, 500)


HTTP = {
    Code.CANCELLED: 499,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 503,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}


class RequestError(Exception):
    """A request that failed.

    Args:
        code: canonical code of the error.
        message: message for the client, which is truncated to one line of 500 characters.
        http: HTTP status. None uses the status of the code.
    """

    def __init__(self, code: Code, message: str, *, http: int | None = None):
        message = printable_line(message)
        super().__init__(message)
        self.code = code
        self.message = message
        self.http = code.http if http is None else http


def deadline_exceeded() -> RequestError:
    """Returns the error of a request that exceeded its deadline."""
    return RequestError(Code.DEADLINE_EXCEEDED, "the deadline passed before the answer was complete.")


def invalid(message: str) -> RequestError:
    """Returns the error of an invalid request."""
    return RequestError(Code.INVALID_ARGUMENT, message)
