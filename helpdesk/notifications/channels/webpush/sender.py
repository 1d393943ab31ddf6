"""Send pushes to browsers: encrypted for each, signed by our key, many at once."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from aiohttp import ClientError, ClientHttpProxyError, ClientProxyConnectionError, ClientResponse, ClientSession
from cachetools import TTLCache
from pywebpush import Vapid, WebPusher
from yarl import URL

from helpdesk.notifications.channels.port import Item, Outcome
from helpdesk.notifications.channels.push_message import payload, push_message
from helpdesk.notifications.channels.webpush import endpoints, keys, network, replies
from helpdesk.notifications.channels.webpush.endpoints import Origin
from helpdesk.settings.settings import Settings
from helpdesk.store.outbox import Row

log = logging.getLogger(__name__)

AT_ONCE, AT_ONCE_OF_ORIGIN = 20, 10
SECONDS = 10.0
"""A batch takes at most batch / AT_ONCE times as long, which is less than the worker waits for it."""
MOST_TIMEOUTS, TIMEOUT_LASTS = 2, 30.0
"""A service that did not answer so often of late is asked nothing more for a while: it would delay the others."""
HANGS = Outcome("later", "unreachable", "the service does not answer")
MOST_ORIGINS = 1_000
TOKEN_SECONDS, TOKEN_LASTS = 6 * 3_600, 12 * 3_600
"""For how long a token is used, and for how long services accept it, who allow a day at most."""
MOST_ANSWERED = 64 * 1024
"""Bytes of an answer that are read, so that the connection can be used again. Nobody needs what they say."""
CLOSING_ROUNDS = 3
"""Of the event loop, after which sockets are closed."""
WORKING_SECONDS = 3_600.0
"""When a service has accepted something of late, our keys are right, whatever another one says."""


class Request(NamedTuple):
    """A push as it is sent."""

    url: str
    headers: dict[str, str]
    body: bytes


class Batch(NamedTuple):
    """What the pushes of one call share: connections, the most at once, also of an origin, and the turn to encrypt."""

    session: ClientSession
    gate: asyncio.Semaphore
    gates: defaultdict[Origin, asyncio.Semaphore]
    encrypting: asyncio.Lock


class WebPushSender:
    """`batch` items are claimed together. They are encrypted one by one, with other tasks in between: each takes half
    a millisecond."""

    batch = 100

    def __init__(self, settings: Settings) -> None:
        self._settings, self._own_hosts = settings, settings.push_hosts or ()
        self._session: ClientSession | None = None
        self._language = settings.default_locale
        self._vapid = Vapid(keys.private_key(settings.vapid_private_key or ""))
        self._contact = keys.contact(settings.vapid_claim_email or "")
        self._tokens: TTLCache[Origin, str] = TTLCache(MOST_ORIGINS, TOKEN_SECONDS)
        self._timeouts: TTLCache[Origin, int] = TTLCache(MOST_ORIGINS, TIMEOUT_LASTS)
        self._accepted_at = -WORKING_SECONDS

    async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        """Send items, and yield what became of each. That our keys are refused is told at the end: it is a failure of
        the channel only when no service accepts them."""
        self._session = self._session or network.open_session(self._settings, SECONDS)
        gates = defaultdict[Origin, asyncio.Semaphore](lambda: asyncio.Semaphore(AT_ONCE_OF_ORIGIN))
        batch = Batch(self._session, asyncio.Semaphore(AT_ONCE), gates, asyncio.Lock())
        refused = list[tuple[Item, Outcome]]()
        sending = [asyncio.create_task(self._send(item, batch)) for item in items]
        try:
            for done in asyncio.as_completed(sending):
                item, outcome = await done
                if outcome.reason == "not_ours" and outcome.of_channel:
                    refused.append((item, outcome))
                else:
                    yield item, outcome
        finally:
            for task in sending:
                task.cancel()
        for item, outcome in refused:
            yield item, outcome._replace(of_channel=not self._works())

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            for _ in range(CLOSING_ROUNDS):
                await asyncio.sleep(0)
        self._session = None

    def _works(self) -> bool:
        return time.monotonic() - self._accepted_at < WORKING_SECONDS

    async def _send(self, item: Item, batch: Batch) -> tuple[Item, Outcome]:
        address = item.row.address or ""
        if message := endpoints.trouble(address, self._own_hosts):
            return item, Outcome("failed", "refused", message.text)
        origin = endpoints.origin_of(endpoints.current(address))
        async with batch.gates[origin], batch.gate:
            return item, await self._outcome(item, origin, batch)

    async def _outcome(self, item: Item, origin: Origin, batch: Batch) -> Outcome:
        if self._timeouts.get(origin, 0) >= MOST_TIMEOUTS:
            return HANGS
        try:
            async with batch.encrypting:
                request = self._request(item)
            outcome = await _post(batch.session, request)
        except TimeoutError:
            self._timeouts[origin] = self._timeouts.get(origin, 0) + 1
            return Outcome("later", "unreachable", f"no answer within {SECONDS:.0f} s")
        except ClientProxyConnectionError:
            return Outcome("later", "unreachable", "the proxy can't be reached", of_channel=True)
        except ClientHttpProxyError as error:
            return _of_proxy(error)
        except (ClientError, OSError) as error:
            return Outcome("later", "unreachable", _words(error))
        except Exception:
            log.exception("a push could not be made", extra={"row": item.row.id})
            return Outcome("later", "unwritten")
        if outcome.state == "sent":
            self._accepted_at = time.monotonic()
        return outcome

    def _request(self, item: Item) -> Request:
        """Put an item into words, and encrypt it for its browser alone."""
        row, notification = item.row, item.notification
        if notification is None:
            raise ValueError("a push without a notification")
        language, url = row.language or self._language, endpoints.current(row.address or "")
        message, origin = push_message(notification, language), endpoints.origin_of(url)
        headers = {
            "Authorization": self._token(origin),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(message.seconds),
            "Urgency": message.urgency,
        } | ({"Topic": message.topic} if message.topic else {})
        return Request(url, headers, _encrypted(row, payload(notification, language)))

    def _token(self, origin: Origin) -> str:
        if origin not in self._tokens:
            claims = {"aud": str(origin), "exp": int(time.time()) + TOKEN_LASTS, "sub": self._contact}
            self._tokens[origin] = self._vapid.sign(claims)["Authorization"]
        return self._tokens[origin]


def _encrypted(row: Row, content: bytes) -> bytes:
    subscription = {"endpoint": row.address, "keys": {"p256dh": row.p256dh, "auth": row.auth}}
    body: bytes = WebPusher(subscription).encode(content, "aes128gcm")["body"]
    return body


async def _post(session: ClientSession, request: Request) -> Outcome:
    """Send a request, without following where its answer leads. Raises TimeoutError, ClientError and OSError."""
    url = URL(request.url, encoded=True)
    async with session.post(url, data=request.body, headers=request.headers, allow_redirects=False) as answer:
        await _read(answer)
    return replies.outcome(answer.status, answer.headers.get("Retry-After"), datetime.now(UTC))


async def _read(answer: ClientResponse) -> None:
    """Read what follows a status, or close the connection: the status alone says what became of the push."""
    read = 0
    with suppress(TimeoutError, ClientError, OSError):
        while read <= MOST_ANSWERED:
            piece = await answer.content.readany()
            if not piece:
                return
            read += len(piece)
    answer.close()


def _of_proxy(error: ClientHttpProxyError) -> Outcome:
    """Return the outcome by a proxy's refusal. That of our account stops the channel, that of a service does not."""
    return Outcome("later", "unreachable", f"the proxy: HTTP {error.status}", of_channel=error.status == 407)


def _words(error: Exception) -> str:
    """Return what is known of a connection that failed, without its address, which is a secret of its browser."""
    return f"{type(error).__name__}: {error.__cause__ or getattr(error, 'os_error', '')}"[:200]
