"""What can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class HaloError(Exception):
    """Whatever this client raises, but for wrong arguments, which are a ``TypeError`` or ``ValueError``."""


class ConnectionError(HaloError):  # noqa: A001 - in this package's namespace it is this one
    """No answer came: the server could not be reached, or the connection broke."""


class TimeoutError(ConnectionError):  # noqa: A001
    """No answer came in time."""


class ApiError(HaloError):
    """The server answered with an error."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str,
        details: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        timestamp: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        #: What the server says.
        self.message = message
        #: The HTTP status.
        self.status = status
        #: Such as ``VALIDATION_ERROR``.
        self.code = code
        #: Such as the field and the value.
        self.details: Mapping[str, Any] = details or {}
        #: Names the request in the server's log.
        self.request_id = request_id
        self.timestamp = timestamp
        #: In how many seconds to come back, where the server says so.
        self.retry_after = retry_after

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self.message, dict(vars(self)))


class ValidationError(ApiError):
    """What was sent is wrong: ``details`` names the field and the value."""


class AuthenticationError(ApiError):
    """The API key is missing, unknown, expired or revoked."""


class AuthorizationError(ApiError):
    """The API key may not do that."""


class NotFoundError(ApiError):
    """No record has this id."""


class RateLimitError(ApiError):
    """Too many requests; ``retry_after`` tells in how many seconds there is room again."""


class ExternalApiError(ApiError):
    """A service behind the server failed."""


class InternalError(ApiError):
    """The server failed."""


_BY_CODE = {
    "VALIDATION_ERROR": ValidationError,
    "AUTHENTICATION_ERROR": AuthenticationError,
    "AUTHORIZATION_ERROR": AuthorizationError,
    "RESOURCE_NOT_FOUND": NotFoundError,
    "RATE_LIMIT_EXCEEDED": RateLimitError,
    "EXTERNAL_API_ERROR": ExternalApiError,
    "INTERNAL_ERROR": InternalError,
}

# What stands between this client and the server answers in words of its own: the status tells as much.
_BY_STATUS = {
    400: "VALIDATION_ERROR",
    401: "AUTHENTICATION_ERROR",
    403: "AUTHORIZATION_ERROR",
    404: "RESOURCE_NOT_FOUND",
    429: "RATE_LIMIT_EXCEEDED",
    502: "EXTERNAL_API_ERROR",
}


def error_of(status: int, body: Any, retry_after: float | None) -> ApiError:
    """The error that an answer tells."""
    told = body.get("error") if isinstance(body, dict) else None
    told = told if isinstance(told, dict) else {}
    code, message, details = told.get("code"), told.get("message"), told.get("details")
    code = code if isinstance(code, str) else _BY_STATUS.get(status, "INTERNAL_ERROR")
    return _BY_CODE.get(code, ApiError)(
        message if isinstance(message, str) else f"The server answered with status {status}",
        status=status,
        code=code,
        details=details if isinstance(details, dict) else None,
        request_id=told.get("request_id"),
        timestamp=told.get("timestamp"),
        retry_after=retry_after,
    )


def _rebuild(kind: type[ApiError], message: str, state: Mapping[str, Any]) -> ApiError:
    error = kind.__new__(kind, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error
