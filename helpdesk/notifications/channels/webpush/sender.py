"""Send pushes to browsers: encrypted for each, signed by our key, many at once."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import httpcore
from cachetools import TTLCache
from pywebpush import Vapid, WebPusher

from helpdesk.errors import Overloaded
from helpdesk.notifications.channels.port import Item, Outcome
from helpdesk.notifications.channels.push_message import payload, push_message
from helpdesk.notifications.channels.webpush import endpoints, keys, network, replies
from helpdesk.notifications.channels.webpush.endpoints import Origin
from helpdesk.settings.settings import Settings
from helpdesk.store.outbox import Row
from helpdesk.threads import Threads

log = logging.getLogger(__name__)

AT_ONCE = 50
SECONDS = 10.0
MOST_ORIGINS = 1_000
TOKEN_SECONDS, TOKEN_LASTS = 6 * 3_600, 12 * 3_600
"""For how long a token is used, and for how long services accept it, who allow a day at most."""
MOST_ANSWERED = 64 * 1024
"""Bytes of an answer that are read, so that the connection can be used again. Nobody needs what they say."""
WORKING_SECONDS = 3_600.0
"""When a service has accepted something of late, our keys are right, whatever another one says."""


class Request(NamedTuple):
    """A push as it is sent."""

    url: str
    headers: list[tuple[bytes | str, bytes | str]]
    body: bytes


class WebPushSender:
    """`batch` items are claimed together. They are encrypted in a thread, beside the event loop."""

    batch = 200

    def __init__(self, settings: Settings) -> None:
        self._own_hosts = settings.push_hosts or ()
        self._pool = network.pool(settings.outbound_proxy, settings.ca_bundle, self._own_hosts)
        self._language = settings.default_locale
        self._vapid = Vapid(keys.private_key(settings.vapid_private_key or ""))
        self._contact = keys.contact(settings.vapid_claim_email or "")
        self._tokens: TTLCache[Origin, str] = TTLCache(MOST_ORIGINS, TOKEN_SECONDS)
        self._threads, self._accepted_at = Threads(1), -WORKING_SECONDS

    async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        """Send items, and yield what became of each. That our keys are refused is told at the end: it is a failure of
        the channel only when no service accepts them."""
        gate, refused = asyncio.Semaphore(AT_ONCE), list[tuple[Item, Outcome]]()
        sending = [asyncio.create_task(self._send(item, gate)) for item in items]
        try:
            for done in asyncio.as_completed(sending):
                item, outcome = await done
                if outcome.reason == "not_ours":
                    refused.append((item, outcome))
                else:
                    yield item, outcome
        finally:
            for task in sending:
                task.cancel()
        for item, outcome in refused:
            yield item, outcome._replace(of_channel=not self._works())

    async def close(self) -> None:
        await self._pool.aclose()

    def _works(self) -> bool:
        return time.monotonic() - self._accepted_at < WORKING_SECONDS

    async def _send(self, item: Item, gate: asyncio.Semaphore) -> tuple[Item, Outcome]:
        async with gate:
            return item, await self._outcome(item)

    async def _outcome(self, item: Item) -> Outcome:
        if message := endpoints.trouble(item.row.address or "", self._own_hosts):
            return Outcome("failed", "refused", message.text)
        try:
            request = await self._threads.run(self._request, item)
            outcome = await self._post(request)
        except (TimeoutError, httpcore.TimeoutException):
            return Outcome("later", "unreachable", f"no answer within {SECONDS:.0f} s")
        except network.ProxyDown as error:
            return Outcome("later", "unreachable", str(error), of_channel=True)
        except httpcore.ProxyError as error:
            return _of_proxy(error)
        except (httpcore.NetworkError, httpcore.ProtocolError, Overloaded) as error:
            return Outcome("later", "unreachable", str(error)[:200])
        except Exception:
            log.exception("a push could not be made", extra={"row": item.row.id})
            return Outcome("later", "unwritten")
        if outcome.state == "sent":
            self._accepted_at = time.monotonic()
        return outcome

    async def _post(self, request: Request) -> Outcome:
        """Send a request, without following where its answer leads. Raises TimeoutError, and httpcore's errors."""
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)
        async with (
            asyncio.timeout(SECONDS),
            self._pool.stream(
                "POST", request.url, headers=request.headers, content=request.body, extensions={"timeout": timeouts}
            ) as answer,
        ):
            headers = {name.lower(): value for name, value in answer.headers}
            header = headers.get(b"retry-after", b"").decode("latin-1")
            read = 0
            async for piece in answer.aiter_stream():
                read += len(piece)
                if read > MOST_ANSWERED:
                    break
        return replies.outcome(answer.status, header, datetime.now(UTC))

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
        return Request(url, [*headers.items()], _encrypted(row, payload(notification, language)))

    def _token(self, origin: Origin) -> str:
        if origin not in self._tokens:
            claims = {"aud": str(origin), "exp": int(time.time()) + TOKEN_LASTS, "sub": self._contact}
            self._tokens[origin] = self._vapid.sign(claims)["Authorization"]
        return self._tokens[origin]


def _encrypted(row: Row, content: bytes) -> bytes:
    subscription = {"endpoint": row.address, "keys": {"p256dh": row.p256dh, "auth": row.auth}}
    body: bytes = WebPusher(subscription).encode(content, "aes128gcm")["body"]
    return body


def _of_proxy(error: httpcore.ProxyError) -> Outcome:
    """Return the outcome by a proxy's refusal. That of our account stops the channel, that of a service does not."""
    return Outcome("later", "unreachable", f"the proxy: {error}"[:200], of_channel=str(error).startswith("407"))
