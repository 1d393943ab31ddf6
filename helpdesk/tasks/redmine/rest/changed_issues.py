"""The issues that were changed of late, over REST: each read again only when that may tell something new."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import takewhile
from typing import NamedTuple

from helpdesk.errors import NotAllowed, NotFound
from helpdesk.redmine_client import JSON, RedmineClient, part
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.metadata_cache import items
from helpdesk.tasks.watermark import LONGEST_WRITE

PAGE = 100
STEP = 90
"""Pages overlap: what is deleted between two of them moves others to the page before."""
READ_AT_ONCE = 25
PARALLEL = 5


class CachedIssue(NamedTuple):
    """An issue as it was read last; seconds of the clock when it was first seen with its `updated`, and read.

    `updated` is in whole seconds: another change of the same second does not move it. So an issue is read again, with
    growing pauses, until no write of that second can still be on its way.
    """

    updated: datetime
    issue: JSON | None
    seen: float
    read: float
    is_settled: bool

    def is_due(self, now: float) -> bool:
        """Whether to read it again."""
        known = self.read - self.seen
        return not self.is_settled and known <= LONGEST_WRITE.total_seconds() and now - self.seen >= 2 * known


class ChangedPage(NamedTuple):
    """Issues with their journals and watchers. `reached` is the last `updated_on` up to which all are here, `is_whole`
    whether there are no more."""

    issues: list[JSON]
    reached: datetime
    is_whole: bool


class ChangedIssues:
    """By our administrator's key. `ticks` are seconds of a clock that is never put back."""

    def __init__(self, client: RedmineClient, ticks: Callable[[], float] = time.monotonic) -> None:
        self.client = client
        self.ticks = ticks
        self.cached: dict[int, CachedIssue] = {}
        self.at_once = asyncio.Semaphore(PARALLEL)

    async def since(self, since: datetime, reached: datetime) -> ChangedPage:
        """The issues changed since, oldest first, of which READ_AT_ONCE are read that were not known."""
        now, listed = self.ticks(), await self._listed(since)
        unread = [each for each in listed if not self._is_known(*each)]
        left_over = set(unread[READ_AT_ONCE:])
        chosen = list(takewhile(lambda each: each not in left_over, listed))
        due = [each for each in chosen if self._is_known(*each) and self.cached[each[0]].is_due(now)]
        due.sort(key=lambda each: self.cached[each[0]].read)
        reads = [*unread[:READ_AT_ONCE], *due[:READ_AT_ONCE]]
        await asyncio.gather(*(self._read(number, updated, now) for number, updated in reads))
        wanted = {number for number, _ in listed}
        self.cached = {number: cached for number, cached in self.cached.items() if number in wanted}
        issues = [issue for number, _ in chosen if (issue := self.cached[number].issue) is not None]
        return ChangedPage(issues, max([reached, *(updated for _, updated in chosen)]), not left_over)

    async def lately(self, number: int) -> list[JSON]:
        """So many issues that were changed last, the last one first; what is gone meanwhile is not among them."""
        found = await self.client.get_fixed(
            "/issues.json", None, [*_ALL, ("sort", "updated_on:desc"), ("limit", number)]
        )
        numbers = [json_mapper.number(issue, "id") for issue in items(found, "issues")]
        found_again = await asyncio.gather(*map(self.issue, numbers))
        return [issue for issue in found_again if issue is not None]

    async def issue(self, number: int) -> JSON | None:
        """The issue with its journals and watchers; None when it is gone meanwhile."""
        try:
            async with self.at_once:
                found = await self.client.get(f"/issues/{number}.json", None, [("include", "journals,watchers")])
        except (NotFound, NotAllowed):
            return None
        return part(found, "issue")

    async def _listed(self, since: datetime) -> list[tuple[int, datetime]]:
        """Number and `updated_on` of each in that order, as far as there is something to read.

        Pages go on from the last moment seen, not by counting: what is changed between two of them goes to the end.
        """
        found: dict[int, datetime] = {}
        offset = 0
        while True:
            page = await self._page(since, offset)
            found |= {json_mapper.number(issue, "id"): json_mapper.moment(issue["updated_on"]) for issue in page}
            listed = sorted(found.items(), key=lambda each: (each[1], each[0]))
            unread = sum(not self._is_known(*each) for each in listed)
            if len(page) < PAGE or unread > READ_AT_ONCE:
                return listed
            last = listed[-1][1]
            since, offset = (last, 0) if last > since else (since, offset + STEP)

    async def _page(self, since: datetime, offset: int) -> list[JSON]:
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        which: list[tuple[str, str | int]] = [("updated_on", f">={moment}"), ("sort", "updated_on,id")]
        which += [*_ALL, ("limit", PAGE), ("offset", offset)]
        return items(await self.client.get_fixed("/issues.json", None, which), "issues")

    def _is_known(self, number: int, updated: datetime) -> bool:
        cached = self.cached.get(number)
        return cached is not None and cached.updated == updated

    async def _read(self, number: int, updated: datetime, now: float) -> None:
        """Keep the issue as it is now. One that was changed long ago, whosever clock is right, is settled."""
        issue = await self.issue(number)
        seen = self.cached[number].seen if self._is_known(number, updated) else now
        self.cached[number] = CachedIssue(updated, issue, seen, now, datetime.now(UTC) - updated > 2 * LONGEST_WRITE)


_ALL: list[tuple[str, str | int]] = [("status_id", "*")]
