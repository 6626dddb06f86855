"""What is sent, and when it is sent again: without any input or output, so that both clients follow one set of rules."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Union
from urllib.parse import urlsplit

import httpx

from ._errors import ApiError, ConnectionError, HaloError, TimeoutError, error_of

#: What another attempt may get past. 409 only where the server says when: the first attempt is still under way there.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
#: Seconds before the second attempt; doubles with each, and is shortened by chance so that clients do not come back together.
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0

#: How an exchange goes on: it asks for a request to be sent or for a pause, and is sent what came of it.
Step = Union[httpx.Request, float]
Came = Union[httpx.Response, httpx.HTTPError, None]
Exchange = Generator[Step, Came, Any]


@dataclass(frozen=True)
class Rules:
    """How the server is reached."""

    api_key: str
    base_url: str
    timeout: float
    max_retries: int
    max_retry_wait: float

    def __post_init__(self) -> None:
        if not isinstance(self.api_key, str) or not self.api_key.strip():
            raise ValueError("api_key must be a string that is not empty")
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("base_url must be an absolute URL without a query, such as https://crm.example.com/api/v1")
        if self.timeout <= 0 or self.max_retries < 0 or self.max_retry_wait < 0:
            raise ValueError("timeout must be more than 0, max_retries and max_retry_wait 0 or more")

    def __repr__(self) -> str:  # the key does not show
        return f"Rules(base_url={self.base_url!r})"

    def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Exchange:
        """Sends a request until it is answered, at most ``max_retries`` times more; returns the answer's JSON.

        A request that changes something carries an idempotency key, by which the server knows it again.
        """
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self.api_key.strip()}",
            "User-Agent": "halopsa-integration-sdk-python/1.0.0",
        }
        if method == "POST":
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, default=_json, allow_nan=False).encode()
        request = httpx.Request(
            method,
            self.base_url.rstrip("/") + path,
            params={name: _text(value) for name, value in (query or {}).items() if value is not None},
            headers=headers,
            content=content,
            extensions={"timeout": httpx.Timeout(self.timeout).as_dict()},
        )
        attempt = 0
        while True:
            came = yield request
            if isinstance(came, httpx.Response) and came.is_success:
                return _read(came)
            error = _failure(came, request, self.timeout)
            wait = _wait_before(error, attempt)
            if wait is None or attempt >= self.max_retries or wait > self.max_retry_wait:
                raise error
            yield wait
            attempt += 1


def _failure(came: Came, request: httpx.Request, timeout: float) -> HaloError:
    host = request.url.netloc.decode()
    if isinstance(came, httpx.Response):
        try:
            body = came.json()
        except ValueError:
            body = None
        return error_of(came.status_code, body, _retry_after(came.headers))
    if isinstance(came, httpx.TimeoutException):
        error: HaloError = TimeoutError(f"No answer from {host} within {timeout:g} s")
    else:
        error = ConnectionError(f"{host} could not be reached: {came}")
    error.__cause__ = came
    return error


def _read(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as cause:
        raise HaloError(
            f"The answer is not JSON: is this the API's base URL? (status {response.status_code})"
        ) from cause


def _retry_after(headers: httpx.Headers) -> float | None:
    """In how many seconds to come back: by ``Retry-After``, or by the Unix time at which the server's limit is reset."""
    given = headers.get("retry-after", "").strip()
    if given.isdecimal():
        return float(given)
    if given:
        try:
            when = parsedate_to_datetime(given)
        except ValueError:
            return None
        when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, int(reset) - time.time())
    return None


def _wait_before(error: HaloError, attempt: int) -> float | None:
    """Seconds to wait before another attempt; ``None`` where none helps."""
    pause: float = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1.0)
    if isinstance(error, ConnectionError):
        return pause
    if isinstance(error, ApiError) and (
        error.status in _PASSING or (error.status == 409 and error.retry_after is not None)
    ):
        return pause if error.retry_after is None else max(error.retry_after, pause)
    return None


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _json(value: Any) -> Any:
    """Dates as the API writes them."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    """The members that somebody gave."""
    return {name: value for name, value in members.items() if value is not None}
