"""The changes of an issue's journal, from its details. Nothing is asked here."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from helpdesk.tasks.feed import Change

Names = Mapping[str, str]


class Detail(NamedTuple):
    """A journal's detail; `property` is Redmine's word: attr, cf, attachment, relation."""

    property: str
    name: str
    old: str | None
    new: str | None


class Assigned(NamedTuple):
    """An issue has another assignee by the journal of this number; None for nobody."""

    journal: int
    old: int | None
    new: int | None


def change(details: Iterable[Detail], name: str, called: Names) -> Change | None:
    """Return the old and new name of an attribute; an id without a name is shown as such."""
    found = _of(details, name)
    return Change(_name(found.old, called), _name(found.new, called)) if found else None


def assigned(journal: int, details: Iterable[Detail]) -> Assigned | None:
    """Return the change of assignee in this journal, if there is one."""
    found = _of(details, "assigned_to_id")
    return Assigned(journal, number(found.old), number(found.new)) if found else None


def files(details: Iterable[Detail]) -> tuple[str, ...]:
    """The names of the files that were attached."""
    return tuple(it.new for it in details if it.property == "attachment" and it.new)


def assignee_after(journal: int, changes: Iterable[Assigned], present: int | None) -> int | None:
    """Return the assignee when this journal was written: the old one of the next change, else the present one."""
    later = (change for change in changes if change.journal > journal)
    following = min(later, key=lambda change: change.journal, default=None)
    return following.old if following else present


def number(value: str | None) -> int | None:
    """An id as Redmine keeps it in a detail."""
    return int(value) if value and value.isdigit() else None


def _of(details: Iterable[Detail], name: str) -> Detail | None:
    return next((it for it in details if (it.property, it.name) == ("attr", name)), None)


def _name(value: str | None, called: Names) -> str:
    return called.get(value, f"#{value}") if value else ""
