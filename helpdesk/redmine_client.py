"""Call Redmine's REST API: connection pools, time-outs on every call, and its failures as our errors.

The adapters of the backend and of the directory share it; they know the meaning of the answers.
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import httpx

from helpdesk import json_parser, tls
from helpdesk.errors import (
    BadResponse,
    Conflict,
    HelpdeskError,
    Invalid,
    LockedOut,
    NotAllowed,
    NotFound,
    Sentence,
    TooLarge,
    Unavailable,
    WrongKey,
)
from helpdesk.threads import Threads
from helpdesk.timings import measured

CONNECT_SECONDS = 3.0
CALL_SECONDS = 6.0
TOTAL_SECONDS = 9.0
RETRY_PAUSE_SECONDS = 0.2
CONNECTIONS = 20
LARGEST_ANSWER = 32 * 2**20
IN_A_THREAD = 2**19
"""Bytes from which on an answer is parsed beside the event loop; less takes some 5 ms."""
LARGEST_ID = 2**31 - 1
JSON = dict[str, Any]
Params = Iterable[tuple[str, str | int]]
Headers = dict[bytes, bytes]
THREADS = Threads(2)


class NotSent(Unavailable):
    """Nothing was sent to Redmine: there was no connection."""


class Unanswered(Unavailable):
    """The call was sent and no answer came: Redmine may have done it, or still do it."""


class Answer(NamedTuple):
    status: int
    content: bytes


class RedmineClient:
    """Calls with our own (administrator's) key; `as_login` makes Redmine act as that person, by X-Redmine-Switch-User.
    Raises Unavailable (no answer in time, 5xx), BadResponse (not JSON, an unknown status), WrongKey (our key is
    refused), NotFound (404, and 403 for objects that a person may not see), NotAllowed, Invalid, Conflict.
    Without a key Redmine takes us for its anonymous user. `deadline` bounds the seconds of all calls of one operation
    together (see `within`), `ca_bundle` holds the company's own certificate authorities, and `auth` may replace our key
    by the person's. Files go over `transfers`, so that slow ones keep no page waiting for a connection.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        transport: httpx.AsyncBaseTransport | None = None,
        deadline: float = TOTAL_SECONDS,
        ca_bundle: Path | None = None,
        auth: httpx.Auth | None = None,
    ) -> None:
        self.http, self.transfers = (_pool(url, ca_bundle, transport=transport, auth=auth) for _ in range(2))
        self.key: Headers = {b"X-Redmine-API-Key": _header(api_key)} if api_key else {}
        self.deadline = deadline

    async def get(self, path: str, as_login: str | None = None, params: Params = ()) -> JSON:
        """Return the JSON object at `path`."""
        answer = await self._read(path, self.headers(as_login), params)
        if len(answer.content) < IN_A_THREAD:
            return json_object(path, answer)
        return await THREADS.run(json_object, path, answer)

    async def get_fixed(self, path: str, as_login: str | None = None, params: Params = ()) -> JSON:
        """Get an object that every Redmine shows to all its users: 403 and 404 raise BadResponse."""
        try:
            return await self.get(path, as_login, params)
        except LockedOut:
            raise
        except (NotFound, NotAllowed) as error:
            raise BadResponse(detail=error.detail) from error

    async def put(self, path: str, body: JSON, as_login: str) -> None:
        """Write, once. The result must be read back: Redmine answers 204 to fields that it ignores.

        Raises NotSent, Unanswered, and BadResponse for an answer that can't be Redmine's.
        """
        _require_empty(path, await self.send("PUT", path, headers=self.headers(as_login), json=body))

    async def post(self, path: str, body: JSON, as_login: str | None) -> JSON:
        """Create, once, and return Redmine's answer, or an empty object without one. Raises as `put`."""
        answer = await self.send("POST", path, headers=self.headers(as_login), json=body)
        return json_object(path, answer) if answer.content.strip() else {}

    async def delete(self, path: str, as_login: str | None) -> None:
        """Delete, once. Raises as `put`."""
        _require_empty(path, await self.send("DELETE", path, headers=self.headers(as_login)))

    async def who_is(self, login: str, password: str) -> JSON | None:
        """Return the user with this login and password, by Basic; None when Redmine refuses them."""
        path, basic = "/users/current.json", b64encode(_bytes(f"{login}:{password}"))
        headers = {b"Authorization": b"Basic " + basic}
        try:
            user = part(json_object(path, await self._read(path, headers)), "user")
        except (WrongKey, NotAllowed):
            return None
        except NotFound as error:
            raise BadResponse(detail=error.detail) from error
        return user if user.get("mail") else {**user, "mail": await self._own_mail(headers)}

    async def _own_mail(self, headers: Headers) -> object:
        """Return the e-mail of a user who hides it from others; None from a Redmine before 4.1.

        Source: app/views/my/account.api.rsb, which shows it whatever the preference `hide_mail` is.
        """
        path = "/my/account.json"
        try:
            return part(json_object(path, await self._read(path, headers)), "user").get("mail")
        except (BadResponse, NotAllowed, NotFound):
            return None

    async def close(self) -> None:
        await self.http.aclose()
        await self.transfers.aclose()

    def headers(self, as_login: str | None) -> Headers:
        """Return our key, and the login to act as; without one Redmine acts as the key's owner, an administrator."""
        return self.key if as_login is None else {**self.key, b"X-Redmine-Switch-User": _header(as_login)}

    async def _read(self, path: str, headers: Headers, params: Params = ()) -> Answer:
        """GET, and try a second time after a broken line or a server error: reading twice does no harm."""
        listed = list(params)
        try:
            return await self.send("GET", path, headers=headers, params=listed)
        except BadResponse:
            raise
        except Unavailable:
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
            return await self.send("GET", path, headers=headers, params=listed)

    async def send(self, method: str, path: str, pool: httpx.AsyncClient | None = None, **arguments: Any) -> Answer:
        """Send one request and return its whole answer. Raises for a status other than 2xx."""
        try:
            with measured("backend"):
                async with (pool or self.http).stream(method, path, **arguments) as response:
                    answer = Answer(response.status_code, await _content(response))
        except httpx.HTTPError as error:
            give_up(error, f"{method} {path}: {type(error).__name__}")
        if 200 <= answer.status < 300:
            return answer
        raise failure(method, answer, f"{method} {path}: {answer.status}")


def _pool(url: str, ca_bundle: Path | None, **more: Any) -> httpx.AsyncClient:
    encrypted = url.startswith("https:")
    return httpx.AsyncClient(
        base_url=url,
        verify=tls.context(ca_bundle, public=encrypted),  # reading unneeded authorities takes longer than a call
        timeout=httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        headers={"Accept": "application/json"},
        cookies=no_cookies(),
        follow_redirects=False,
        trust_env=False,
        **more,
    )


def no_cookies() -> CookieJar:
    """Return a jar that takes no cookie: a client serves all people, and must not mix up their sessions."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """Bound the calls in the block to `seconds` together. Raises Unavailable."""
    try:
        async with asyncio.timeout(seconds) as deadline:
            yield deadline
    except TimeoutError as error:
        raise Unavailable(detail=f"Redmine took longer than {seconds} s") from error


def part(answer: JSON, name: str) -> JSON:
    """Return the object under `name` in an answer. Raises BadResponse when there is none."""
    value = answer.get(name)
    if not isinstance(value, dict):
        raise BadResponse(detail=f"no {name}")
    return value


def user_id(user: JSON) -> int:
    """Return the id of a user. Raises BadResponse for anything but a valid one."""
    value = user.get("id")
    if type(value) is not int or not 0 < value <= LARGEST_ID:
        raise BadResponse(detail="a user without a numeric id")
    return value


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _header(text: str) -> bytes:
    """Return a value that can be sent, if only to be refused: httpx quotes others in errors and logs."""
    return re.sub(rb"[\x00-\x1f\x7f]", b"?", _bytes(text.strip()))


async def _content(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise BadResponse(detail=f"{response.request.url.path}: more than {LARGEST_ANSWER} bytes")
    return bytes(content)


def give_up(error: httpx.HTTPError, detail: str) -> NoReturn:
    """Raise our error for a failure of the line or of HTTP."""
    if refusal := tls_refusal(error):
        detail = f"{detail}: {refusal}"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        raise NotSent(detail=detail) from error
    if isinstance(error, httpx.DecodingError):
        raise BadResponse(detail=detail) from error
    raise Unanswered(detail=detail) from error


def tls_refusal(error: BaseException) -> tls.Refusal | None:
    return tls.refusal(error, "REDMINE_URL", "REDMINE_CA_BUNDLE")


def failure(method: str, answer: Answer, detail: str) -> HelpdeskError:
    """Return our error for a status other than 2xx. Source: Redmine's ApplicationController (401, 412, 422)."""
    match answer.status:
        case 401:
            return WrongKey(detail=detail)
        case 403:
            return NotAllowed(detail=detail)
        case 412:
            return LockedOut(detail=detail)
        case 404:
            return NotFound(detail=detail)
        case 409 if method == "PUT":
            return Conflict()
        case 413:
            return TooLarge(detail=detail)
        case 422 if method != "GET":
            return _refusal(method, answer)
        case 502 | 504:  # a proxy that lost Redmine in the middle, or would not wait longer
            return Unanswered(detail=detail)
        case status if status >= 500:
            return Unavailable(detail=detail)
        case _:
            return BadResponse(detail=detail)


def _require_empty(path: str, answer: Answer) -> None:
    if answer.content.strip():
        raise BadResponse(detail=f"{path}: {answer.status} with a body")


def _refusal(method: str, answer: Answer) -> HelpdeskError:
    """Return the error of a 422: Redmine's sentences, in the person's language.

    None at all for a PUT mean a stale lock_version.
    """
    errors = json_object("422", answer).get("errors")
    if not isinstance(errors, list) or not (errors or method == "PUT"):
        return BadResponse(detail="422 without a list of errors")
    messages = [Sentence(str(error)) for error in errors if error]
    return Invalid({"base": messages}) if messages else Conflict()


def json_object(path: str, answer: Answer) -> JSON:
    """Return the JSON object of an answer. Raises BadResponse for anything else, also for lone surrogates."""
    try:
        value = json_parser.parsed(answer.content)
    except (ValueError, RecursionError) as error:
        raise BadResponse(detail=f"{path}: not JSON") from error
    if not isinstance(value, dict):
        raise BadResponse(detail=f"{path}: not an object")
    return value
