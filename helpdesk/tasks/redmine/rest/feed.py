"""Recently changed issues over REST, and the events in their journals.

An issue is read again only when that may show something new.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import takewhile
from typing import NamedTuple

from helpdesk.errors import NotAllowed, NotFound, WrongKey
from helpdesk.redmine_client import JSON, RedmineClient, part
from helpdesk.tasks.feed import Event
from helpdesk.tasks.redmine import feed_model
from helpdesk.tasks.redmine.feed_model import Detail, FeedCursor
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.metadata_cache import MetadataCache, items, names_by_id
from helpdesk.tasks.redmine.rest.user_cache import UserCache
from helpdesk.tasks.watermark import LONGEST_WRITE

PAGE = 100
STEP = 90
"""Pages overlap: what is deleted between two of them moves others to the page before."""
READ_AT_ONCE = 25
PARALLEL = 5


class CachedIssue(NamedTuple):
    """An issue as last read; `seen` and `read` are seconds of the clock: first seen with this `updated`, last read.

    `updated` is in whole seconds: another change of the same second does not move it. So an issue is read again, with
    growing pauses, until no write of that second can still be under way.
    """

    updated: datetime
    issue: JSON | None
    seen: float
    read: float
    is_settled: bool

    def is_due(self, now: float) -> bool:
        """Whether to read it again."""
        age = self.read - self.seen
        return not self.is_settled and age <= LONGEST_WRITE.total_seconds() and now - self.seen >= 2 * age


class ChangedPage(NamedTuple):
    """Issues with their journals and watchers, all up to the moment `reached`; `is_whole`: there are no more."""

    issues: list[JSON]
    reached: datetime
    is_whole: bool


class ChangedIssues:
    """Reads with our administrator's key. `ticks` are seconds of a monotonic clock."""

    def __init__(self, client: RedmineClient, ticks: Callable[[], float] = time.monotonic) -> None:
        self.client = client
        self.ticks = ticks
        self.cached: dict[int, CachedIssue] = {}
        self.at_once = asyncio.Semaphore(PARALLEL)

    async def since(self, since: datetime, reached: datetime) -> ChangedPage:
        """Return the issues changed since, oldest first; of those not read yet READ_AT_ONCE are read."""
        now, listed = self.ticks(), await self._listed(since)
        unread = [each for each in listed if not self._is_known(*each)]
        left_over = set(unread[READ_AT_ONCE:])
        chosen = list(takewhile(lambda each: each not in left_over, listed))
        due = [each for each in chosen if self._is_known(*each) and self.cached[each[0]].is_due(now)]
        due.sort(key=lambda each: self.cached[each[0]].read)
        reads = [*unread[:READ_AT_ONCE], *due[:READ_AT_ONCE]]
        await asyncio.gather(*(self._read(number, updated, now) for number, updated in reads))
        listed_ids = {number for number, _ in listed}
        self.cached = {number: cached for number, cached in self.cached.items() if number in listed_ids}
        issues = [issue for number, _ in chosen if (issue := self.cached[number].issue) is not None]
        return ChangedPage(issues, max([reached, *(updated for _, updated in chosen)]), not left_over)

    async def latest(self, number: int) -> list[JSON]:
        """Return so many issues that were changed last, the last one first, without those deleted meanwhile."""
        issues = await self._list([("status_id", "*"), ("sort", "updated_on:desc"), ("limit", number)])
        read = await asyncio.gather(*(self.issue(json_mapper.number(issue, "id")) for issue in issues))
        return [issue for issue in read if issue is not None]

    async def issue(self, number: int) -> JSON | None:
        """Return the issue with its journals and watchers; None when it was deleted meanwhile."""
        try:
            async with self.at_once:
                answer = await self.client.get(f"/issues/{number}.json", None, [("include", "journals,watchers")])
        except (NotFound, NotAllowed):
            return None
        return part(answer, "issue")

    async def _listed(self, since: datetime) -> list[tuple[int, datetime]]:
        """Return number and `updated_on` of each in that order, until there is enough to read.

        Pages go on from the last moment seen, not by counting: an issue changed between two of them goes to the end.
        """
        updates: dict[int, datetime] = {}
        offset = 0
        while True:
            page = await self._page(since, offset)
            updates |= {json_mapper.number(issue, "id"): json_mapper.moment(issue["updated_on"]) for issue in page}
            listed = sorted(updates.items(), key=lambda each: (each[1], each[0]))
            unread = sum(not self._is_known(*each) for each in listed)
            if len(page) < PAGE or unread > READ_AT_ONCE:
                return listed
            last = listed[-1][1]
            since, offset = (last, 0) if last > since else (since, offset + STEP)

    async def _page(self, since: datetime, offset: int) -> list[JSON]:
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        order, page = ("sort", "updated_on,id"), [("limit", PAGE), ("offset", offset)]
        return await self._list([("updated_on", f">={moment}"), order, ("status_id", "*"), *page])

    async def _list(self, params: list[tuple[str, str | int]]) -> list[JSON]:
        return items(await self.client.get_fixed("/issues.json", None, params), "issues")

    def _is_known(self, number: int, updated: datetime) -> bool:
        cached = self.cached.get(number)
        return cached is not None and cached.updated == updated

    async def _read(self, number: int, updated: datetime, now: float) -> None:
        """Cache the issue as it is now. One that was changed long ago, by any of the two clocks, is settled."""
        issue = await self.issue(number)
        seen = self.cached[number].seen if self._is_known(number, updated) else now
        self.cached[number] = CachedIssue(updated, issue, seen, now, datetime.now(UTC) - updated > 2 * LONGEST_WRITE)


class Principals:
    """Finds the people behind a number: a group stands for its members. Cached as long as people's rights are."""

    def __init__(self, client: RedmineClient, users: UserCache) -> None:
        self.client = client
        self.users = users

    async def groups(self) -> frozenset[int]:
        """Return the numbers of all groups. Raises WrongKey for a key that is no administrator's."""
        return await self.users.access.get("groups", self.groups_now)

    async def groups_now(self) -> frozenset[int]:
        """Return the groups, past the cache."""
        try:
            answer = await self.client.get("/groups.json")
        except (NotFound, NotAllowed) as error:
            raise WrongKey(detail=f"the key is no administrator's: {error.detail}") from error
        return frozenset(json_mapper.number(group, "id") for group in items(answer, "groups"))

    async def people(self, *ids: int | None) -> frozenset[int]:
        """Return the people behind these numbers."""
        groups, numbers = await self.groups(), {each for each in ids if each is not None}
        members = await asyncio.gather(*(self._members(each) for each in numbers & groups))
        return frozenset(numbers - groups).union(*members)

    async def _members(self, group: int) -> frozenset[int]:
        async def fetch() -> frozenset[int]:
            try:
                data = part(await self.client.get(f"/groups/{group}.json", None, [("include", "users")]), "group")
            except (NotFound, NotAllowed):
                return frozenset()
            return frozenset(json_mapper.number(user, "id") for user in data.get("users", ()))

        return await self.users.access.get(("group", group), fetch)


class Numbers(NamedTuple):
    """The numbers of issues and journals above a cursor's floors."""

    issues: frozenset[int]
    journals: frozenset[int]


def new(issues: Iterable[JSON], known: FeedCursor) -> Numbers:
    """Return the numbers of new issues and journals. Older ones may be above a floor that began without them."""
    listed = list(issues)
    journals = (journal for issue in listed for journal in issue.get("journals", ()))
    return Numbers(
        frozenset(_above(listed, known.issues.floor, known)), frozenset(_above(journals, known.journals.floor, known))
    )


def _above(listed: Iterable[JSON], floor: int, known: FeedCursor) -> Iterable[int]:
    for it in listed:
        if json_mapper.number(it, "id") > floor and json_mapper.moment(it["created_on"]) >= known.begun:
            yield json_mapper.number(it, "id")


async def events(
    metadata: MetadataCache, principals: Principals, issues: Iterable[JSON], wanted: Numbers
) -> list[Event]:
    """Return the events of these numbers."""
    statuses, priorities = names_by_id(await metadata.statuses()), names_by_id(await metadata.priorities())
    result = []
    for issue in issues:
        journals = issue.get("journals", [])
        if issue["id"] in wanted.issues:
            creation = await _event(principals, issue, 0)
            result.append(creation._replace(notes=json_mapper.plain(issue.get("description"))))
        for journal in journals:
            if journal["id"] not in wanted.journals:
                continue
            details = _details(journal)
            change = feed_model.assignee_change(journal["id"], details)
            event = await _event(principals, issue, journal["id"])
            result.append(
                event._replace(
                    key=f"journal.{journal['id']}",
                    at=json_mapper.moment(journal["created_on"]),
                    by=json_mapper.member(journal.get("user")),
                    is_new=False,
                    notes=json_mapper.plain(journal.get("notes")),
                    private=journal.get("private_notes") is True,
                    status=feed_model.attribute_change(details, "status_id", statuses),
                    priority=feed_model.attribute_change(details, "priority_id", priorities),
                    was_assigned=change is not None,
                    files=feed_model.attached_files(details),
                    former=await principals.people(change.old) if change else frozenset(),
                )
            )
    return result


async def _event(principals: Principals, issue: JSON, journal: int) -> Event:
    """Return the creation of an issue, with its assignees after a journal."""
    project, author, present = json_mapper.ref(issue["project"]), issue.get("author"), issue.get("assigned_to")
    journals = issue.get("journals", ())
    changes = (feed_model.assignee_change(json_mapper.number(it, "id"), _details(it)) for it in journals)
    present_id = json_mapper.ref(present).id if present else None
    assignee = feed_model.assignee_after(journal, filter(None, changes), present_id)
    return Event(
        key=f"issue.{issue['id']}",
        task_id=issue["id"],
        subject=json_mapper.text(issue, "subject"),
        project_id=project.id,
        project=project.name,
        at=json_mapper.moment(issue["created_on"]),
        by=json_mapper.member(author),
        is_new=True,
        author=json_mapper.ref(author).id if author else None,
        assignees=await principals.people(assignee),
        watchers=await principals.people(*(json_mapper.number(one, "id") for one in issue.get("watchers", ()))),
    )


def _details(journal: JSON) -> list[Detail]:
    return [
        Detail(json_mapper.text(it, "property"), json_mapper.text(it, "name"), it.get("old_value"), it.get("new_value"))
        for it in journal.get("details", ())
    ]
