"""The Feed port over `store`: tasks and entries by their numbers."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_
from sqlmodel import Session

from helpdesk.store import acts, tables
from helpdesk.store import tasks as rows
from helpdesk.store.database import Database
from helpdesk.tasks import watermark
from helpdesk.tasks.embedded.rights import rights, visible
from helpdesk.tasks.feed import Became, Happening, Told
from helpdesk.tasks.model import Actor, Member
from helpdesk.tasks.watermark import Watermark


class EmbeddedFeed:
    """An Actor's id is the account's. `clock` tells the moments of its looks."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.database = database
        self.clock = clock

    async def start(self) -> str:
        task, entry = await self.database.run(acts.last)
        now = self.clock()
        return watermark.written({
            "tasks": watermark.beginning(task, now), "entries": watermark.beginning(entry, now)
        })  # fmt: skip

    async def read(self, position: str) -> Told:
        marks, began = watermark.read(position), self.clock()
        tasks, entries = marks["tasks"], marks["entries"]

        def work(session: Session) -> tuple[list[Happening], list[int], list[int]]:
            created, written = acts.created(session, _range(tasks)), acts.entries(session, _range(entries))
            told = _told(session, created, written) if created or written else []
            return told, [row.id for row in created], [row.id for row in written]

        told, created, written = await self.database.run(work)
        ended = self.clock()
        after = {"tasks": tasks.after(created, began, ended), "entries": entries.after(written, began, ended)}
        return Told(tuple(sorted(told, key=lambda it: it.at)), watermark.written(after))

    def key(self, entry_id: int) -> str:
        return f"entry.{entry_id}"

    async def act(self, task_id: int, entry_id: int) -> Happening | None:
        def work(session: Session) -> list[Happening]:
            return _told(session, (), acts.entry(session, task_id, entry_id))

        return next(iter(await self.database.run(work)), None)

    async def seers(self, happening: Happening, people: Iterable[Actor]) -> frozenset[int]:
        asked = list(people)
        return await self.database.run(lambda session: _seers(session, happening, asked))


def _range(mark: Watermark) -> acts.Range:
    return acts.Range(mark.floor, mark.highest)


def _told(session: Session, created: Iterable[Any], written: Iterable[Any]) -> list[Happening]:
    made, said = list(created), list(written)
    tasks = acts.tasks(session, {row.id for row in made} | {row.task_id for row in said})
    watchers, assigned = defaultdict(set), defaultdict(list)
    changes: defaultdict[int, dict[str, list[Any]]] = defaultdict(dict)
    for task_id, person_id in acts.watchers(session, tasks):
        watchers[task_id].add(person_id)
    for row in acts.assignments(session, tasks):
        assigned[row.task_id].append((row.entry_id, _number(row.old_value)))
    for change in acts.changes(session, [row.id for row in said]):
        changes[change.entry_id].setdefault(change.field, []).append(change)
    statuses = {str(row.id): row.name for row in rows.statuses(session)}
    priorities = {str(row.id): row.name for row in rows.priorities(session)}

    def of(task: Any, entry_id: int) -> Happening:
        """The making of a task, or what is known of it when an entry had been written."""
        later = (old for number, old in assigned[task.id] if number > entry_id)
        return Happening(
            key=f"task.{task.id}",
            task_id=task.id,
            subject=task.subject,
            project_id=task.project_id,
            project=task.project,
            at=task.created_at,
            by=Member(task.author_id, task.full_name, task.email),
            is_new=True,
            author=task.author_id,
            assignees=_people(next(later, task.assignee_id)),
            watchers=frozenset(watchers[task.id]),
        )

    def entry(row: Any) -> Happening:
        by_field = changes[row.id]
        handed = by_field.get("assignee", [])
        return of(tasks[row.task_id], row.id)._replace(
            key=f"entry.{row.id}",
            at=row.created_at,
            by=Member(row.author_id, row.author, row.author_email),
            is_new=False,
            notes=row.notes,
            private=row.is_private,
            status=_became(by_field.get("status"), statuses),
            priority=_became(by_field.get("priority"), priorities),
            was_assigned=bool(handed),
            files=tuple(change.new_value for change in by_field.get("attachment", ())),
            former=_people(*(_number(change.old_value) for change in handed)),
        )

    return [
        *(of(tasks[row.id], 0) for row in made if row.id in tasks),
        *(entry(row) for row in said if row.task_id in tasks),
    ]


def _became(changes: list[Any] | None, names: dict[str, str]) -> Became | None:
    if not changes:
        return None
    old, new = (
        names.get(value, f"#{value}") if value else "" for value in (changes[0].old_value, changes[0].new_value)
    )
    return Became(old, new)


def _people(*numbers: int | None) -> frozenset[int]:
    return frozenset(number for number in numbers if number is not None)


def _number(told: str | None) -> int | None:
    return int(told) if told else None


def _seers(session: Session, happening: Happening, people: Iterable[Actor]) -> frozenset[int]:
    kind, _, number = happening.key.partition(".")
    entry = session.get(tables.Entry, int(number)) if kind == "entry" else None
    task = session.get(tables.Task, happening.task_id)
    if task is None or (kind == "entry" and entry is None):
        return frozenset()
    found = set()
    for actor in people:
        person = session.get(tables.Person, actor.id)
        if person is None or not person.is_active:
            continue
        as_now = actor._replace(is_admin=person.is_admin)
        mine = rights(session, as_now)
        may_read = entry is None or not entry.is_private or entry.author_id == actor.id
        if not (may_read or mine.has(task.project_id, "view_private")):
            continue
        if rows.count(session, and_(rows.TASK.c.id == happening.task_id, visible(mine, as_now))):
            found.add(actor.id)
    return frozenset(found)
