"""Call Finesse's REST interface: two nodes, time-outs on every call, and failures as our errors."""

import asyncio
import logging
import re
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
from helpdesk.telephony.finesse.turns import Turns
from helpdesk.telephony.phone import (
    BadPhoneResponse,
    Credentials,
    PhoneRefused,
    PhoneUnanswered,
    PhoneUnavailable,
)

log = logging.getLogger(__name__)

API = "/finesse/api"
TOTAL_SECONDS = 4.0
"""For all nodes together, once a connection is free."""
CONNECT_SECONDS = 1.5
NEWS, MORE, WRITES = "news", "more", "writes"
MOST_CONNECTIONS = {NEWS: 40, MORE: 10, WRITES: 10}
"""What the poller asks waits neither for lists of teams nor for writes. It asks 20 things at once."""
IDLE_SECONDS = 60.0
LARGEST_ANSWER = 2**20
REFUSED_SECONDS = 300
"""So long a refused password is not sent again: Finesse locks an agent as long after five."""
PROVEN_SECONDS = 15
"""So long after a success an agent's write does not wait for what the agent reads."""
HEADERS = {"Accept": "application/xml", "Accept-Encoding": "identity", "User-Agent": "helpdesk"}
AGENT_IN_PATH = re.compile(r"/User/[^/?]+")
UNKNOWN = sentence("The phone system has not answered. Please look whether it was done.")


class Answer(NamedTuple):
    status: int
    body: bytes


class Once:
    """Send a request once: aiohttp repeats it when its connection breaks, so that a call would be passed on twice, or a
    wrong password count twice."""

    def __init__(self) -> None:
        self._was_sent = False

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if self._was_sent:
            raise ClientConnectionError("not sent again")
        self._was_sent = True
        return await handler(request)


class NotReached(Exception):
    """A node has surely not got the request, so that the other one may be asked."""


class Client:
    """Calls as an agent, who gives the password each time. Raises PhoneUnavailable, BadPhoneResponse, PhoneRefused and
    PhoneDeclined.

    Reads go over connections that stay open. Each write has a connection of its own: one that stayed open may have been
    closed by the other side, and then nobody would know whether the write has arrived. An agent reads one thing at a
    time, and writes one.
    """

    def __init__(self, nodes: Sequence[str], context: SSLContext) -> None:
        self.nodes, self.context = tuple(nodes), context
        self._present = 0
        self._salt = token_bytes(16)
        self._refused: TTLCache[bytes, bool] = TTLCache(10_000, REFUSED_SECONDS)
        self._proven: TTLCache[bytes, bool] = TTLCache(10_000, PROVEN_SECONDS)
        self._turns = Turns()
        self._places = {kind: asyncio.Semaphore(most) for kind, most in MOST_CONNECTIONS.items()}
        self._sessions: dict[str, ClientSession] = {}
        self._is_closed = False

    async def get(self, who: Credentials, path: str, kind: str = MORE, *, remembers: bool = True) -> bytes:
        """Return the body at a path. A refusal that may have another cause than the password is not remembered."""

        async def ask() -> bytes:
            return await self._send("GET", path, who, None, kind, remembers)

        return await self._turns.shared((self.key(who), path, remembers), (who.agent_id.lower(), "reads"), ask)

    async def write(self, method: str, who: Credentials, path: str, document: bytes) -> bytes:
        """Send a document, once, and return the body of the answer, which is usually empty."""

        async def ask() -> bytes:
            return await self._send(method, path, who, document, WRITES)

        lane = WRITES if self.is_proven(who) else "reads"  # of an unproven password only one is on its way
        return await self._turns.alone((who.agent_id.lower(), lane), ask)

    def is_proven(self, who: Credentials) -> bool:
        """Tell whether the password was taken a moment ago, and not refused since."""
        return self.key(who) in self._proven

    async def probe(self, node: str, path: str) -> Answer:
        """Return the answer of one node, asked without an agent. Raises NotReached, PhoneUnanswered,
        BadPhoneResponse."""
        return await self._ask(node, "GET", path, {}, None, MORE, TOTAL_SECONDS)

    async def close(self) -> None:
        """Release the connections, for good: what still runs beside it opens none."""
        self._is_closed = True
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _send(
        self, method: str, path: str, who: Credentials, document: bytes | None, kind: str, remembers: bool = True
    ) -> bytes:
        key = self.key(who)
        if key in self._refused:
            raise PhoneRefused(detail="refused before, not asked again")
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await self._places[kind].acquire()
        except TimeoutError as error:
            raise PhoneUnavailable(detail=f"no connection was free in {TOTAL_SECONDS:g} s") from error
        try:
            answer = await self._ask_nodes(method, path, _headers(who, document), document, kind)
        except PhoneUnanswered:
            self._proven.pop(key, None)
            raise
        finally:
            self._places[kind].release()
        if answer.status in (200, 202, 204):
            self._proven[key] = True
            return answer.body
        self._proven.pop(key, None)
        failed = failure(answer.status, answer.body, f"{method} {nameless(path)}")
        if isinstance(failed, PhoneRefused) and remembers:
            self._refused[key] = True
        raise failed

    async def _ask_nodes(
        self, method: str, path: str, headers: dict[str, str], document: bytes | None, kind: str
    ) -> Answer:
        """Ask the node that answered last, and the other one only when this one has surely not checked the password:
        there was no connection, or it is out of service. One that does not answer is not the first to be asked next."""
        answer, why, first = None, "", self._present
        ends = asyncio.get_running_loop().time() + TOTAL_SECONDS
        for turn in range(len(self.nodes)):
            number = (first + turn) % len(self.nodes)
            seconds = max(0.1, ends - asyncio.get_running_loop().time())
            try:
                answer = await self._ask(self.nodes[number], method, path, headers, document, kind, seconds)
            except NotReached as error:
                why = str(error)
                continue
            except PhoneUnanswered as error:
                if self._present == number:
                    self._settle_on((number + 1) % len(self.nodes), error.detail)
                raise
            if answer.status != 503:
                self._settle_on(number, why)
                return answer
        if answer:
            return answer
        raise PhoneUnavailable(detail=f"{method} {nameless(path)}: {why}")

    def _settle_on(self, number: int, why: str) -> None:
        if number != self._present:
            log.warning("another node of the phone system is asked", extra={"node": self.nodes[number], "error": why})
            self._present = number

    async def _ask(
        self,
        node: str,
        method: str,
        path: str,
        headers: dict[str, str],
        document: bytes | None,
        kind: str,
        seconds: float,
    ) -> Answer:
        """Ask one node, once. Raises NotReached where it has surely not got the request, else PhoneUnanswered."""
        timeout = ClientTimeout(total=seconds, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS)
        where = f"{method} {nameless(path)}"
        try:
            async with self._session(kind).request(
                method,
                URL(f"{node}{API}{path}", encoded=True),
                headers=headers,
                data=document,
                timeout=timeout,
                allow_redirects=False,
                middlewares=(Once(),),
            ) as response:
                return Answer(response.status, await _content(response))
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise NotReached(f"{node}: {_why(error)}") from _cause(error)
        except (ClientConnectionError, ClientPayloadError, TimeoutError) as error:
            message = None if method == "GET" else UNKNOWN
            raise PhoneUnanswered(message=message, detail=f"{where}: {node}: {_why(error)}") from error
        except (ClientError, ValueError) as error:
            raise BadPhoneResponse(detail=f"{where}: {type(error).__name__}") from error

    def _session(self, kind: str) -> ClientSession:
        """Return the connections of a kind; they need a running event loop."""
        if self._is_closed:
            raise PhoneUnavailable(detail="closed")
        if kind not in self._sessions:
            is_write = kind == WRITES
            self._sessions[kind] = ClientSession(
                connector=TCPConnector(
                    ssl=self.context,
                    limit=MOST_CONNECTIONS[kind],
                    force_close=is_write,
                    keepalive_timeout=None if is_write else IDLE_SECONDS,
                ),
                trust_env=False,
                auto_decompress=False,
                cookie_jar=DummyCookieJar(),
                headers=HEADERS,
            )
        return self._sessions[kind]

    def key(self, who: Credentials) -> bytes:
        """Return what names an agent with this password, and opens nothing."""
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
            raise BadPhoneResponse(detail=f"{nameless(response.url.raw_path)}: more than {LARGEST_ANSWER} bytes")
    return bytes(content)


def nameless(path: str) -> str:
    """Return a path for the log: without the agent's id, since people type passwords into the wrong field."""
    return AGENT_IN_PATH.sub("/User/…", path)


def _cause(error: BaseException) -> BaseException:
    """Return the error of the certificate or of the socket that aiohttp has wrapped."""
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
    return cause if isinstance(cause, BaseException) else error


def _why(error: BaseException) -> str:
    """Return why there is no answer, in a few words."""
    refused = tls.refusal(_cause(error), "FINESSE_BASE_URL", "FINESSE_CA_BUNDLE")
    return str(refused) if refused else type(error).__name__
