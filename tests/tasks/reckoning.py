"""What became of writes, reckoned from Redmine's own journals, whatever anybody was answered."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import pymysql  # type: ignore[import-untyped]  # ships no types

from helpdesk.errors import HelpdeskError, NotAllowed, OutcomeUnknown
from helpdesk.tasks.model import Edit, Field, Task, Written
from tests.servers.mariadb import MySQLAccess

FIELDS: dict[str, Field] = {"status_id": "status", "priority_id": "priority", "assigned_to_id": "assignee"}
COLUMNS = (*FIELDS, "subject", "description")
JOURNALS = """SELECT j.id, j.journalized_id, j.user_id, COALESCE(j.notes, ''),
    d.property, d.prop_key, d.old_value, d.value
    FROM journals j LEFT JOIN journal_details d ON d.journal_id = j.id
    WHERE j.journalized_type = 'Issue' AND j.journalized_id IN %s ORDER BY j.id, d.id"""


class Attempt(NamedTuple):
    """One write through us. `mark` is a text of its own: the comment, else the value of the one field it changes.

    `page` is the task as the person knew it, for a write that named its version.
    """

    mark: str
    person: int
    task: int
    edit: Edit
    page: Task | None
    outcome: Written | HelpdeskError


class Change(NamedTuple):
    """A detail of a journal: `field` is a column of issues, or `cf_ID`. Empty values are None."""

    journal: int
    task: int
    person: int
    notes: str
    field: str
    old: str | None
    new: str | None


def journals(access: MySQLAccess, tasks: Sequence[int]) -> list[Change]:
    """All details of these tasks' histories, oldest first; a journal without any has one of no field."""
    return [
        Change(journal, task, person, _plain(notes) or "", _named(kind, key), _plain(old), _plain(new))
        for journal, task, person, notes, kind, key, old, new in rows(access, JOURNALS, (tuple(tasks),))
    ]


def present(access: MySQLAccess, task: int) -> dict[str, str | None]:
    """What the columns of an issue hold now."""
    ((*values,),) = rows(access, f"SELECT {', '.join(COLUMNS)} FROM issues WHERE id = %s", (task,))
    return {name: _plain(value) for name, value in zip(COLUMNS, values, strict=True)}


def untraced(history: Iterable[Change], held: dict[int, dict[str, str | None]]) -> list[str]:
    """Columns whose values no chain of journals explains: somebody wrote them without a trace."""
    values: dict[tuple[int, str], str | None] = {}
    broken = []
    for change in (change for change in history if change.field in COLUMNS):
        place = change.task, change.field
        if values.get(place, change.old) != change.old:
            broken.append(f"{change} after {values[place]}")
        values[place] = change.new
    return broken + [f"{place} is not {value}" for place, value in values.items() if held[place[0]][place[1]] != value]


def miscounted(attempts: Iterable[Attempt], history: Sequence[Change]) -> list[str]:
    """Writes that are there less or more often than was answered."""
    found = []
    for attempt in attempts:
        times, allowed = len({change.journal for change in _of(attempt, history)}), _times(attempt.outcome)
        if times not in allowed:
            found.append(f"{attempt.mark}: {times} times, but {attempt.outcome!r:.300}")
    return found


def unseen(attempts: Iterable[Attempt], history: Sequence[Change], believing: bool = True) -> list[str]:
    """What others had written that our writes replaced though the person had not seen it and was not told of it.

    Without `believing`, what the person was told afterwards does not count.
    """
    found = []
    for attempt in attempts:
        known = attempt.page or (attempt.outcome.before if isinstance(attempt.outcome, Written) else None)
        told = _told(attempt) if believing else set()
        for change in _of(attempt, history) if known else ():
            if known and not _saw(known, change) and (_replaced(change, history), change.field) not in told:
                found.append(f"{attempt.mark}: {change}, but {attempt.outcome!r:.300}")
    return found


def _times(outcome: Written | HelpdeskError) -> tuple[int, ...]:
    if isinstance(outcome, OutcomeUnknown):
        return 0, 1
    kept = type(outcome) is NotAllowed and "kept your comment" in outcome.message.text
    return (1,) if kept or isinstance(outcome, Written) else (0,)


def _of(attempt: Attempt, history: Sequence[Change]) -> list[Change]:
    """What our write did: all details of the journals that have its mark."""
    own = [change for change in history if (change.person, change.task) == (attempt.person, attempt.task)]
    marked = {change.journal for change in own if attempt.mark in (change.notes, change.new)}
    return [change for change in own if change.journal in marked]


def _saw(known: Task, change: Change) -> bool:
    """Whether the person knew the value that was replaced; of several values, whether this one was there or not."""
    if change.field.startswith("cf_"):
        number = int(change.field.removeprefix("cf_"))
        value = known.custom_value(number)
        if any(held.field.multiple for held in known.custom if held.field.id == number):
            return change.old in value if change.old else change.new not in value
        return _plain("".join(value)) == change.old
    held = {name: known.value(field) for name, field in FIELDS.items()}
    texts = {"subject": known.row.subject, "description": known.description}
    return _plain((held | texts).get(change.field, change.old)) == change.old


def _replaced(change: Change, history: Sequence[Change]) -> int | None:
    """The journal of what a change replaced."""
    before = (c for c in reversed(history) if c.journal < change.journal and c.task == change.task)
    return next((c.journal for c in before if (c.field, c.new) == (change.field, change.old)), None)


def _told(attempt: Attempt) -> set[tuple[int | None, str]]:
    """The journals and fields of which the person was told that they were written over."""
    if not isinstance(attempt.outcome, Written):
        return set()
    numbers = {held.field.name: f"cf_{held.field.id}" for held in attempt.outcome.after.custom}
    names = {field: name for name, field in FIELDS.items()} | numbers
    replaced = attempt.outcome.overwrote(attempt.person)
    return {(entry.id, names.get(change.label or change.field, change.field)) for entry, change in replaced}


def _named(kind: str | None, key: str | None) -> str:
    return f"cf_{key}" if kind == "cf" else key if kind == "attr" and key else ""


def _plain(value: object) -> str | None:
    return None if value in (None, "") else str(value).replace("\r\n", "\n")


def rows(access: MySQLAccess, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    place = {"host": access.host, "port": access.port, "user": access.user, "database": access.database}
    opened = pymysql.connect(**place, password=access.password, charset="utf8mb4", autocommit=True)
    with closing(opened) as database, database.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
