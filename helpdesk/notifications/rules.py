"""Who hears of what happens to a task, and as what. Whether they may see it is asked of the feed, not decided here."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from helpdesk.notifications.mentions import mentioned
from helpdesk.store.folding import fold
from helpdesk.tasks.feed import Happening

Type = Literal["mention", "assigned", "created", "comment", "status_change", "priority_change", "attachment", "system"]
"""What programs and preferences know of."""

Kind = Literal[
    "mentioned", "given", "taken", "created", "commented", "status", "priority", "files", "reassigned", "changed"
]
"""What words are made of."""

TYPES: dict[Kind, Type] = {
    "mentioned": "mention",
    "given": "assigned",
    "taken": "assigned",
    "created": "created",
    "commented": "comment",
    "status": "status_change",
    "priority": "priority_change",
    "files": "attachment",
    "reassigned": "system",
    "changed": "system",
}
"""The type of each kind; what concerns a person most comes first."""


class Hearer(NamedTuple):
    """Somebody who has an account here: the number and the login in the tracker."""

    id: int
    login: str


class Hearing(NamedTuple):
    """That this person, by the tracker's number, hears of an act, and what of it."""

    person: int
    kind: Kind

    @property
    def type(self) -> Type:
        return TYPES[self.kind]


def heard(happening: Happening, people: Iterable[Hearer]) -> tuple[Hearing, ...]:
    """Those of `people` who hear of an act, by number, each once, by what concerns that very person most.

    They are the assignees, those who were until now, the author, the watchers and whom the text calls; never who did
    it.
    """
    people = tuple(people)
    called = _called(happening, people)
    concerned = happening.assignees | happening.former | happening.watchers | {happening.author} | called
    actor = happening.by.id if happening.by else None
    numbers = {hearer.id for hearer in people} & concerned - {actor}
    return tuple(Hearing(number, _kind(happening, number, called)) for number in sorted(numbers))


def _called(happening: Happening, people: Iterable[Hearer]) -> frozenset[int]:
    if "@" not in happening.notes:
        return frozenset()
    logins = {hearer.id: fold(hearer.login) for hearer in people}
    meant = mentioned(happening.notes, frozenset(logins.values()))
    return frozenset(number for number, login in logins.items() if login in meant)


def _kind(act: Happening, person: int, called: frozenset[int]) -> Kind:
    """The first of TYPES that holds."""
    holds: dict[Kind, bool] = {
        "mentioned": person in called,
        "given": (act.is_new or act.was_assigned) and person in act.assignees,
        "taken": act.was_assigned and person in act.former,
        "created": act.is_new,
        "commented": bool(act.notes.strip()),
        "status": act.status is not None,
        "priority": act.priority is not None,
        "files": bool(act.files),
        "reassigned": act.was_assigned,
    }
    return next((kind for kind in TYPES if holds.get(kind)), "changed")
