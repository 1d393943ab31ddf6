"""The Feed port over Redmine: its database where there is one, its REST API while that does not answer.

Both tell the same under the same keys and go on from the same position. The database is asked for what is above the
floors; REST for issues changed since `Position.since`, of which what is above the floors is told.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.engine import Connection

from helpdesk.errors import LockedOut, Nonsense, NotAllowed, NotFound, WrongKey
from helpdesk.redmine_client import RedmineClient, part, within
from helpdesk.tasks.feed import Happening, Told
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine import position, reading, telling
from helpdesk.tasks.redmine.changed import PARALLEL, Changed
from helpdesk.tasks.redmine.database import feed, seeing
from helpdesk.tasks.redmine.database.silence import Silent
from helpdesk.tasks.redmine.database.source import Source
from helpdesk.tasks.redmine.look_ups import LookUps
from helpdesk.tasks.redmine.principals import Principals

T = TypeVar("T")

LOOK_SECONDS = 30.0
"""How long one look may take in all: many issues may be read in it."""
LATELY = 25


class RestFeed:
    """By our administrator's key, to whom Redmine tells everything; and as each person, to ask what that one sees."""

    def __init__(self, client: RedmineClient) -> None:
        self.client = client
        self.look_up = LookUps(client)
        self.principals = Principals(client, self.look_up)
        self.changed = Changed(client)

    async def start(self) -> str:
        """Behind the highest numbers among what was changed last; older ones are told by their times."""
        async with self._looking():
            issues = await self.changed.lately(LATELY)
        now = datetime.now(UTC)
        journals = [reading.number(it, "id") for issue in issues for it in issue.get("journals", ())]
        numbers = [reading.number(issue, "id") for issue in issues]
        updated = max((reading.moment(issue["updated_on"]) for issue in issues), default=now)
        return position.beginning(max(numbers, default=0), max(journals, default=0), min(updated, now), now).written()

    async def read(self, known_as: str) -> Told:
        known, began = position.read(known_as), datetime.now(UTC)
        async with self._looking():
            found = await self.changed.since(known.since, known.updated)
            wanted = telling.new(found.issues, known)
            told = await telling.happenings(self.look_up, self.principals, found.issues, wanted) if any(wanted) else []
        ended = datetime.now(UTC)
        # No clock that is put wrong leads beyond now.
        after = known._replace(updated=max(known.updated, min(found.reached, ended)))
        if found.is_whole:  # else there may be lower numbers among what is left
            after = after._replace(
                issues=known.issues.after(wanted.issues, began, ended),
                journals=known.journals.after(wanted.journals, began, ended),
            )
        return Told(tuple(sorted(told, key=lambda it: it.at)), after.written(), not found.is_whole)

    def key(self, entry_id: int) -> str:
        return f"journal.{entry_id}"

    async def act(self, task_id: int, entry_id: int) -> Happening | None:
        wanted = telling.Numbers(frozenset(), frozenset({entry_id}))
        async with self._looking():
            issues = [it for it in (await self.changed.issue(task_id),) if it is not None]
            told = await telling.happenings(self.look_up, self.principals, issues, wanted)
        return next(iter(told), None)

    async def seers(self, happening: Happening, people: Iterable[Actor]) -> frozenset[int]:
        at_once = asyncio.Semaphore(PARALLEL)

        async def sees(actor: Actor) -> bool:
            async with at_once:
                return await self._sees(actor, happening)

        asked = list(people)
        async with self._looking():
            found = await asyncio.gather(*map(sees, asked))
        return frozenset(actor.id for actor, seen in zip(asked, found, strict=True) if seen)

    async def _sees(self, actor: Actor, happening: Happening) -> bool:
        try:
            await self.look_up.me(actor)
            path = f"/issues/{happening.task_id}.json"
            issue = part(await self.client.get(path, actor.login, [("include", "journals")]), "issue")
        except (LockedOut, NotAllowed, NotFound):
            return False
        except WrongKey:
            # Not for us either, unless it is this login alone that is somebody else's.
            await self.principals.groups_now()
            return False
        kind, _, number = happening.key.partition(".")
        seen = {reading.number(journal, "id") for journal in issue.get("journals", ())}
        return kind == "issue" or not happening.notes or int(number) in seen

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[None]:
        """Over in time, and an answer that lacks what it must have is Nonsense."""
        try:
            async with within(LOOK_SECONDS):
                yield
        except reading.BROKEN as error:
            raise reading.nonsense(error) from error


class SqlFeed(RestFeed):
    """As RestFeed, and while the database does not answer it is that."""

    def __init__(self, client: RedmineClient, source: Source) -> None:
        super().__init__(client)
        self.source = source

    async def start(self) -> str:
        database = self.source.database
        return await self._read(lambda db: feed.start(db, database).written(), super().start)

    async def read(self, known_as: str) -> Told:
        def work(db: Connection) -> Told:
            found = feed.read(db, self.source, position.read(known_as))
            return Told(tuple(found.told), found.after.written(), found.more)

        return await self._read(work, lambda: super(SqlFeed, self).read(known_as))

    async def act(self, task_id: int, entry_id: int) -> Happening | None:
        return await self._read(
            lambda db: feed.act(db, self.source, task_id, entry_id),
            lambda: super(SqlFeed, self).act(task_id, entry_id),
        )

    async def seers(self, happening: Happening, people: Iterable[Actor]) -> frozenset[int]:
        asked = list(people)
        ids = [actor.id for actor in asked]
        return await self._read(
            lambda db: seeing.seers(db, self.source.rules(db), happening, ids),
            lambda: super(SqlFeed, self).seers(happening, asked),
        )

    async def _read(self, work: Callable[[Connection], T], otherwise: Callable[[], Awaitable[T]]) -> T:
        """What the database says; what REST says while the database does not answer, or with what can't be read."""
        try:
            return await self.source.database.run(work)
        except (Silent, Nonsense):
            return await otherwise()
