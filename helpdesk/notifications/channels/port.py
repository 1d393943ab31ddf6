"""Define what a channel is: a way by which notifications reach people, and what sends over it.

A channel is a folder beside this file and a line in `registry.py`.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from helpdesk.errors import Sentence
from helpdesk.notifications.kinds import Type
from helpdesk.settings.settings import Settings
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.outbox import Row


class Option(NamedTuple):
    """A choice that preferences offer for each type of notification: a column of their matrix.

    `name` is its name in forms and in stored JSON, and is never changed. `default` are the types for which it is chosen
    by who has chosen nothing. Quiet hours silence what is `loud`, unless it `waits`: then it comes after them, or with
    the digest. An option that `needs` another one has no effect without it. One that `needs_browser` has none while the
    person wants nothing sent to browsers.
    """

    name: str
    label: Sentence
    default: frozenset[Type]
    loud: bool = True
    waits: bool = False
    needs: str | None = None
    needs_browser: bool = False


DIGEST, NIGHT = "digest", "night"
"""The bundles, which are sent together: what a digest brings, and what came in quiet hours."""


class Item(NamedTuple):
    """A claimed row of the outbox, with the notification in it; None for a letter."""

    row: Row
    notification: NotificationRow | None


class Outcome(NamedTuple):
    """What became of an item, with a reason (`notifications/reasons.py`) and the other side's words for administrators.

    "sent": the other side has accepted it. "later": try again, not before `after` seconds where the other side said so.
    "failed": never again. "gone": never again, and the device or the address is no more. "skipped": it is not to be
    sent. With `of_channel` the whole channel does not work, so that the others would fare no better. Of a letter to
    several that some have got, it is sent again to those in `put_off` alone; those in `refused` never get it.
    """

    state: Literal["sent", "later", "failed", "gone", "skipped"]
    reason: str = ""
    detail: str = ""
    after: float | None = None
    of_channel: bool = False
    put_off: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


SENT = Outcome("sent")


class Sender(Protocol):
    """Sends over one channel. `batch` is the most items of one call."""

    batch: int

    def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        """Send each item, and yield its outcome as soon as it is known. What is not yielded is tried again.

        Items of one person, device and task come in their order, never two in one call unless they are of a bundle.
        """

    async def close(self) -> None:
        """Close connections."""


class Resources(NamedTuple):
    """What a channel may use."""

    settings: Settings
    database: Database


Connect = Callable[[Resources], Sender | None]
"""Returns what sends, or None where the settings leave it out. It contacts nobody, and imports client libraries only
when they are needed."""


@dataclass(frozen=True)
class Channel:
    """`options` are what preferences offer. `connect` has what sends, by the names that rows of the outbox have; none
    for the stream, which sends by itself."""

    name: str
    options: tuple[Option, ...]
    connect: Mapping[str, Connect] = field(default_factory=dict)
