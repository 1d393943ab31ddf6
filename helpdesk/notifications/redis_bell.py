"""The bell of several processes: who rings it in one of them is heard in all, by Redis.

A message names the process that it is of, and people by their accounts' ids; nothing else passes through Redis. As
rows in the store are the truth, Redis may come and go: while it is away each process hears its own bell, and the others
with its heart's next beat. When it is back all that may have been missed is read.
"""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from secrets import token_hex

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from helpdesk.doctor import Check, Trouble
from helpdesk.notifications.bell import Bell

log = logging.getLogger(__name__)

ANSWER_SECONDS = 3.0
"""For a connection, and for a command."""
QUIET_SECONDS = 30.0
"""After so long without a message Redis is asked whether it is there."""
PAUSE_SECONDS = 1.0
BROKEN = (RedisError, OSError)  # a TimeoutError is one


class RedisBell(Bell):
    """As a bell of one process, while `watch` runs also rung by others that know the same `key`."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__()
        self.url, self.channel = url, channel(key)
        self._mark = token_hex(8)
        self._unsent: set[int] = set()
        self._to_send = asyncio.Event()
        self._is_away = False

    def ring(self, people: Iterable[int] = ()) -> None:
        people = frozenset(people)
        super().ring(people)
        self._unsent |= people
        self._to_send.set()

    async def watch(self) -> None:
        """Send and hear until cancelled, whatever becomes of Redis."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._always(self._send))
            both.create_task(self._always(self._hear))

    async def _always(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except BROKEN as error:
                self._went_away(error)
            except Exception:
                log.exception("the bell between processes failed")
            _unless_cancelled()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _send(self) -> None:
        async with _client(self.url) as client:
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

    async def _hear(self) -> None:
        async with _client(self.url) as client, _subscribed(client, self.channel) as heard:
            self._is_back()
            self.ring_for_all()  # what was sent until now was not heard
            asked = False
            while True:
                _unless_cancelled()
                message = await heard.get_message(timeout=QUIET_SECONDS)
                if message is not None:
                    asked = False
                    if message["type"] == "message":
                        self._heard(message["data"])
                elif asked:
                    raise TimeoutError(f"nothing was heard for {QUIET_SECONDS:g} s after asking")
                else:
                    await heard.ping()
                    asked = True

    def _heard(self, message: bytes) -> None:
        try:
            mark, people = message.decode().split(" ")
            if mark != self._mark:
                super().ring(int(it) for it in people.split(",") if it)
        except ValueError:
            log.warning("a message on the channel of the bell is not of ours")

    def _went_away(self, error: Exception) -> None:
        if not self._is_away:
            log.warning("the Redis of the bell does not answer", extra={"why": str(error) or type(error).__name__})
        self._is_away = True

    def _is_back(self) -> None:
        if self._is_away:
            log.info("the Redis of the bell answers again")
        self._is_away = False


def channel(key: str) -> str:
    """What those of one deployment share, who have the same secret, and no others on the same Redis."""
    return f"helpdesk:{hmac.digest(key.encode(), b'the channel of the bell', 'sha256').hex()[:16]}"


def check(url: str, key: str) -> Check:
    """Redis: reached, and we may send and hear."""

    async def look() -> None:
        try:
            async with _client(url) as client, _subscribed(client, channel(key)):
                await client.publish(channel(key), f"{token_hex(8)} ")
        except AuthenticationError as error:
            raise Trouble("it refuses us", "Check the name and the password in REDIS_URL.") from error
        except NoPermissionError as error:
            raise Trouble(
                "its user may not publish or subscribe", "Allow it &helpdesk:* +publish +subscribe +ping."
            ) from error
        except BROKEN as error:
            raise Trouble("it does not answer", "Check REDIS_URL, and whether it runs.") from error

    return Check("Redis", look)


def _client(url: str) -> Redis:
    """One whose commands raise BROKEN in time. A connection that Redis has closed is made anew once."""
    return Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )


@asynccontextmanager
async def _subscribed(client: Redis, channel: str) -> AsyncIterator[PubSub]:
    """From when Redis says that we are subscribed. Raises BROKEN."""
    async with client.pubsub() as heard:
        await heard.subscribe(channel)
        if await heard.get_message(timeout=ANSWER_SECONDS) is None:
            raise TimeoutError(f"no answer within {ANSWER_SECONDS:g} s")
        yield heard


def _unless_cancelled() -> None:
    """Until Python 3.12 `asyncio.wait_for`, by which redis sends, may swallow a cancellation."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError
