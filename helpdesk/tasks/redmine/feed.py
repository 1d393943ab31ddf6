"""The Feed port over Redmine: its database where there is one, its REST API while that does not answer.

Both return the same events under the same keys and go on from the same cursor. The database is asked for what is above
the floors; REST for issues changed since `FeedCursor.since`, of which what is above the floors is returned.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.engine import Connection

from helpdesk.errors import LockedOut, NotAllowed, NotFound, WrongKey
from helpdesk.redmine_client import JSON, RedmineClient, part, within
from helpdesk.tasks.feed import Event, FeedPage
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine import feed_cursor
from helpdesk.tasks.redmine.rest import event_mapper, json_mapper
from helpdesk.tasks.redmine.rest.changed_issues import PARALLEL, ChangedIssues
from helpdesk.tasks.redmine.rest.metadata_cache import MetadataCache
from helpdesk.tasks.redmine.rest.user_cache import UserCache
from helpdesk.tasks.redmine.sql import feed
from helpdesk.tasks.redmine.sql.source import Source

READ_SECONDS = 30.0
"""How long one look may take in all: many issues may be read in it."""
LATELY = 25


class RestFeed:
    """By our administrator's key, to whom Redmine tells everything; and as each person, to ask what that one sees."""

    def __init__(self, client: RedmineClient) -> None:
        self.client = client
        self.metadata = MetadataCache(client)
        self.users = UserCache(client, self.metadata)
        self.principals = event_mapper.Principals(client, self.users)
        self.changed_issues = ChangedIssues(client)

    async def start(self) -> str:
        """Behind the highest numbers among what was changed last; older ones are told by their times."""
        async with self._reading():
            issues = await self.changed_issues.lately(LATELY)
        now = datetime.now(UTC)
        journals = [json_mapper.number(it, "id") for issue in issues for it in issue.get("journals", ())]
        numbers = [json_mapper.number(issue, "id") for issue in issues]
        updated = max((json_mapper.moment(issue["updated_on"]) for issue in issues), default=now)
        return feed_cursor.beginning(
            max(numbers, default=0), max(journals, default=0), min(updated, now), now
        ).written()

    async def read(self, cursor: str) -> FeedPage:
        began = datetime.now(UTC)
        known = feed_cursor.read(cursor).believed(began)
        async with self._reading():
            found = await self.changed_issues.since(known.since, known.updated)
            wanted = event_mapper.new(found.issues, known)
            events = await self._events(found.issues, wanted) if any(wanted) else []
        ended = datetime.now(UTC)
        # No clock that is put wrong leads beyond now.
        after = known._replace(updated=max(known.updated, min(found.reached, ended)))
        if found.is_whole:  # else there may be lower numbers among what is left
            after = after._replace(
                issues=known.issues.after(wanted.issues, began, ended),
                journals=known.journals.after(wanted.journals, began, ended),
            )
        return FeedPage(tuple(sorted(events, key=lambda it: it.at)), after.written(), not found.is_whole)

    def key(self, entry_id: int) -> str:
        return f"journal.{entry_id}"

    async def event(self, task_id: int, entry_id: int) -> Event | None:
        wanted = event_mapper.Numbers(frozenset(), frozenset({entry_id}))
        async with self._reading():
            issues = [it for it in (await self.changed_issues.issue(task_id),) if it is not None]
            events = await self._events(issues, wanted)
        return next(iter(events), None)

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        at_once = asyncio.Semaphore(PARALLEL)

        async def sees(actor: Actor) -> bool:
            async with at_once:
                return await self._sees(actor, event)

        asked = list(people)
        async with self._reading():
            found = await asyncio.gather(*map(sees, asked))
        return frozenset(actor.id for actor, seen in zip(asked, found, strict=True) if seen)

    async def _events(self, issues: list[JSON], wanted: event_mapper.Numbers) -> list[Event]:
        return await event_mapper.events(self.metadata, self.principals, issues, wanted)

    async def _sees(self, actor: Actor, event: Event) -> bool:
        try:
            await self.users.me(actor)
            path = f"/issues/{event.task_id}.json"
            issue = part(await self.client.get(path, actor.login, [("include", "journals")]), "issue")
        except (LockedOut, NotAllowed, NotFound):
            return False
        except WrongKey:
            # Not for us either, unless it is this login alone that is somebody else's.
            await self.principals.groups_now()
            return False
        kind, _, number = event.key.partition(".")
        seen = {json_mapper.number(journal, "id") for journal in issue.get("journals", ())}
        return kind == "issue" or int(number) in seen

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[None]:
        """Over in time, and an answer that lacks what it must have is BadResponse."""
        try:
            async with within(READ_SECONDS):
                yield
        except json_mapper.BROKEN as error:
            raise json_mapper.bad_response(error) from error


class SqlFeed:
    """The feed by SQL alone. Raises Silent while the database does not answer."""

    def __init__(self, source: Source) -> None:
        self.source, self.database = source, source.database

    async def start(self) -> str:
        return await self.database.run(lambda db: feed.start(db, self.database).written())

    async def read(self, cursor: str) -> FeedPage:
        def work(db: Connection) -> FeedPage:
            return feed.read(db, self.source, feed_cursor.read(cursor).believed(datetime.now(UTC)))

        return await self.database.run(work)

    async def event(self, task_id: int, entry_id: int) -> Event | None:
        return await self.database.run(lambda db: feed.event(db, self.source, task_id, entry_id))

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        ids = [actor.id for actor in people]
        return await self.database.run(lambda db: feed.visible_to(db, self.source.config(db), event, ids))


class FallbackFeed:
    """The feed by SQL; over REST while the database does not answer, or with what can't be read."""

    def __init__(self, sql: SqlFeed, rest: RestFeed) -> None:
        either = sql.source.or_rest
        self.start, self.read = either(sql.start, rest.start), either(sql.read, rest.read)
        self.event, self.key = either(sql.event, rest.event), rest.key
        self._visible_to = either(sql.visible_to, rest.visible_to)

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        return await self._visible_to(event, list(people))
