"""What a handler may use: ports and our own store, chosen once by `wiring`."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from helpdesk.notifications.bell import Bell
from helpdesk.notifications.freshness import Freshness, never_looked
from helpdesk.notifications.own_acts import OwnActs
from helpdesk.people.directory import Directory
from helpdesk.people.model import SignedIn
from helpdesk.settings import Settings
from helpdesk.store.database import Database
from helpdesk.store.feed_marks import Act
from helpdesk.tasks.model import Actor
from helpdesk.tasks.tracker import Tracker


def utc_now() -> datetime:
    return datetime.now(UTC)


async def nobody(act: Act, people: Iterable[Actor]) -> frozenset[int]:
    """Where there is no feed."""
    return frozenset()


@dataclass(frozen=True)
class Services:
    """`identify` tells who a signed-in person is in the tracker; it raises NotAllowed for somebody who is nobody there.

    `own_acts` is for those that are done through us, None where nobody is told of any. Whoever rings `bell` wakes open
    pages; `freshness` tells whether the feed is read, `seers` who of some people sees an act that it told. Each of
    `watchers` runs beside requests until it is cancelled. `close` lets go of connections when the process ends.
    """

    settings: Settings
    database: Database
    tracker: Tracker
    directories: tuple[Directory, ...]
    identify: Callable[[SignedIn], Actor]
    close: Callable[[], Awaitable[None]]
    bell: Bell = field(default_factory=Bell)
    own_acts: OwnActs | None = None
    freshness: Callable[[], Freshness] = never_looked
    seers: Callable[[Act, Iterable[Actor]], Awaitable[frozenset[int]]] = nobody
    clock: Callable[[], datetime] = utc_now
    watchers: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = ()
