"""The version of a Redmine task: its last change, the highest visible journal, and its lock where that is known.

`2026-11-20T09:30:00Z.12` over REST, which does not tell `lock_version`; `2026-11-20T09:30:00Z.12.5` by SQL.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from helpdesk.tasks.model import Entry, Task

VERSION = re.compile(r"(?P<seen>(?P<at>.+Z)\.(?P<journal>\d{1,18}))(\.(?P<lock>\d{1,10}))?", re.ASCII)
SECOND = timedelta(seconds=1)


def version(updated_on: datetime, entries: Iterable[Entry], lock: int | None = None) -> str:
    """Return the version of a task with this history."""
    seen = f"{updated_on.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}.{max((entry.id for entry in entries), default=0)}"
    return seen if lock is None else f"{seen}.{lock}"


def same(one: str, other: str) -> bool:
    """Whether two versions are of one state: a page may be read in one way, and sent while the other way is used."""
    left, right = VERSION.fullmatch(one), VERSION.fullmatch(other)
    if one == other or left is None or right is None:
        return one == other
    return left["seen"] == right["seen"] and None in (left["lock"], right["lock"])


def lock(*versions: str | None) -> int | None:
    """Return the lock in the first version that has one."""
    matches = (VERSION.fullmatch(version) for version in versions if version)
    return next((int(match["lock"]) for match in matches if match and match["lock"]), None)


def since(task: Task, version: str) -> Sequence[Entry] | None:
    """Return the entries newer than `version`; None when they do not explain all that Redmine changed since.

    Newer are entries with a higher number, and those written after the moment of the version's fields, for the history
    of a page may be younger than its fields. A change without an entry shows in a moment or a lock that no entry
    explains; a custom field raises the lock once more (ActsAsCustomizable#save_custom_field_values).
    """
    known, now = VERSION.fullmatch(version), VERSION.fullmatch(task.version)
    if known is None or now is None or (at := _moment(known["at"])) is None:
        return None
    journal = int(known["journal"])
    newer = [entry for entry in task.entries if entry.id > journal or entry.created_on > at + SECOND]
    if not newer or journal > int(now["journal"]) or max(entry.created_on for entry in newer) < task.row.updated_on:
        return None
    if not known["lock"]:
        newer = [*_doubtful(task, journal, at), *newer]
    if known["lock"] and now["lock"] and int(now["lock"]) - int(known["lock"]) > sum(map(_raises, newer)):
        return None
    return newer


def _doubtful(task: Task, journal: int, at: datetime) -> list[Entry]:
    """Return the entries of a version's own second that its fields may lack: without a lock it is unknown.

    The first of them made that moment, unless the task's creation did, so the fields have it.
    """
    same_second = [entry for entry in task.entries if entry.id <= journal and at <= entry.created_on <= at + SECOND]
    return sorted(same_second, key=lambda entry: entry.id)[0 if at <= task.row.created_on else 1 :]


def _raises(entry: Entry) -> int:
    return 1 + sum(change.field == "custom_field" for change in entry.changes)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
