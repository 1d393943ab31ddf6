"""The Feed port over `store`: tasks and entries by their numbers."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import and_
from sqlmodel import Session

from helpdesk.errors import Unavailable
from helpdesk.store import acts, tables
from helpdesk.store import tasks as rows
from helpdesk.store.database import Database, StoreUnavailable
from helpdesk.tasks import watermark
from helpdesk.tasks.embedded.rights import rights, visible
from helpdesk.tasks.feed import Became, Happening, Told
from helpdesk.tasks.model import Actor, Member
from helpdesk.tasks.watermark import Watermark

T = TypeVar("T")


class EmbeddedFeed:
    """An Actor's id is the account's. `clock` tells the moments of its looks."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.database = database
        self.clock = clock

    async def start(self) -> str:
        task, entry = await self._ask(acts.last)
        now = self.clock()
        return watermark.written({
            "tasks": watermark.beginning(task, now), "entries": watermark.beginning(entry, now)
        })  # fmt: skip

    async def read(self, position: str) -> Told:
        marks, began = watermark.read(position), self.clock()
        tasks, entries = marks["tasks"], marks["entries"]

        def work(session: Session) -> tuple[list[Happening], list[int], list[int]]:
            created, written = acts.created(session, _range(tasks)), acts.entries(session, _range(entries))
            told = list(_told(session, created, written)) if created or written else []
            return told, [row.id for row in created], [row.id for row in written]

        told, created, written = await self._ask(work)
        ended = self.clock()
        after = {"tasks": tasks.after(created, began, ended), "entries": entries.after(written, began, ended)}
        more = max(tasks.new(created), entries.new(written)) >= acts.NEW_AT_ONCE
        return Told(tuple(sorted(told, key=lambda it: it.at)), watermark.written(after), more)

    def key(self, entry_id: int) -> str:
        return f"entry.{entry_id}"

    async def act(self, task_id: int, entry_id: int) -> Happening | None:
        return await self._ask(lambda session: next(_told(session, (), acts.entry(session, task_id, entry_id)), None))

    async def seers(self, happening: Happening, people: Iterable[Actor]) -> frozenset[int]:
        asked = list(people)
        return await self._ask(lambda session: _seers(session, happening, asked))

    async def _ask(self, work: Callable[[Session], T]) -> T:
        """What the store says, which is the tracker here."""
        try:
            return await self.database.run(work)
        except StoreUnavailable as error:
            raise Unavailable(detail=str(error)) from error


class News(NamedTuple):
    """The rows above the floors, and what belongs to them: changes by entry and field, changes of assignee by task as
    the entry's number and who had it before."""

    created: Sequence[Any]
    written: Sequence[Any]
    tasks: Mapping[int, Any]
    changes: Mapping[int, Mapping[str, Sequence[Any]]]
    assigned: Mapping[int, Sequence[tuple[int, int | None]]]
    watchers: Mapping[int, Iterable[int]]


def _range(mark: Watermark) -> acts.Range:
    return acts.Range(mark.floor, mark.highest)


def _told(session: Session, created: Sequence[Any], written: Sequence[Any]) -> Iterator[Happening]:
    news = _news(session, created, written)
    telling = _Telling(session, news)
    for row in news.created:
        if row.id in news.tasks:
            yield telling.created(row)
    for row in news.written:
        if row.task_id in news.tasks:
            yield telling.entry(row)


def _news(session: Session, created: Sequence[Any], written: Sequence[Any]) -> News:
    tasks = acts.tasks(session, {row.id for row in created} | {row.task_id for row in written})
    changes: defaultdict[int, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    watchers, assigned = defaultdict(set), defaultdict(list)
    for change in acts.changes(session, [row.id for row in written]):
        changes[change.entry_id][change.field].append(change)
    for row in acts.assignments(session, tasks):
        assigned[row.task_id].append((row.entry_id, _number(row.old_value)))
    for task_id, person_id in acts.watchers(session, tasks):
        watchers[task_id].add(person_id)
    return News(created, written, tasks, changes, assigned, watchers)


class _Telling:
    """Rows as happenings."""

    def __init__(self, session: Session, news: News) -> None:
        self.news = news
        self.statuses = {str(row.id): row.name for row in rows.statuses(session)}
        self.priorities = {str(row.id): row.name for row in rows.priorities(session)}

    def created(self, row: Any) -> Happening:
        task = self.news.tasks[row.id]
        author = Member(task.author_id, task.full_name, task.email)
        return self._of(row.id, 0)._replace(key=f"task.{row.id}", by=author, notes=row.description, is_new=True)

    def entry(self, row: Any) -> Happening:
        changes = self.news.changes.get(row.id, {})
        handed = changes.get("assignee", ())
        return self._of(row.task_id, row.id)._replace(
            key=f"entry.{row.id}",
            at=row.created_at,
            by=Member(row.author_id, row.author, row.author_email),
            notes=row.notes,
            private=row.is_private,
            status=_became(changes.get("status"), self.statuses),
            priority=_became(changes.get("priority"), self.priorities),
            was_assigned=bool(handed),
            files=tuple(change.new_value for change in changes.get("attachment", ())),
            former=_people(*(_number(change.old_value) for change in handed)),
        )

    def _of(self, task_id: int, entry_id: int) -> Happening:
        """What is known of a task when an entry had been written."""
        task = self.news.tasks[task_id]
        later = (old for number, old in self.news.assigned.get(task_id, ()) if number > entry_id)
        return Happening(
            key="",
            task_id=task_id,
            subject=task.subject,
            project_id=task.project_id,
            project=task.project,
            at=task.created_at,
            by=None,
            author=task.author_id,
            assignees=_people(next(later, task.assignee_id)),
            watchers=frozenset(self.news.watchers.get(task_id, ())),
        )


def _became(changes: Sequence[Any] | None, names: Mapping[str, str]) -> Became | None:
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
