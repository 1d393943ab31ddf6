"""A feed made of a list, and the readers that tests need of it."""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta

from sqlmodel import select

from helpdesk.errors import Unavailable
from helpdesk.notifications.audience import Audience, Heard, Wish
from helpdesk.notifications.bell import Bell
from helpdesk.notifications.reader import Reader
from helpdesk.store import people, tables
from helpdesk.store.database import Database
from helpdesk.tasks.feed import Happening, Told
from helpdesk.tasks.model import Actor, Member
from tests.world import PEOPLE_IDS

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANNA, BORIS, IRINA, STRANGER = (PEOPLE_IDS[login] for login in ("anna", "boris", "irina", "stranger"))


class Clock:
    """`pass_` moves the time of day and the ticks alike."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def ticks(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds


class ListedFeed:
    """What happened is a list; a position is how much of it there was. The last `again` acts are told once more, and no
    more than `at_once` new ones at a time.

    `blind` see nothing. `raises` is raised by each reading, `broken` by the question who sees that act.
    """

    def __init__(self, again: int = 2) -> None:
        self.acts: list[Happening] = []
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

    async def read(self, position: str) -> Told:
        self.read_from.append(position)
        if self.raises:
            raise self.raises
        reached = min(int(position) + self.at_once, len(self.acts))
        acts = self.acts[max(self.begun, int(position) - self.again) : reached]
        told = Told(tuple(acts), str(reached), reached < len(self.acts))
        self.meanwhile()
        return told

    async def seers(self, happening: Happening, people: Iterable[Actor]) -> frozenset[int]:
        self.asked.append(happening.key)
        if happening.key in self.broken:
            raise self.broken[happening.key]
        return frozenset(it.id for it in people) - self.blind

    def happens(self, count: int = 1, **told: object) -> list[str]:
        """Boris does something to a task that concerns anna and irina; the keys."""
        known = {
            "task_id": 7, "subject": "Принтер", "project_id": 1, "project": "help", "at": NOON,
            "by": Member(BORIS, "Борис Кузнецов"), "assignees": frozenset({ANNA}), "author": IRINA,
        }  # fmt: skip
        made = [Happening(f"journal.{len(self.acts) + it}", **known | told) for it in range(count)]  # type: ignore[arg-type]
        self.acts += made
        return [it.key for it in made]


def rules(happening: Happening, people: Collection[Actor]) -> list[Heard]:
    """The assignees and the author, never who did it."""
    concerned = happening.assignees | {happening.author or 0}
    actor = happening.by.id if happening.by else 0
    return [Heard(it.id, "comment", "commented", excerpt="…") for it in people if it.id in concerned - {actor}]


def wishes(told: str, heard: Heard, happening: Happening, now: datetime) -> Wish:
    return Wish(page=told != "nothing", sound="" if told == "silent" else "chime")


def audience_of(feed: ListedFeed, database: Database) -> Audience:
    return Audience(feed, database, people.known_here, rules, wishes)


def make_reader(feed: ListedFeed, database: Database, clock: Clock, holder: str = "one", interval: int = 3) -> Reader:
    audience = audience_of(feed, database)
    return Reader(
        feed, database, audience, Bell(), lambda _: interval, clock=clock.now, ticks=clock.ticks, holder=holder
    )


def told(database: Database, person: int | None = None) -> list[tuple[int, str]]:
    """Who was told of which act, in the order of ids."""
    asked = select(tables.Notification.person_id, tables.Notification.happening).order_by(tables.Notification.id)
    return [tuple(row) for row in database.run_here(lambda db: db.exec(asked).all()) if person in (None, row[0])]


def both(keys: Iterable[str]) -> set[tuple[int, str]]:
    """Anna and irina, of each of these."""
    return {(person, key) for key in keys for person in (ANNA, IRINA)}


SILENCE = Unavailable(detail="no answer within 5 s")
