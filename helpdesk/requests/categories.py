"""The categories of requests that lead somewhere now."""

from helpdesk.requests.model import Category, Requester
from helpdesk.requests.source import RequestSource
from helpdesk.store import request_categories
from helpdesk.store.database import Database
from helpdesk.store.models.tables import RequestCategory


class Categories:
    """The active categories that administrators keep; while there are none, the projects in which a person may create.

    The id of such a project is its own made negative, so that it never names a category that is made later.
    """

    def __init__(self, database: Database, source: RequestSource) -> None:
        self.database, self.source = database, source

    async def offered(self, who: Requester) -> tuple[Category, ...]:
        """Return the categories in their order; one whose project is gone or archived is left out."""
        kept = await self.database.run(request_categories.active)
        if not kept:
            return await self._projects(who)
        open_projects = await self.source.projects()
        return tuple(_category(it) for it in kept if it.project_id in open_projects)

    async def _projects(self, who: Requester) -> tuple[Category, ...]:
        projects = await self.source.own_projects(who)
        return tuple(Category(-it.id, it.name, "", it.id, None) for it in projects)


def _category(row: RequestCategory) -> Category:
    assert row.id is not None
    return Category(row.id, row.name, row.hint, row.project_id, row.tracker_id)
