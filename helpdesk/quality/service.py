"""Quality control over the tasks of the backend, or over those of a second Redmine."""

from collections.abc import Awaitable, Callable
from typing import Literal

from helpdesk.people.model import SignedIn
from helpdesk.quality.model import Numbers, QualityChoices, chosen
from helpdesk.quality.procedures import Procedures
from helpdesk.reports.source import ReportSource
from helpdesk.store import quality_choices
from helpdesk.store.database import Database
from helpdesk.tasks.model import Actor

Name = Literal["main", "quality"]
Identify = Callable[[SignedIn], Awaitable[Actor]]


class Quality:
    """The tasks are those of `source`, which `name` says: "main" is the backend, "quality" the second Redmine.

    `given` are the ids of the settings, which hold until administrators choose. `address` is that of the second
    Redmine, if known; `procedures` are the stored procedures of its database.
    """

    def __init__(
        self,
        name: Name,
        source: ReportSource,
        database: Database,
        identify: Identify,
        given: Numbers,
        projects: tuple[int, ...] = (),
        address: str | None = None,
        procedures: Procedures | None = None,
    ) -> None:
        self.name, self.source, self.database, self.identify = name, source, database, identify
        self.given, self.projects, self.address, self.procedures = given, projects, address, procedures

    async def choices(self) -> QualityChoices:
        """Return what counts as what: as administrators chose, or else as the settings say."""
        return chosen(await self.numbers() or self.given, self.projects)

    async def numbers(self) -> dict[str, tuple[int, ...]]:
        """Return what administrators chose, if anything."""
        return await self.database.run(quality_choices.all)

    async def actor(self, signed_in: SignedIn) -> Actor:
        """Return who the person is there. Raises NotAllowed for those who are nobody there."""
        return await self.identify(signed_in)

    def task_address(self, task_id: int) -> str | None:
        """Return the address of a task in the second Redmine; None for tasks that have a page here, or without one."""
        return f"{self.address}/issues/{task_id}" if self.name == "quality" and self.address else None
