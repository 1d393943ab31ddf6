"""Redmine's REST API as we speak it: one pool, time-outs on every call, its failures in our words.

Shared by the adapters of the tracker and of the directory, who know what the answers mean.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from helpdesk.errors import (
    Conflict,
    HelpdeskError,
    Invalid,
    LockedOut,
    Nonsense,
    NotAllowed,
    NotFound,
    Sentence,
    Unavailable,
    WrongKey,
)

CONNECT_SECONDS = 3.0
CALL_SECONDS = 6.0
TOTAL_SECONDS = 9.0
RETRY_PAUSE_SECONDS = 0.2
CONNECTIONS = 20
JSON = dict[str, Any]
Params = Iterable[tuple[str, str | int]]


class RedmineClient:
    """Calls with our own (administrator's) key; `as_login` makes Redmine act as that person, by X-Redmine-Switch-User.

    Raises Unavailable (no answer in time, 5xx), Nonsense (not JSON, an unknown status), WrongKey (our key is refused),
    NotFound (404, and 403 where Redmine says that of what a person may not see), NotAllowed, Invalid, Conflict.
    """

    def __init__(self, url: str, api_key: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.http = httpx.AsyncClient(
            base_url=url,
            transport=transport,
            timeout=httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            headers={"Accept": "application/json"},
            trust_env=False,
        )
        self.key = {"X-Redmine-API-Key": api_key}

    async def get(self, path: str, as_login: str | None = None, params: Params = ()) -> JSON:
        """The JSON object at `path`; tried a second time when the line broke, for reading twice does no harm."""
        arguments = {"headers": self._headers(as_login), "params": list(params)}
        try:
            answer = await self._send("GET", path, **arguments)
        except Unavailable:
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
            answer = await self._send("GET", path, **arguments)
        return _object(answer)

    async def put(self, path: str, body: JSON, as_login: str) -> None:
        """Write, once. What became of it must be read back: Redmine answers 204 to what it ignores."""
        await self._send("PUT", path, headers=self._headers(as_login), json=body)

    async def who_is(self, login: str, password: str) -> JSON | None:
        """The user whose login and password these are, by Basic; None when Redmine refuses them."""
        basic = b64encode(f"{login}:{password}".encode("utf-8", "surrogatepass")).decode()
        try:
            answer = await self._send("GET", "/users/current.json", headers={"Authorization": f"Basic {basic}"})
        except (WrongKey, NotAllowed):
            return None
        user: JSON = _object(answer).get("user") or {}
        return user

    async def close(self) -> None:
        await self.http.aclose()

    def _headers(self, as_login: str | None) -> dict[str, str]:
        return self.key if as_login is None else {**self.key, "X-Redmine-Switch-User": as_login}

    async def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = await self.http.request(method, path, **arguments)
        except httpx.DecodingError as error:
            raise Nonsense(detail=f"{method} {path}: {type(error).__name__}") from error
        except httpx.TransportError as error:
            raise Unavailable(detail=f"{method} {path}: {type(error).__name__}") from error
        if answer.is_success:
            return answer
        raise _failure(answer, f"{method} {path}: {answer.status_code}")


@asynccontextmanager
async def within(seconds: float = TOTAL_SECONDS) -> AsyncIterator[None]:
    """All that is asked of Redmine inside must be over in `seconds`, or Unavailable is raised."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Unavailable(detail=f"Redmine took longer than {seconds} s") from error


def _failure(answer: httpx.Response, detail: str) -> HelpdeskError:
    """What a status other than 2xx means. Source: Redmine's ApplicationController (facts: 401, 412, 422)."""
    match answer.status_code:
        case 401:
            return WrongKey(detail=detail)
        case 403:
            return NotAllowed(detail=detail)
        case 412:
            return LockedOut(detail=detail)
        case 404:
            return NotFound(detail=detail)
        case 409:
            return Conflict()
        case 422:
            return _refusal(answer)
        case status if status >= 500:
            return Unavailable(detail=detail)
        case _:
            return Nonsense(detail=detail)


def _refusal(answer: httpx.Response) -> HelpdeskError:
    """A 422: Redmine's own sentences, in the person's language; none at all means a stale lock_version."""
    errors = _object(answer).get("errors")
    if not isinstance(errors, list):
        return Nonsense(detail="422 without a list of errors")
    says = [Sentence(str(error)) for error in errors]
    return Invalid({"base": says}) if says else Conflict()


def _object(answer: httpx.Response) -> JSON:
    try:
        found = answer.json()
    except (ValueError, UnicodeDecodeError) as error:
        raise Nonsense(detail=f"{answer.request.url.path}: not JSON") from error
    if not isinstance(found, Mapping):
        raise Nonsense(detail=f"{answer.request.url.path}: not an object")
    return dict(found)
