"""What an act upon an issue did, from the details of its journal. Nothing is asked here."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from helpdesk.tasks.feed import Became

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


def became(details: Iterable[Detail], name: str, called: Names) -> Became | None:
    """What an attribute was and is, in words; an id that nobody can name is shown as such."""
    found = _of(details, name)
    return Became(_word(found.old, called), _word(found.new, called)) if found else None


def assigned(journal: int, details: Iterable[Detail]) -> Assigned | None:
    """Who had the task and who has it by this journal, if it says so."""
    found = _of(details, "assigned_to_id")
    return Assigned(journal, number(found.old), number(found.new)) if found else None


def files(details: Iterable[Detail]) -> tuple[str, ...]:
    """The names of the files that were attached."""
    return tuple(it.new for it in details if it.property == "attachment" and it.new)


def assignee_after(journal: int, changes: Iterable[Assigned], present: int | None) -> int | None:
    """Who had the task when this journal was written: whom the next change took it from, else who has it now."""
    later = (change for change in changes if change.journal > journal)
    following = min(later, key=lambda change: change.journal, default=None)
    return following.old if following else present


def number(told: str | None) -> int | None:
    """An id as Redmine keeps it in a detail."""
    return int(told) if told and told.isdigit() else None


def _of(details: Iterable[Detail], name: str) -> Detail | None:
    return next((it for it in details if (it.property, it.name) == ("attr", name)), None)


def _word(told: str | None, called: Names) -> str:
    return called.get(told, f"#{told}") if told else ""
