"""Send wakeups between processes through Redis.

A message names its process and the ids of accounts; nothing else passes through Redis. The rows in the store are the
truth, so Redis may come and go: without it each process gets its own wakeups at once, and those of others with its next
heartbeat. When Redis is back, everything that may have been missed is read.
"""

import asyncio
import hmac
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from helpdesk import tls
from helpdesk.errors import sentence
from helpdesk.health import Check, Trouble
from helpdesk.notifications.wakeups import Wakeups

log = logging.getLogger(__name__)

ANSWER_SECONDS = 3.0
"""The limit for a connection, and for a command."""
QUIET_SECONDS = 30.0
"""After this long without a message Redis is pinged."""
PAUSE_SECONDS = 1.0
BROKEN = (RedisError, OSError)  # a TimeoutError is one


class RedisWakeups(Wakeups):
    """Wakeups that are shared, while `watch` runs, with the other processes that know the same `key`."""

    def __init__(self, url: str, key: str, ca_bundle: Path | None = None) -> None:
        super().__init__()
        self.ca_bundle = ca_bundle
        self.url, self.channel = url, channel(key)
        self._mark = token_hex(8)
        self._unsent: set[int] = set()
        self._to_send = asyncio.Event()
        self._is_away = False

    def wake(self, people: Iterable[int] = ()) -> None:
        people = frozenset(people)
        super().wake(people)
        self._unsent |= people
        self._to_send.set()

    async def watch(self) -> None:
        """Send and receive until cancelled, also while Redis comes and goes."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._always(self._send))
            both.create_task(self._always(self._receive))

    async def _always(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except BROKEN as error:
                self._went_away(error)
            except Exception:
                log.exception("the wakeups between processes failed")
            _unless_cancelled()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _send(self) -> None:
        async with _client(self.url, self.ca_bundle) as client:
            while True:
                await self._to_send.wait()
                self._to_send.clear()
                people, self._unsent = self._unsent, set()
                try:
                    await client.publish(self.channel, f"{self._mark} {','.join(map(str, sorted(people)))}")
                except BROKEN:
                    self._unsent |= people
                    self._to_send.set()
                    raise
                self._is_back()
                _unless_cancelled()

    async def _receive(self) -> None:
        async with _client(self.url, self.ca_bundle) as client, _subscribed(client, self.channel) as subscription:
            self._is_back()
            self.wake_all()  # what was sent until now was missed
            pinged = False
            while True:
                _unless_cancelled()
                message = await subscription.get_message(timeout=QUIET_SECONDS)
                if message is not None:
                    pinged = False
                    if message["type"] == "message":
                        self._received(message["data"])
                    elif message["type"] == "subscribe":  # the library has opened the connection again by itself
                        self.wake_all()
                elif pinged:
                    raise TimeoutError(f"nothing was heard for {QUIET_SECONDS:g} s after asking")
                else:
                    await subscription.ping()
                    pinged = True

    def _received(self, message: bytes) -> None:
        try:
            mark, people = message.decode().split(" ")
            if mark != self._mark:
                super().wake(int(it) for it in people.split(",") if it)
        except ValueError:
            log.warning("a message on the wakeups' channel is not ours")

    def _went_away(self, error: Exception) -> None:
        if not self._is_away:
            log.warning(
                "Redis does not answer, other processes are not woken",
                extra={"error": str(error) or type(error).__name__},
            )
        self._is_away = True

    def _is_back(self) -> None:
        if self._is_away:
            log.info("Redis answers again")
        self._is_away = False


def channel(key: str) -> str:
    """Return the Redis channel of one deployment. Its processes share the secret from which the name is made."""
    # The label keeps its old word, or processes of before and after an update would not hear of each other.
    return f"helpdesk:{hmac.digest(key.encode(), b'the channel of the bell', 'sha256').hex()[:16]}"


def check(url: str, key: str, ca_bundle: Path | None = None) -> Check:
    """Check that Redis is reached, and that we may publish and subscribe."""

    async def look() -> None:
        try:
            async with _client(url, ca_bundle) as client, _subscribed(client, channel(key)):
                await client.publish(channel(key), f"{token_hex(8)} ")
        except AuthenticationError as error:
            advice = sentence("Check the name and the password in REDIS_URL.")
            raise Trouble(sentence("it refuses us"), advice) from error
        except NoPermissionError as error:
            advice = sentence("Allow it &helpdesk:* +publish +subscribe +ping.")
            raise Trouble(sentence("its user may not publish or subscribe"), advice) from error
        except BROKEN as error:
            if refusal := tls.refusal(error, "REDIS_URL", "CA_BUNDLE"):
                raise Trouble(*refusal) from error
            advice = sentence("Check REDIS_URL, and whether it runs.")
            raise Trouble(sentence("it does not answer"), advice) from error

    return Check("redis", look)


def _client(url: str, ca_bundle: Path | None) -> Redis:
    """Return a client whose commands raise BROKEN in time. A connection that Redis has closed is reopened once."""
    return Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1),
        **_authorities(url, ca_bundle),
    )


def _authorities(url: str, ca_bundle: Path | None) -> dict[str, Any]:
    """Return the arguments to trust the company's authorities as well. Only a TLS connection takes them."""
    if ca_bundle is None or not url.startswith("rediss:"):
        return {}
    return {
        "ssl_ca_data": tls.certificates(ca_bundle),
        "ssl_include_verify_flags": [ssl.VERIFY_X509_PARTIAL_CHAIN],
    }


@asynccontextmanager
async def _subscribed(client: Redis, channel: str) -> AsyncIterator[PubSub]:
    """Subscribe, and begin when Redis has confirmed it. Raises BROKEN."""
    async with client.pubsub() as subscription:
        await subscription.subscribe(channel)
        if await subscription.get_message(timeout=ANSWER_SECONDS) is None:
            raise TimeoutError(f"no answer within {ANSWER_SECONDS:g} s")
        yield subscription


def _unless_cancelled() -> None:
    """Raise a cancellation that was swallowed: `asyncio.wait_for`, which redis uses, may do so until Python 3.12."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError
