"""Whether SQL shows people what Redmine itself shows them: counted both ways, now and then, for a few people.

The rules of visibility are proven on plain Redmine (docs/permissions.md); plugins and Easy Redmine may have others. So
a difference that stays puts reading over to REST, until the same person and project were found equal CLEAN_ROUNDS times
running. That one of both does not answer is no difference. Each process does this for itself.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.errors import HelpdeskError, LockedOut, NotAllowed, Sentence, WrongKey, sentence
from helpdesk.redmine_client import RedmineClient, part, user_id
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine import listing, reading
from helpdesk.tasks.redmine.database import persons
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.reading import Reading
from helpdesk.tasks.redmine.database.source import RULES_SECONDS, Source
from helpdesk.tasks.tracker import State

T = TypeVar("T")
log = logging.getLogger(__name__)

PAUSE_SECONDS = 600.0
CONFIRM_SECONDS = RULES_SECONDS + 1
"""Between two looks at a difference: a change of roles may go unnoticed for RULES_SECONDS."""
TRIES = 3
PEOPLE_A_ROUND = 2
CLEAN_ROUNDS = 3
SHUT_OUT = -1
"""The count of somebody who is not let in."""


class Spot(NamedTuple):
    """A person, by Redmine's number, and a project, or all of them."""

    person: int
    project: int | None = None

    def in_words(self) -> Sentence:
        if self.project is None:
            return sentence("user %(user)s", user=self.person)
        return sentence("user %(user)s, project %(project)s", user=self.person, project=self.project)


class Counts(NamedTuple):
    by_sql: int
    by_rest: int


class Canary:
    """`people` tells the Redmine numbers of those who signed in of late. `turn` is where the rotation begins."""

    def __init__(
        self,
        client: RedmineClient,
        source: Source,
        people: Callable[[], Awaitable[Sequence[int]]],
        turn: int | None = None,
    ) -> None:
        self.client, self.source, self.people = client, source, people
        self.database = source.database
        self.turn = random.randrange(1_000_000) if turn is None else turn
        self.suspects: tuple[Spot, ...] = ()
        self.clean = 0

    async def watch(self) -> None:
        """Look at once and then every PAUSE_SECONDS, until cancelled."""
        while True:
            try:
                await self.look()
            except HelpdeskError as error:
                log.info("the canary could not compare", extra={"why": error.detail})
            except Exception:
                log.exception("the canary failed")
            await asyncio.sleep(PAUSE_SECONDS)

    async def look(self) -> None:
        """One round. Raises Unavailable, StoreUnavailable."""
        if self.suspects:
            await self._look_again()
            return
        for spot in await self._next_spots():
            if counts := await self._differs(spot):
                await self._distrust(spot, counts)
                return

    async def _next_spots(self) -> list[Spot]:
        """All projects of a few people, and one project of each: every pair has its turn in time."""
        people = sorted(await self.people())
        if not people:
            return []
        projects = await self._projects()
        spots: list[Spot] = []
        for turn in range(self.turn, self.turn + PEOPLE_A_ROUND):
            person, lap = people[turn % len(people)], turn // len(people)
            spots.append(Spot(person))
            if projects:
                spots.append(Spot(person, projects[(lap + turn % len(people)) % len(projects)]))
        self.turn += PEOPLE_A_ROUND
        return list(dict.fromkeys(spots))

    async def _differs(self, spot: Spot) -> Counts | None:
        """Counts that differ in each of several looks; a look during which something changed does not count."""
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(CONFIRM_SECONDS)
            before, by_rest, after = await self._by_sql(spot), await self._by_rest(spot), await self._by_sql(spot)
            if by_rest in (before, after):
                return None
        return Counts(after, by_rest) if before == after else None

    async def _distrust(self, spot: Spot, counts: Counts) -> None:
        """Reading goes over REST as soon as something is known to be wrong; in which project is looked for then."""
        self._tell(spot, counts)
        if spot.project is None and (found := await self._narrowed(spot.person)):
            self._tell(*found)

    def _tell(self, spot: Spot, counts: Counts) -> None:
        since = self.database.distrusted.since if self.database.distrusted else datetime.now(UTC)
        self.database.distrusted = State("differing", since, spot.in_words())
        self.suspects, self.clean = tuple(dict.fromkeys((spot, Spot(spot.person)))), 0
        log.error("SQL and REST show different tasks; reading goes over REST", extra=spot._asdict() | counts._asdict())

    async def _narrowed(self, person: int) -> tuple[Spot, Counts] | None:
        """The first project in which the person's counts differ; nothing when none does, or nobody answers."""
        try:
            for project in await self._projects():
                one = Spot(person, project)
                counts = Counts(await self._by_sql(one), await self._by_rest(one))
                if counts.by_sql != counts.by_rest:
                    return one, counts
        except HelpdeskError as error:
            log.info("where SQL and REST differ was not found", extra={"why": error.detail})
        return None

    async def _look_again(self) -> None:
        self.clean += 1
        for spot in self.suspects:
            if await self._differs(spot):
                self.clean = 0
        if self.clean >= CLEAN_ROUNDS:
            self.suspects, self.database.distrusted = (), None
            log.warning("SQL and REST show the same tasks again; reading goes by SQL")

    async def _by_sql(self, spot: Spot) -> int:
        def count(db: Connection) -> int:
            person = persons.person(db, Actor(spot.person, ""))
            seen = Reading(db, self.database, self.source.rules(db), person).sight.tasks
            query = sa.select(sa.func.count()).select_from(t.issues).where(seen)
            if spot.project is not None:
                query = query.where(t.issues.c.project_id == spot.project)
            return db.scalar(query) or 0

        try:
            return await self._ask(count)
        except LockedOut:
            return SHUT_OUT

    async def _by_rest(self, spot: Spot) -> int:
        """As the person, whose login is what it is at this moment."""
        login = await self._ask(lambda db: db.scalar(sa.select(t.users.c.login).where(t.users.c.id == spot.person)))
        if login is None:  # the user is gone; nobody's name would make Redmine count for our key's owner
            return SHUT_OUT
        query = TaskQuery(closed=True, project_ids=() if spot.project is None else (spot.project,))
        try:
            await self._require(login, spot.person)
            found = await self.client.get("/issues.json", login, listing.params(listing.filters(query), 1, 0))
        except LockedOut:
            return SHUT_OUT
        except NotAllowed:  # somebody who may view tasks nowhere
            return 0
        return reading.number(found, "total_count")

    async def _require(self, login: str, person: int) -> None:
        """Raises WrongKey when Redmine does not act as the person: then it counts for somebody else."""
        found = user_id(part(await self.client.get_fixed("/users/current.json", login), "user"))
        if found != person:
            raise WrongKey(detail=f"Redmine acts as user {found} where {person} was asked for")

    async def _projects(self) -> Sequence[int]:
        return await self._ask(lambda db: db.scalars(sa.select(t.projects.c.id).order_by(t.projects.c.id)).all())

    async def _ask(self, work: Callable[[Connection], T]) -> T:
        return await self.database.ask(lambda: self.database.run_here(work))
