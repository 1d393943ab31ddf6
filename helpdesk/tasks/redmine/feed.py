"""The Feed port over Redmine: its database where there is one, its REST API while that does not answer.

Both return the same events under the same keys and go on from the same cursor. SQL reads the rows above the floors;
REST reads issues changed since `FeedCursor.since` and returns their events above the floors.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy.engine import Connection

from helpdesk.errors import LockedOut, NotAllowed, NotFound, WrongKey
from helpdesk.redmine_client import JSON, RedmineClient, part
from helpdesk.tasks.feed import Event, FeedPage
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine import feed_model
from helpdesk.tasks.redmine.rest import feed as rest_feed
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.sql import feed as sql_feed
from helpdesk.tasks.redmine.sql.source import Source

READ_SECONDS = 30.0
"""The limit of one poll, in which many issues may be read."""
LATEST_ISSUES = 25
"""The issues from which a feed learns where to begin."""


class RestFeed:
    """Reads everything with our administrator's key, and as each person what that person sees."""

    def __init__(self, client: RedmineClient) -> None:
        self.calls = RestCalls(client)
        self.principals = rest_feed.Principals(client, self.calls.users)
        self.changed_issues = rest_feed.ChangedIssues(client)

    async def start(self) -> str:
        """Return the cursor behind the highest numbers in the last changed issues."""
        async with self.calls.reading(READ_SECONDS):
            issues = await self.changed_issues.latest(LATEST_ISSUES)
        now = datetime.now(UTC)
        journals = [json_mapper.number(it, "id") for issue in issues for it in issue.get("journals", ())]
        numbers = [json_mapper.number(issue, "id") for issue in issues]
        updated = max((json_mapper.moment(issue["updated_on"]) for issue in issues), default=now)
        return feed_model.cursor_behind(
            max(numbers, default=0), max(journals, default=0), min(updated, now), now
        ).written()

    async def read(self, cursor: str) -> FeedPage:
        began = datetime.now(UTC)
        known = feed_model.read_cursor(cursor).believed(began)
        async with self.calls.reading(READ_SECONDS):
            page = await self.changed_issues.since(known.since, known.updated)
            wanted = rest_feed.new(page.issues, known)
            events = await self._events(page.issues, wanted) if any(wanted) else []
        ended = datetime.now(UTC)
        # A wrong clock leads no further than now.
        after = known._replace(updated=max(known.updated, min(page.reached, ended)))
        if page.is_whole:  # else the rest may hold lower numbers
            after = after._replace(
                issues=known.issues.after(wanted.issues, began, ended),
                journals=known.journals.after(wanted.journals, began, ended),
            )
        return FeedPage(tuple(sorted(events, key=lambda it: it.at)), after.written(), not page.is_whole)

    def key(self, entry_id: int) -> str:
        return f"journal.{entry_id}"

    async def event(self, task_id: int, entry_id: int) -> Event | None:
        wanted = rest_feed.Numbers(frozenset(), frozenset({entry_id}))
        async with self.calls.reading(READ_SECONDS):
            issue = await self.changed_issues.issue(task_id)
            events = await self._events([issue], wanted) if issue is not None else []
        return next(iter(events), None)

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        at_once = asyncio.Semaphore(rest_feed.PARALLEL)

        async def sees(actor: Actor) -> bool:
            async with at_once:
                return await self._sees(actor, event)

        actors = list(people)
        async with self.calls.reading(READ_SECONDS):
            answers = await asyncio.gather(*map(sees, actors))
        return frozenset(actor.id for actor, is_visible in zip(actors, answers, strict=True) if is_visible)

    async def _events(self, issues: list[JSON], wanted: rest_feed.Numbers) -> list[Event]:
        return await rest_feed.events(self.calls.metadata, self.principals, issues, wanted)

    async def _sees(self, actor: Actor, event: Event) -> bool:
        try:
            await self.calls.users.me(actor)
            path = f"/issues/{event.task_id}.json"
            issue = part(await self.calls.client.get(path, actor.login, [("include", "journals")]), "issue")
        except (LockedOut, NotAllowed, NotFound):
            return False
        except WrongKey:
            # The key fails for us as well, unless only this login is somebody else's.
            await self.principals.groups_now()
            return False
        kind, _, number = event.key.partition(".")
        journals = {json_mapper.number(journal, "id") for journal in issue.get("journals", ())}
        return kind == "issue" or int(number) in journals


class SqlFeed:
    """Reads by SQL alone. Raises Silent while the database does not answer."""

    def __init__(self, source: Source) -> None:
        self.source, self.database = source, source.database

    async def start(self) -> str:
        return await self.database.run(lambda db: sql_feed.start(db, self.database).written())

    async def read(self, cursor: str) -> FeedPage:
        def work(db: Connection) -> FeedPage:
            return sql_feed.read(db, self.source, feed_model.read_cursor(cursor).believed(datetime.now(UTC)))

        return await self.database.run(work)

    async def event(self, task_id: int, entry_id: int) -> Event | None:
        return await self.database.run(lambda db: sql_feed.event(db, self.source, task_id, entry_id))

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        ids = [actor.id for actor in people]
        return await self.database.run(lambda db: sql_feed.visible_to(db, self.source.config(db), event, ids))


class FallbackFeed:
    """The feed by SQL; over REST while the database does not answer, or with what can't be read."""

    def __init__(self, sql: SqlFeed, rest: RestFeed) -> None:
        either = sql.source.or_rest
        self.start, self.read = either(sql.start, rest.start), either(sql.read, rest.read)
        self.event, self.key = either(sql.event, rest.event), rest.key
        self._visible_to = either(sql.visible_to, rest.visible_to)

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        return await self._visible_to(event, list(people))
