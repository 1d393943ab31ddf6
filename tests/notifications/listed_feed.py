"""A feed made of a list, and the pollers that tests need of it."""

from collections.abc import Callable, Iterable
from pathlib import Path

from sqlmodel import select

from helpdesk.errors import Unavailable
from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.feed_poller import FeedPoller
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.notifications.recipients import Recipients
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.settings import settings as configuration
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.tasks.feed import Event, FeedPage
from helpdesk.tasks.model import Actor, Member
from tests.clocks import NOON, Clock
from tests.world import PEOPLE_IDS

ADMIN, ANNA, BORIS, IRINA, STRANGER = (PEOPLE_IDS[login] for login in ("admin", "anna", "boris", "irina", "stranger"))


class ListedFeed:
    """What happened is a list; a position is how much of it there was. The last `again` acts are told once more, and no
    more than `at_once` new ones at a time.

    `blind` see nothing. `raises` is raised by each reading, `broken` by the question who sees that act.
    """

    def __init__(self, again: int = 2) -> None:
        self.acts: list[Event] = []
        self.again = again
        self.at_once = 1_000
        self.begun = 0
        self.blind: set[int] = set()
        self.raises: Exception | None = None
        self.broken: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.read_from: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None

    async def start(self) -> str:
        if self.raises:
            raise self.raises
        self.begun = len(self.acts)
        return str(self.begun)

    async def read(self, position: str) -> FeedPage:
        self.read_from.append(position)
        if self.raises:
            raise self.raises
        reached = min(int(position) + self.at_once, len(self.acts))
        acts = self.acts[max(self.begun, int(position) - self.again) : reached]
        told = FeedPage(tuple(acts), str(reached), reached < len(self.acts))
        self.meanwhile()
        return told

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        self.asked.append(event.key)
        if event.key in self.broken:
            raise self.broken[event.key]
        return frozenset(it.id for it in people) - self.blind

    def happens(self, count: int = 1, **told: object) -> list[str]:
        """Boris comments on a task of anna that irina asked for, or what is `told`; the keys."""
        known = {
            "task_id": 7, "subject": "Принтер", "project_id": 1, "project": "help", "at": NOON,
            "by": Member(BORIS, "Борис Кузнецов"), "notes": "…", "assignees": frozenset({ANNA}), "author": IRINA,
        }  # fmt: skip
        made = [Event(f"journal.{len(self.acts) + it}", **known | told) for it in range(count)]  # type: ignore[arg-type]
        self.acts += made
        return [it.key for it in made]


def make_poller(
    feed: ListedFeed, database: Database, clock: Clock, holder: str = "one", interval: int = 3
) -> FeedPoller:
    wakeups, recipients = Wakeups(), Recipients(feed, database, people.known_in_embedded)
    outbox = outbox_of(feed, database, clock)
    times = {"clock": clock.now, "ticks": clock.ticks}
    return FeedPoller(feed, database, recipients, outbox, wakeups, lambda _: interval, **times, holder=holder)


def outbox_of(feed: ListedFeed, database: Database, clock: Clock) -> Outbox:
    """An outbox whose settings connect no channel."""
    settings = configuration.load({}, Path("/nowhere"))
    checks = DeliveryChecks(feed, database, Rules(people.known_in_embedded), None, clock.now)  # type: ignore[arg-type]  # a test's feed
    return Outbox(Resources(settings, database), checks, clock.now)


def told(database: Database, person: int | None = None) -> list[tuple[int, str]]:
    """Who was told of which act, in the order of ids."""
    asked = select(tables.Notification.person_id, tables.Notification.event).order_by(tables.Notification.id)
    return [tuple(row) for row in database.run_here(lambda db: db.exec(asked).all()) if person in (None, row[0])]


def both(keys: Iterable[str]) -> set[tuple[int, str]]:
    """Anna and irina, of each of these."""
    return {(person, key) for key in keys for person in (ANNA, IRINA)}


SILENCE = Unavailable(detail="no answer within 5 s")
