"""List the kinds of news about a task, and the type that programs and preferences know each by."""

from typing import Literal

Type = Literal["mention", "assigned", "created", "comment", "status_change", "priority_change", "attachment", "system"]
"""The values of JSON (contract §5) and the rows of the preferences' matrix."""

Kind = Literal[
    "mentioned", "given", "taken", "created", "commented", "status", "priority", "files", "reassigned", "changed",
    "put_aside", "system_down", "system_up", "test",
]  # fmt: skip
"""Selects the message, and is stored, so values keep their names. No rule leads to the last four: administrators get
`put_aside` when an event was dropped, and the next two when a system went down or is back. `test` is what people send
to a device of their own."""

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
    "put_aside": "system",
    "system_down": "system",
    "system_up": "system",
    "test": "system",
}
"""The type of each kind. When several kinds apply to a person, the first of these is taken."""

TEST: Kind = "test"
URGENT: frozenset[str] = frozenset({"mentioned", "given"})
"""Kinds by which somebody addresses this very person."""


def type_of(kind: str) -> Type:
    """Return the type of a stored kind; one of a later version is any other change."""
    return next((type for known, type in TYPES.items() if known == kind), "system")
