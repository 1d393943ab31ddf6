"""Random histories of tasks, told to a backend as rows of its tables, and what they amount to."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.reports.model import NOBODY, Life
from helpdesk.store.models import tables as ours
from helpdesk.store.tracker.tasks import CHANGE, ENTRY, TASK
from helpdesk.tasks.redmine.sql import tables as theirs
from tests.servers.mariadb import url_of
from tests.tasks.worlds import RedmineWorld
from tests.world import EmbeddedWorld

BEGIN = int(datetime(2023, 11, 1, tzinfo=UTC).timestamp())
END = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
STATUSES = ("new", "in_progress", "resolved", "waiting", "closed", "rejected")
CLOSED = ("closed", "rejected")
PEOPLE = ("anna", "boris", "irina", "admin")
PROJECTS = ("help", "office", "warehouse")
PRIORITIES = ("low", "normal", "high", "urgent")
GONE = ("99999", "no number", "07", "", None)
"""What a history may name as a status that is none."""


class Told(NamedTuple):
    """What happened to a task at a moment: a step to a status, a comment, or something else.

    `old` and `new` are names of statuses, or texts that are none.
    """

    moment: int
    who: str
    old: str | None = None
    new: str | None = None
    is_step: bool = False
    notes: str = ""
    is_private: bool = False


class Story(NamedTuple):
    """A task and its history. The statuses are names."""

    created: int
    author: str
    assignee: str | None
    project: str
    priority: str
    present: str
    is_private: bool
    told: tuple[Told, ...]


def drawn(chance: random.Random, *, is_true: bool = False) -> Story:
    """Return a random story. A true one names no status that is gone, and ends with the present one."""
    created = chance.randrange(BEGIN, END)
    present, told, moment = chance.choice(STATUSES), list[Told](), created
    for _ in range(chance.choice((0, 0, 1, 2, 3, 5, 9))):
        moment = min(END, moment + chance.choice((0, 1, 60, 3_600, chance.randrange(10_000_000))))
        who, kind = chance.choice(PEOPLE), chance.randrange(10)
        if kind < 6:
            new: str | None = chance.choice(STATUSES) if kind or is_true else chance.choice(GONE)
            old = present if chance.randrange(20) or is_true else chance.choice(GONE)
            told.append(Told(moment, who, old, new, is_step=True, notes=chance.choice(("", "", "Сделано"))))
            present = new if new in STATUSES else present
        elif kind < 9:
            told.append(Told(moment, who, notes="Проверила", is_private=not chance.randrange(3)))
        else:
            told.append(Told(moment, who, "1", "5"))  # priorities, whose numbers are those of statuses, too
    if not chance.randrange(10) and not is_true:
        present = chance.choice(STATUSES)  # somebody wrote it into the database
    return Story(
        created,
        chance.choice(PEOPLE[:3]),
        chance.choice(("anna", "boris", None, None)),
        chance.choice(PROJECTS),
        chance.choice(PRIORITIES),
        present,
        not chance.randrange(6),
        tuple(told),
    )


def life_of(number: int, story: Story, tracker_id: int, world: EmbeddedWorld | RedmineWorld) -> Life:
    """Return what a story amounts to, moment by moment."""
    person = {login: world.actor(login).id for login in PEOPLE}
    status, closer, answered = story.present, NOBODY, None
    steps = [it for it in story.told if it.is_step]
    if steps:
        status = steps[0].old or ""
    statuses = [(status, story.created)]
    for it in story.told:
        if it.is_step:
            statuses.append((it.new or "", it.moment))
            if it.new in CLOSED and it.old not in CLOSED:
                closer = person[it.who]
        if it.notes and not it.is_private and it.who != story.author and answered is None:
            answered = it.moment
    statuses[-1] = (story.present, statuses[-1][1])
    return Life(
        number,
        world.project(story.project),
        tracker_id,
        world.priority(story.priority),
        person[story.author],
        person[story.assignee] if story.assignee else closer,
        story.created,
        tuple((number_of(name, world), begin) for name, begin in statuses),
        answered,
        closer,
    )


def number_of(name: str, world: EmbeddedWorld | RedmineWorld) -> int:
    """Return the id of a status; 0 where a text names none."""
    return world.status(name) if name in STATUSES else 99999 if name == "99999" else 0


def text_of(name: str | None, world: EmbeddedWorld | RedmineWorld) -> str | None:
    return str(world.status(name)) if name in STATUSES else name


def closed_at(story: Story) -> int | None:
    """Return when a task was closed last, as Redmine keeps it, also after it was reopened."""
    steps = [it for it in story.told if it.is_step]
    first = steps[0].old if steps else story.present
    closings = [it.moment for it in steps if it.new in CLOSED and it.old not in CLOSED]
    return max(closings, default=story.created if first in CLOSED else None)


@contextmanager
def told(world: EmbeddedWorld | RedmineWorld, stories: Sequence[Story]) -> Iterator[Mapping[int, Life]]:
    """Put stories into the world's tables, for as long as the block lasts. The histories are by the tasks' ids."""
    if isinstance(world, EmbeddedWorld):
        numbers = world.database.run_here(lambda session: _embedded(session, world, stories), writes=True)
        tracker_id = 1
    else:
        numbers, tracker_id = _redmine(world, stories), world.redmine.trackers["Поддержка"]
    try:
        yield {
            number: life_of(number, story, tracker_id, world) for number, story in zip(numbers, stories, strict=True)
        }
    finally:
        _forget(world, numbers)


def _embedded(session: Session, world: EmbeddedWorld, stories: Sequence[Story]) -> list[int]:
    tasks = [
        ours.Task(
            project_id=world.project(it.project),
            kind_id=1,
            status_id=world.status(it.present),
            priority_id=world.priority(it.priority),
            author_id=world.actor(it.author).id,
            assignee_id=world.actor(it.assignee).id if it.assignee else None,
            subject="Рассказ",
            is_private=it.is_private,
            created_at=_utc(it.created),
            updated_at=_utc(it.created),
            closed_at=_utc(closed) if it.present in CLOSED and (closed := closed_at(it)) is not None else None,
        )
        for it in stories
    ]
    session.add_all(tasks)
    session.flush()
    entries = []
    for task, story in zip(tasks, stories, strict=True):
        for it in story.told:
            assert task.id
            entry = ours.Entry(
                task_id=task.id,
                author_id=world.actor(it.who).id,
                created_at=_utc(it.moment),
                notes=it.notes,
                is_private=it.is_private,
            )
            session.add(entry)  # one by one, for what happens within a second is told apart by ids
            session.flush()
            entries.append((entry, it))
    for entry, it in entries:
        if it.is_step or it.old:
            assert entry.id
            old, new = text_of(it.old, world), text_of(it.new, world)
            field = "status" if it.is_step else "priority"
            session.add(ours.Change(entry_id=entry.id, field=field, old_value=old, new_value=new))
    return [task.id for task in tasks if task.id]


def _redmine(world: RedmineWorld, stories: Sequence[Story]) -> list[int]:
    zone = ZoneInfo(world.redmine.timezone)

    def local(moment: int) -> datetime:
        return _utc(moment).astimezone(zone).replace(tzinfo=None)

    engine = sa.create_engine(url_of(world.redmine.mysql_writer))
    with engine.begin() as db:
        issue, journal = (
            (db.scalar(sa.select(sa.func.max(table.c.id))) or 0) + 1 for table in (theirs.issues, theirs.journals)
        )
        issues, journals, details = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
        for number, story in enumerate(stories, issue):
            issues.append(
                {
                    "id": number,
                    "tracker_id": world.redmine.trackers["Поддержка"],
                    "project_id": world.project(story.project),
                    "subject": "Рассказ",
                    "status_id": world.status(story.present),
                    "assigned_to_id": world.actor(story.assignee).id if story.assignee else None,
                    "priority_id": world.priority(story.priority),
                    "author_id": world.actor(story.author).id,
                    "lock_version": 1,
                    "created_on": local(story.created),
                    "updated_on": local(story.created),
                    "closed_on": local(closed) if (closed := closed_at(story)) is not None else None,
                    "root_id": number,
                    "lft": 1,
                    "rgt": 2,
                    "is_private": story.is_private,
                }
            )
            for it in story.told:
                here = journal + len(journals)
                journals.append(
                    {
                        "id": here,
                        "journalized_id": number,
                        "journalized_type": "Issue",
                        "user_id": world.actor(it.who).id,
                        "notes": it.notes or random.Random(here).choice((None, "", " \r\n\t")),
                        "created_on": local(it.moment),
                        "private_notes": it.is_private,
                    }
                )
                if it.is_step or it.old:
                    details.append(
                        {
                            "journal_id": here,
                            "property": "attr",
                            "prop_key": "status_id" if it.is_step else "priority_id",
                            "old_value": text_of(it.old, world),
                            "value": text_of(it.new, world),
                        }
                    )
        for table, rows in ((theirs.issues, issues), (theirs.journals, journals), (theirs.journal_details, details)):
            db.execute(sa.insert(table), rows)
    engine.dispose()
    return [row["id"] for row in issues]


def _forget(world: EmbeddedWorld | RedmineWorld, numbers: Sequence[int]) -> None:
    if isinstance(world, EmbeddedWorld):

        def work(session: Session) -> None:
            entries = sa.select(ENTRY.c.id).where(ENTRY.c.task_id.in_(numbers))
            session.execute(sa.delete(CHANGE).where(CHANGE.c.entry_id.in_(entries)))
            session.execute(sa.delete(ENTRY).where(ENTRY.c.task_id.in_(numbers)))
            session.execute(sa.delete(TASK).where(TASK.c.id.in_(numbers)))

        world.database.run_here(work, writes=True)
        return
    engine = sa.create_engine(url_of(world.redmine.mysql_writer))
    with engine.begin() as db:
        journal = theirs.journals.c
        journals = db.scalars(sa.select(journal.id).where(journal.journalized_id.in_(numbers))).all()
        db.execute(sa.delete(theirs.journal_details).where(theirs.journal_details.c.journal_id.in_(journals)))
        db.execute(sa.delete(theirs.journals).where(journal.id.in_(journals)))
        db.execute(sa.delete(theirs.issues).where(theirs.issues.c.id.in_(numbers)))
    engine.dispose()


def _utc(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
