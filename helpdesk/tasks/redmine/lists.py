"""Lists of tasks over Redmine's REST API, and the words to ask for them with."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime

from helpdesk.errors import LockedOut, Nonsense, NotAllowed, NotFound
from helpdesk.redmine_client import JSON
from helpdesk.tasks.lists import Asked, Summary, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.tasks.projects import ProjectMember, with_descendants
from helpdesk.tasks.redmine import listing, reading
from helpdesk.tasks.redmine.asking import Asking
from helpdesk.tasks.redmine.words import PAGE, items
from helpdesk.tasks.statistics import Statistics, whatever_status


class Lists(Asking):
    async def vocabulary(self, actor: Actor) -> Vocabulary:
        async with self.asking():
            return await self._words(actor)

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        async with self.asking():
            await self.look_up.me(actor)
            return await self.look_up.members(actor, project_id)

    async def tasks(self, actor: Actor, asked: Asked, *, summed: bool = False) -> TaskPage:
        async with self.asking():
            words, query = None, asked
            if callable(query):
                words = await self._words(actor)
                query = query(words)
            await self.look_up.me(actor)
            page, summary = await asyncio.gather(self._page(actor, query), self._summary(actor, query, summed))
            return page._replace(summary=summary, words=words)

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        async with self.asking():
            mine, ids = await self.look_up.me(actor), sorted(task_ids)
            pages = [
                await self._list(actor, listing.with_ids(ids[place : place + PAGE]), PAGE, 0)
                for place in range(0, len(ids), PAGE)
            ]
            issues = [issue for found, _ in pages for issue in found]
            places = {reading.number(issue, "id"): reading.ref(issue["project"]).id for issue in issues}
            rights = {place: await self.look_up.rights_in(mine, place) for place in set(places.values())}
            return {number: rights[place].has("view_private_notes") for number, place in places.items()}

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime) -> Statistics:
        """No more than the summary: each other number would be a request of its own."""
        summary = (await Lists.tasks(self, actor, query._replace(page=1, per_page=1), summed=True)).summary
        assert summary is not None
        return Statistics(summary)

    async def _words(self, actor: Actor) -> Vocabulary:
        await self.look_up.me(actor)
        look = self.look_up
        return Vocabulary(
            await look.statuses(), await look.priorities(), await look.projects(actor), await look.trackers()
        )

    async def _page(self, actor: Actor, query: TaskQuery) -> TaskPage:
        issues, total = await self._list(actor, await self._filters(actor, query), query.per_page, query.offset)
        priorities = await self.look_up.priorities()
        return TaskPage(tuple(reading.row(issue, priorities) for issue in issues), total, query)

    async def _summary(self, actor: Actor, query: TaskQuery, summed: bool) -> Summary | None:
        """Three small requests, side by side."""
        if not summed:
            return None
        kinds = listing.statuses_of_summary(await self.look_up.statuses())
        asked = await self._filters(actor, whatever_status(query))
        counts = await asyncio.gather(*(self._list(actor, asked | {"status_id": kind}, 1, 0) for kind in kinds))
        return Summary(*(total for _, total in counts))

    async def _filters(self, actor: Actor, query: TaskQuery) -> listing.Filters:
        """What to ask Redmine for, with the projects below those that were chosen."""
        if query.project_ids:
            wanted = with_descendants(query.project_ids, await self.look_up.projects(actor))
            query = query._replace(project_ids=wanted)
        return listing.filters(query)

    async def _list(self, actor: Actor, filters: listing.Filters, limit: int, offset: int) -> tuple[list[JSON], int]:
        """Issues of one page and how many there are. Redmine answers 403 to somebody who may view issues nowhere."""
        try:
            found = await self.client.get("/issues.json", actor.login, listing.params(filters, limit, offset))
        except LockedOut:
            raise
        except NotAllowed:
            return [], 0
        except NotFound as error:
            raise Nonsense(detail=error.detail) from error
        return items(found, "issues"), reading.number(found, "total_count")
