"""Send pushes to phones by the SDK of Firebase, in threads: it refreshes its token in the middle of a call."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from firebase_admin import exceptions, messaging

from helpdesk.errors import Overloaded
from helpdesk.notifications.channels.fcm.account import Account, NotReady
from helpdesk.notifications.channels.port import SENT, Item, Outcome
from helpdesk.notifications.channels.push_message import push_message
from helpdesk.notifications.channels.retry_after import retry_after
from helpdesk.settings.settings import Settings
from helpdesk.threads import Threads

log = logging.getLogger(__name__)

AT_ONCE = 10
SECONDS = 18.0
"""A call's own limits may end it before; its thread may go on when they do not. The token and two rounds of calls take
less time than the worker waits."""
MOST_TIMEOUTS = 2
"""After so many in one batch Firebase is taken for down."""
HANGS = Outcome("later", "unreachable", "Firebase does not answer", of_channel=True)
TOKEN_FIELD = "message.token"


class FcmSender:
    batch = 100

    def __init__(self, settings: Settings) -> None:
        self._account, self._language = Account(settings), settings.default_locale
        self._threads = Threads(AT_ONCE)

    async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        """Send items, each by itself. Without a token the whole channel fails."""
        if failed := await self._not_ready():
            for item in items:
                yield item, failed
            return
        gate, silent = asyncio.Semaphore(AT_ONCE), list[Item]()
        sending = [asyncio.create_task(self._send(item, gate, silent)) for item in items]
        try:
            for done in asyncio.as_completed(sending):
                yield await done
        finally:
            for task in sending:
                task.cancel()

    async def close(self) -> None:
        with suppress(Overloaded):  # every thread waits for Firebase, and ends by its own limit
            await self._threads.run(self._account.close)

    async def _not_ready(self) -> Outcome | None:
        try:
            async with asyncio.timeout(SECONDS):
                await self._threads.run(self._account.ready)
        except NotReady as error:
            return Outcome("later", error.reason, error.detail, of_channel=True)
        except (TimeoutError, Overloaded):
            return Outcome("later", "unreachable", "the token of Firebase: no answer in time", of_channel=True)
        return None

    async def _send(self, item: Item, gate: asyncio.Semaphore, silent: list[Item]) -> tuple[Item, Outcome]:
        """Send one item. `silent` are those of its batch that got no answer."""
        async with gate:
            if len(silent) >= MOST_TIMEOUTS:
                return item, HANGS
            try:
                async with asyncio.timeout(SECONDS):
                    await self._threads.run(self._deliver, item)
            except (TimeoutError, Overloaded):
                silent.append(item)
                return item, Outcome("later", "unreachable", "no answer in time")
            except exceptions.FirebaseError as error:
                if isinstance(error, exceptions.DeadlineExceededError):
                    silent.append(item)
                return item, outcome(error)
            except Exception:
                log.exception("a push could not be made", extra={"row": item.row.id})
                return item, Outcome("later", "unwritten")
            return item, SENT

    def _deliver(self, item: Item) -> None:
        self._account.send(message(item, item.row.language or self._language))


def message(item: Item, language: str) -> messaging.Message:
    """Put an item into words for a phone. Raises ValueError for one without a notification."""
    row, notification = item.row, item.notification
    if notification is None:
        raise ValueError("a push without a notification")
    words = push_message(notification, language)
    shown = words.to_dict(notification)
    data = shown["data"] if isinstance(shown["data"], dict) else {}
    lasts, is_urgent = timedelta(seconds=words.seconds), words.urgency == "high"
    expires = int((datetime.now(UTC) + lasts).timestamp())
    made = messaging.Message(
        data={name: str(value) for name, value in data.items() if value is not None},
        notification=messaging.Notification(words.title, words.message),
        android=messaging.AndroidConfig(
            collapse_key=words.topic,
            priority="high" if is_urgent else "normal",
            ttl=lasts,
            notification=messaging.AndroidNotification(tag=words.tag),
        ),
        apns=messaging.APNSConfig(
            headers={
                "apns-priority": "10" if is_urgent else "5",
                "apns-expiration": str(expires),
                "apns-collapse-id": words.tag,
            }
        ),
    )
    made.token = row.address  # not among the arguments, where the SDK warns that it will be named otherwise one day
    return made


def outcome(error: exceptions.FirebaseError) -> Outcome:
    """Return what became of a push by the error that the SDK made of the answer."""
    answer = error.http_response
    header = answer.headers.get("Retry-After") if answer is not None else None
    detail = type(error).__name__.removesuffix("Error") + (f", HTTP {answer.status_code}" if answer is not None else "")
    match error:
        case messaging.UnregisteredError() | messaging.SenderIdMismatchError():
            return Outcome("gone", "gone", detail)
        case exceptions.InvalidArgumentError():
            names_token = answer is not None and TOKEN_FIELD in answer.text
            return Outcome("gone", "gone", detail) if names_token else Outcome("failed", "refused", detail)
        case messaging.ThirdPartyAuthError():
            return Outcome("later", "not_ours", detail)
        case exceptions.PermissionDeniedError() | exceptions.UnauthenticatedError() | exceptions.NotFoundError():
            return Outcome("later", "not_ours", detail, of_channel=True)
        case exceptions.ResourceExhaustedError():
            return Outcome("later", "busy", detail, retry_after(header, datetime.now(UTC)))
        case _:
            return Outcome("later", "unreachable", detail, retry_after(header, datetime.now(UTC)))
