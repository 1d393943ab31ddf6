"""The Feed port over `store`: reads tasks and entries by their numbers."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlmodel import Session

from helpdesk.errors import StoreUnavailable, Unavailable
from helpdesk.reports.model import Involved
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.tracker import task_events
from helpdesk.store.tracker import tasks as rows
from helpdesk.tasks import watermark
from helpdesk.tasks.embedded.permissions import EVERYTHING, visible_to
from helpdesk.tasks.feed import Change, Event, FeedPage
from helpdesk.tasks.model import Actor, Member

T = TypeVar("T")

IsNamed = Callable[[str, str], bool]


class EmbeddedFeed:
    """An Actor's id is the account's. `clock` gives the moments of polls; `is_named` names accounts (directory, login)
    that are administrators whatever the store says."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        is_named: IsNamed = lambda source, login: False,
    ) -> None:
        self.database = database
        self.clock = clock
        self.is_named = is_named

    async def start(self) -> str:
        task, entry = await self._ask(task_events.highest_ids)
        now = self.clock()
        return watermark.written({
            "tasks": watermark.beginning(task, now), "entries": watermark.beginning(entry, now)
        })  # fmt: skip

    async def read(self, cursor: str) -> FeedPage:
        marks, began = watermark.read(cursor), self.clock()
        tasks, entries = marks["tasks"], marks["entries"]

        def work(session: Session) -> tuple[list[Event], list[int], list[int]]:
            created = task_events.new_tasks(session, task_events.IdRange(tasks.floor, tasks.highest))
            written = task_events.new_entries(session, task_events.IdRange(entries.floor, entries.highest))
            events = list(_EventMapper(session, created, written).events()) if created or written else []
            return events, [row.id for row in created], [row.id for row in written]

        events, created, written = await self._ask(work)
        ended = self.clock()
        after = {"tasks": tasks.after(created, began, ended), "entries": entries.after(written, began, ended)}
        more = max(tasks.new(created), entries.new(written)) >= task_events.NEW_AT_ONCE
        return FeedPage(tuple(sorted(events, key=lambda it: it.at)), watermark.written(after), more)

    def key(self, entry_id: int) -> str:
        return f"entry.{entry_id}"

    async def event(self, task_id: int, entry_id: int) -> Event | None:
        return await self._ask(
            lambda session: next(
                _EventMapper(session, (), task_events.entry(session, task_id, entry_id)).events(), None
            )
        )

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        ids = {actor.id for actor in people}
        return await self._ask(lambda session: _visible_to(session, event, ids, self.is_named))

    async def _ask(self, work: Callable[[Session], T]) -> T:
        """Read the store. Raises Unavailable when it does not answer, for it is the backend here."""
        try:
            return await self.database.run(work)
        except StoreUnavailable as error:
            raise Unavailable(detail=str(error)) from error


class _EventMapper:
    """Reads the parts of new tasks and entries, and maps them to events."""

    def __init__(self, session: Session, created: Sequence[Any], written: Sequence[Any]) -> None:
        self.new_tasks, self.new_entries = created, written
        self.tasks = task_events.tasks(session, {row.id for row in created} | {row.task_id for row in written})
        self.changes: defaultdict[int, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for change in task_events.changes(session, [row.id for row in written]):
            self.changes[change.entry_id][change.field].append(change)
        self.assigned: defaultdict[int, list[tuple[int, int | None]]] = defaultdict(list)
        for row in task_events.assignments(session, self.tasks):
            self.assigned[row.task_id].append((row.entry_id, _number(row.old_value)))
        self.watchers: defaultdict[int, set[int]] = defaultdict(set)
        for task_id, person_id in task_events.watchers(session, self.tasks):
            self.watchers[task_id].add(person_id)
        self.statuses = {str(row.id): row.name for row in rows.statuses(session)}
        self.priorities = {str(row.id): row.name for row in rows.priorities(session)}

    def events(self) -> Iterator[Event]:
        yield from (self.created(row) for row in self.new_tasks if row.id in self.tasks)
        yield from (self.entry(row) for row in self.new_entries if row.task_id in self.tasks)

    def created(self, row: Any) -> Event:
        task = self.tasks[row.id]
        author = Member(task.author_id, task.full_name, task.email)
        return self._of(row.id, 0)._replace(key=f"task.{row.id}", by=author, notes=row.description, is_new=True)

    def entry(self, row: Any) -> Event:
        changes = self.changes[row.id]
        assignments = changes.get("assignee", ())
        return self._of(row.task_id, row.id)._replace(
            key=f"entry.{row.id}",
            at=row.created_at,
            by=Member(row.author_id, row.author, row.author_email),
            notes=row.notes,
            private=row.is_private,
            status=_change(changes.get("status"), self.statuses),
            priority=_change(changes.get("priority"), self.priorities),
            was_assigned=bool(assignments),
            files=tuple(change.new_value for change in changes.get("attachment", ())),
            former=_people(*(_number(change.old_value) for change in assignments)),
        )

    def _of(self, task_id: int, entry_id: int) -> Event:
        task = self.tasks[task_id]
        later = (old for number, old in self.assigned.get(task_id, ()) if number > entry_id)
        return Event(
            key="",
            task_id=task_id,
            subject=task.subject,
            project_id=task.project_id,
            project=task.project,
            at=task.created_at,
            by=None,
            author=task.author_id,
            assignees=_people(next(later, task.assignee_id)),
            watchers=frozenset(self.watchers.get(task_id, ())),
        )


def involved(session: Session, task_ids: Collection[int]) -> dict[int, Involved]:
    """Return the people of those of these tasks that are there."""
    watchers: defaultdict[int, set[int]] = defaultdict(set)
    for task_id, person_id in task_events.watchers(session, task_ids):
        watchers[task_id].add(person_id)
    return {
        id: Involved(row.subject, row.project_id, _people(row.assignee_id), frozenset(watchers[id]))
        for id, row in task_events.tasks(session, task_ids).items()
    }


def _change(changes: Sequence[Any] | None, names: Mapping[str, str]) -> Change | None:
    if not changes:
        return None
    old, new = (
        names.get(value, f"#{value}") if value else "" for value in (changes[0].old_value, changes[0].new_value)
    )
    return Change(old, new)


def _people(*numbers: int | None) -> frozenset[int]:
    return frozenset(number for number in numbers if number is not None)


def _number(value: str | None) -> int | None:
    return int(value) if value else None


def _visible_to(session: Session, event: Event, people: Collection[int], is_named: IsNamed) -> frozenset[int]:
    """Return those of these people who see the event, in as many queries for all as for one."""
    kind, _, number = event.key.partition(".")
    entry = session.get(tables.Entry, int(number)) if kind == "entry" else None
    project_id = rows.project_of(session, event.task_id)
    if project_id is None or (kind == "entry" and entry is None):
        return frozenset()
    alike = defaultdict[frozenset[str], set[int]](set)
    for person_id, held in _permissions_in(session, project_id, people, is_named).items():
        if entry is None or not entry.is_private or entry.author_id == person_id or "view_private" in held:
            alike[held].add(person_id)
    rules = ((ids, visible_to(rows.MEMBER.c.id, {project_id: held})) for held, ids in alike.items())
    return frozenset(task_events.people_who_see(session, event.task_id, rules))


def _permissions_in(
    session: Session, project_id: int, people: Collection[int], is_named: IsNamed
) -> dict[int, frozenset[str]]:
    """Return the permissions in a project of those of these people who are active and have a role there."""
    active = task_events.active_people(session, people)
    admins = {row.id for row in active if row.is_admin or is_named(row.source, row.login)}
    held = defaultdict[int, frozenset[str]](frozenset)
    for person_id, names in rows.permissions_in(session, project_id, {row.id for row in active} - admins):
        held[person_id] |= set(names.split())
    return held | dict.fromkeys(admins, EVERYTHING)
