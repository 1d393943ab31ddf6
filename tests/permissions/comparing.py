"""Everybody's view of a world, ours beside Redmine's, and how they differ, in words."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from helpdesk.errors import LockedOut, NotFound
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.lists import CardQuery, TaskQuery
from helpdesk.tasks.model import Actor
from tests.permissions import facts
from tests.permissions.drawing import Row
from tests.permissions.worlds import World

HIDDEN = 4  # so many tasks that a person must not see are asked for by number
SEARCHES = 3
Listed = list[tuple[int, str, tuple[str, ...]]] | None
"""The members of a project; nothing where one may not ask."""


class Counts(NamedTuple):
    """What was compared: `pairs` of a person and a task, of which the person sees `seen`; `tasks` that were opened;
    `blanks`, which are forms of new tasks."""

    worlds: int = 0
    people: int = 0
    pairs: int = 0
    seen: int = 0
    tasks: int = 0
    blanks: int = 0

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*(mine + its for mine, its in zip(self, other, strict=True)))

    def __str__(self) -> str:
        return ", ".join(f"{value:,} {name}" for name, value in self._asdict().items())


class Comparison:
    """One world through `backend`, against Redmine's `answers` by person."""

    def __init__(self, backend: Backend, world: World, answers: dict[int, Row]) -> None:
        self.backend, self.world, self.answers = backend, world, answers
        self.differences: list[str] = []
        self.counts = Counts(worlds=1)

    async def run(self, first_only: bool = False) -> "Comparison":
        """Everybody's view; with `first_only` no further than the first person whose differs."""
        users = self.world.by_id("users")
        for person in self.world.people:
            if first_only and self.differences:
                break
            actor = Actor(person, users[person]["login"], users[person]["admin"])
            if person in self.world.locked:
                await self._locked(actor)
            else:
                await self._person(actor, self.answers[person])
        return self

    async def _locked(self, actor: Actor) -> None:
        try:
            await self.backend.tasks(actor, TaskQuery())
        except LockedOut:
            return
        self._differ(actor, "", "a locked account", "LockedOut", "an answer")

    async def _person(self, actor: Actor, told: Row) -> None:
        self._count(people=1, pairs=len(self.world.tables["issues"]), seen=len(told["visible"]))
        await self._lists(actor, told)
        await self._cards(actor, told)
        await self._hidden(actor, told)
        await self._searches(actor, told)
        for number, expected in told["tasks"].items():
            await self._task(actor, int(number), expected)
        for project, tracker, expected in told["blanks"]:
            await self._blank(actor, project, tracker, expected)

    async def _lists(self, actor: Actor, told: Row) -> None:
        visible, statuses = set(told["visible"]), self.world.by_id("issue_statuses")
        rows = [row for row in self.world.tables["issues"] if row["id"] in visible]
        closed = {row["id"] for row in rows if statuses[row["status_id"]]["is_closed"]}
        begins = {row["default_status_id"] for row in self.world.tables["trackers"]}
        fresh = {row["id"] for row in rows if row["status_id"] in begins} - closed
        self._same(actor, "", "tasks", visible, await self._ids(actor, closed=True))
        self._same(actor, "", "open tasks", visible - closed, await self._ids(actor, closed=False))
        counted = (await self.backend.tasks(actor, TaskQuery(), summed=True)).summary or ()
        self._same(actor, "", "totals", (len(fresh), len(visible - closed - fresh), 0, len(closed)), tuple(counted))
        statistics = await self.backend.statistics(actor, TaskQuery(), datetime.now(UTC))
        self._same(actor, "", "totals of the statistics", tuple(counted), tuple(statistics.summary))
        of_projects = Counter(row["project_id"] for row in rows if row["id"] not in closed)
        divided = {project.id: tasks for project, tasks in statistics.parts.projects} if statistics.parts else {}
        self._same(actor, "", "open tasks by project", dict(of_projects), divided)
        projects = {project.id for project in (await self.backend.vocabulary(actor)).projects}
        self._same(actor, "", "projects", set(told["projects"]), projects)
        for project, expected in told["members"].items():
            self._same(actor, "", f"members of {project}", _listed(expected), await self._members(actor, int(project)))
        creatable = {int(project) for project, trackers in told["creatable"].items() if trackers}
        offered = {project.id for project in await self.backend.projects_for_new(actor)}
        self._same(actor, "", "projects for new tasks", creatable, offered)

    async def _cards(self, actor: Actor, told: Row) -> None:
        """A board of everything: who is on it, how many of each status, and the comments that one may read."""
        visible, statuses = set(told["visible"]), tuple(self.world.by_id("issue_statuses"))
        asked = CardQuery(TaskQuery(per_page=len(self.world.tables["issues"])), statuses, statuses)
        found = await self.backend.cards(actor, lambda _: asked)
        self._same(actor, "", "cards", visible, {card.row.id for card in found.cards})
        totals = Counter(row["status_id"] for row in self.world.tables["issues"] if row["id"] in visible)
        self._same(actor, "", "tasks by status", dict(totals), dict(+Counter(found.totals)))
        journals, counted = self.world.by_id("journals"), {card.row.id: card.comments for card in found.cards}
        for number, expected in told["tasks"].items():
            comments = sum(bool((journals[journal["id"]]["notes"] or "").strip()) for journal in expected["journals"])
            self._same(actor, f"task {number}", "number of comments", comments, counted.get(int(number)))

    async def _members(self, actor: Actor, project: int) -> Listed:
        try:
            return _listed(await self.backend.members(actor, project))
        except NotFound:
            return None

    async def _ids(self, actor: Actor, closed: bool) -> set[int]:
        found: list[int] = []
        page = total = 1
        while len(found) < total:
            got = await self.backend.tasks(actor, TaskQuery(include_closed=closed, sort="id", per_page=40, page=page))
            total, page = got.total, page + 1
            found += [row.id for row in got.rows]
            if not got.rows:
                break
        self._same(actor, "", "total of the list", len(set(found)), total)
        return set(found)

    async def _hidden(self, actor: Actor, told: Row) -> None:
        """What one does not see can't be told from what is not there."""
        dice = Random(f"{self.world.seed} {actor.id}")
        hidden = sorted({row["id"] for row in self.world.tables["issues"]} - set(told["visible"]))
        for number in [*dice.sample(hidden, min(HIDDEN, len(hidden))), 1]:
            try:
                await self.backend.task(actor, number)
                self._differ(actor, f"task {number}", "may be opened", False, True)
            except NotFound:
                pass

    async def _searches(self, actor: Actor, told: Row) -> None:
        """A comment is found by its words by whoever may read it, and by nobody else."""
        for number, journal in list(self._comments(told))[:SEARCHES]:
            found = await self.backend.tasks(actor, TaskQuery(search=journal["notes"], include_closed=True))
            shown = {each["id"] for each in told["tasks"][number]["journals"]}
            self._same(actor, f"task {number}", f"found by the words of comment {journal['id']}",
                       journal["id"] in shown, int(number) in {row.id for row in found.rows})  # fmt: skip

    def _comments(self, told: Row) -> Iterator[tuple[str, Row]]:
        """Comments on tasks that were looked at, private ones first."""
        journals = sorted(self.world.tables["journals"], key=lambda row: not row["private_notes"])
        for row in journals:
            if str(row["journalized_id"]) in told["tasks"] and (row["notes"] or "").startswith("Note"):
                yield str(row["journalized_id"]), row

    async def _task(self, actor: Actor, number: int, told: Row) -> None:
        self._count(tasks=1)
        try:
            ours = facts.task_of_ours(await self.backend.task(actor, number))
        except NotFound:
            return self._differ(actor, f"task {number}", "may be opened", True, False)
        self._all_same(actor, f"task {number}", facts.task_of_redmine(self.world, number, told), ours)

    async def _blank(self, actor: Actor, project: int, tracker: int, told: Row) -> None:
        self._count(blanks=1)
        what = f"a new task of project {project}, tracker {tracker}"
        try:
            ours = facts.blank_of_ours(await self.backend.new_task_form(actor, project, tracker))
        except NotFound:
            return self._differ(actor, what, "may be made", True, False)
        self._all_same(actor, what, facts.blank_of_redmine(self.world, told), ours)

    def _all_same(self, actor: Actor, thing: str, redmine: facts.Facts, ours: facts.Facts) -> None:
        for what, expected in redmine.items():
            self._same(actor, thing, what, expected, ours[what])

    def _same(self, actor: Actor, thing: str, what: str, redmine: Any, ours: Any) -> None:
        if redmine != ours:
            self._differ(actor, thing, what, *_apart(redmine, ours))

    def _differ(self, actor: Actor, thing: str, what: str, redmine: Any, ours: Any) -> None:
        who = f"seed {self.world.seed}, person {actor.id}{' (administrator)' if actor.is_admin else ''}"
        self.differences.append(f"{who}{', ' if thing else ''}{thing}: {what}: Redmine {redmine}, ours {ours}")

    def _count(self, **more: int) -> None:
        self.counts = self.counts.plus(Counts(**more))


def _listed(found: Iterable[Any] | None) -> Listed:
    return None if found is None else sorted((number, name, tuple(roles)) for number, name, roles in found)


def _apart(redmine: Any, ours: Any) -> tuple[Any, Any]:
    """Of long things only what the other does not have."""
    if isinstance(redmine, set) and isinstance(ours, set):
        return sorted(redmine - ours), sorted(ours - redmine)
    if isinstance(redmine, list) and isinstance(ours, list) and sorted(redmine) != sorted(ours):
        return [one for one in redmine if one not in ours], [one for one in ours if one not in redmine]
    return redmine, ours
