"""Call Finesse's REST interface: two nodes, time-outs on every call, and failures as our errors."""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Sequence
from hashlib import blake2b
from secrets import token_bytes
from ssl import SSLContext
from typing import NamedTuple

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from cachetools import TTLCache
from yarl import URL

from helpdesk import tls
from helpdesk.errors import sentence
from helpdesk.telephony.finesse.failures import failure
from helpdesk.telephony.phone import BadPhoneResponse, Credentials, PhoneRefused, PhoneUnavailable

log = logging.getLogger(__name__)

API = "/finesse/api"
TOTAL_SECONDS = 4.0
"""For all nodes together."""
CONNECT_SECONDS = 1.5
READ_SECONDS = 2.2
"""For one node, where there is another one to ask."""
MOST_CONNECTIONS, IDLE_SECONDS = 20, 60.0
LARGEST_ANSWER = 2**20
REFUSED_SECONDS = 300
"""So long a refused password is not sent again: Finesse locks an agent as long after five."""
HEADERS = {"Accept": "application/xml", "Accept-Encoding": "identity", "User-Agent": "helpdesk"}
UNKNOWN = sentence("The phone system has not answered. Please look whether it was done.")


class Answer(NamedTuple):
    status: int
    body: bytes


class Once:
    """Send a request once: aiohttp repeats a PUT when its connection breaks, and a call would be passed on twice."""

    def __init__(self) -> None:
        self._was_sent = False

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if self._was_sent:
            raise ClientConnectionError("not sent again")
        self._was_sent = True
        return await handler(request)


class NotReached(Exception):
    """A node did not take the request, so that the other one may be asked."""


class Client:
    """Calls as an agent, who gives the password each time. Raises PhoneUnavailable, BadPhoneResponse, PhoneRefused and
    PhoneDeclined.

    Reads go over connections that stay open. Each write has a connection of its own: one that stayed open may have been
    closed by the other side, and then nobody would know whether the write has arrived.
    """

    def __init__(self, nodes: Sequence[str], context: SSLContext) -> None:
        self.nodes, self.context = tuple(nodes), context
        self._present = 0
        self._salt = token_bytes(16)
        self._refused: TTLCache[bytes, bool] = TTLCache(10_000, REFUSED_SECONDS)
        self._sessions: dict[bool, ClientSession] = {}
        self._is_closed = False

    async def get(self, who: Credentials, path: str, *, remembers: bool = True) -> bytes:
        """Return the body at a path. A refusal that may have another cause than the password is not remembered."""
        return await self._send("GET", path, who, None, remembers)

    async def write(self, method: str, who: Credentials, path: str, document: bytes) -> bytes:
        """Send a document, once, and return the body of the answer, which is usually empty."""
        return await self._send(method, path, who, document)

    async def probe(self, node: str, path: str) -> Answer:
        """Return the answer of one node, asked without an agent. Raises NotReached, BadPhoneResponse."""
        return await self._ask(node, "GET", path, {}, None, TOTAL_SECONDS)

    async def close(self) -> None:
        """Release the connections, for good: what still runs beside it opens none."""
        self._is_closed = True
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _send(
        self, method: str, path: str, who: Credentials, document: bytes | None, remembers: bool = True
    ) -> bytes:
        key = self._key(who)
        if key in self._refused:
            raise PhoneRefused(detail="refused before, not asked again")
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                answer = await self._ask_nodes(method, path, _headers(who, document), document)
        except TimeoutError as error:
            raise _unanswered(method, f"{method} {path}: no answer in {TOTAL_SECONDS:g} s") from error
        if answer.status in (200, 202, 204):
            return answer.body
        failed = failure(answer.status, answer.body, f"{method} {path}")
        if isinstance(failed, PhoneRefused) and remembers:
            self._refused[key] = True
        raise failed

    async def _ask_nodes(self, method: str, path: str, headers: dict[str, str], document: bytes | None) -> Answer:
        """Ask the node that answered last, and the other one when it is out of service."""
        answer, why, first = None, "", self._present
        for turn in range(len(self.nodes)):
            number = (first + turn) % len(self.nodes)
            is_last = turn == len(self.nodes) - 1
            seconds = TOTAL_SECONDS if is_last or document is not None else READ_SECONDS
            try:
                answer = await self._ask(self.nodes[number], method, path, headers, document, seconds)
            except NotReached as error:
                why = str(error)
                continue
            if answer.status != 503:
                self._settle_on(number, why)
                return answer
        if answer:
            return answer
        raise PhoneUnavailable(detail=f"{method} {path}: {why}")

    def _settle_on(self, number: int, why: str) -> None:
        if number != self._present:
            log.warning("another node of the phone system is asked", extra={"node": self.nodes[number], "error": why})
            self._present = number

    async def _ask(
        self, node: str, method: str, path: str, headers: dict[str, str], document: bytes | None, seconds: float
    ) -> Answer:
        """Ask one node. Raises NotReached where another one may be asked."""
        is_write = document is not None
        timeout = ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        try:
            async with self._session(is_write).request(
                method,
                URL(f"{node}{API}{path}", encoded=True),
                headers=headers,
                data=document,
                timeout=timeout,
                allow_redirects=False,
                middlewares=(Once(),) if is_write else (),
            ) as response:
                return Answer(response.status, await _content(response))
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise NotReached(f"{node}: {_why(error)}") from _cause(error)
        except (ClientConnectionError, ClientPayloadError, TimeoutError) as error:
            if is_write:
                raise _unanswered(method, f"{method} {path}: {_why(error)}") from error
            raise NotReached(f"{node}: {_why(error)}") from error
        except (ClientError, ValueError) as error:
            raise BadPhoneResponse(detail=f"{method} {path}: {type(error).__name__}") from error

    def _session(self, is_write: bool) -> ClientSession:
        """Return the connections for reads, or for writes; they need a running event loop."""
        if self._is_closed:
            raise PhoneUnavailable(detail="closed")
        if is_write not in self._sessions:
            idle = None if is_write else IDLE_SECONDS
            self._sessions[is_write] = ClientSession(
                connector=TCPConnector(
                    ssl=self.context, limit=MOST_CONNECTIONS, force_close=is_write, keepalive_timeout=idle
                ),
                trust_env=False,
                auto_decompress=False,
                cookie_jar=DummyCookieJar(),
                headers=HEADERS,
            )
        return self._sessions[is_write]

    def _key(self, who: Credentials) -> bytes:
        secret = f"{who.agent_id}\0{who.password}".encode("utf-8", "surrogatepass")
        return blake2b(secret, digest_size=16, key=self._salt).digest()


def _headers(who: Credentials, document: bytes | None) -> dict[str, str]:
    secret = b64encode(f"{who.agent_id}:{who.password}".encode("utf-8", "surrogatepass")).decode()
    written = {"Content-Type": "application/xml"} if document is not None else {}
    return {"Authorization": f"Basic {secret}", **written}


async def _content(response: ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise BadPhoneResponse(detail=f"{response.url.path}: more than {LARGEST_ANSWER} bytes")
    return bytes(content)


def _unanswered(method: str, detail: str) -> PhoneUnavailable:
    return PhoneUnavailable(message=None if method == "GET" else UNKNOWN, detail=detail)


def _cause(error: BaseException) -> BaseException:
    """Return the error of the certificate or of the socket that aiohttp has wrapped."""
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
    return cause if isinstance(cause, BaseException) else error


def _why(error: BaseException) -> str:
    """Return why there is no answer, in a few words."""
    refused = tls.refusal(_cause(error), "FINESSE_BASE_URL", "FINESSE_CA_BUNDLE")
    return str(refused) if refused else type(error).__name__
