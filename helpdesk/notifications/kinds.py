"""List the kinds of news, and the type that programs and preferences know each by."""

from typing import Literal

Type = Literal[
    "mention", "assigned", "created", "comment", "status_change", "priority_change", "attachment", "promise", "quality",
    "post", "system",
]  # fmt: skip
"""The values of JSON (contract §5) and the rows of the preferences' matrix."""

Kind = Literal[
    "mentioned", "given", "taken", "created", "commented", "status", "priority", "files", "reassigned", "changed",
    "post", "put_aside", "system_down", "system_up", "host_down", "host_up", "host_expiring",
    "hosts_down", "hosts_up", "hosts_expiring", "answer_near", "answer_over", "solution_near", "solution_over",
    "promises", "quality", "quality_new", "test", "report",
]  # fmt: skip
"""Selects the message, and is stored, so values keep their names. No rule leads to `post` and those after it. The
audience of an announcement gets `post` when it is published. Administrators get `put_aside` when an event was dropped,
and the next two when a system went down or is back. Administrators and people who watch the network monitor get
`host_down`, `host_up`, and `host_expiring` for a certificate; many hosts at once are one notification, as `hosts_down`.
The executor and the watchers of a task get `answer_near` and those after it when its promise of time runs out, or
`promises` for many tasks at once. Who watches quality control gets `quality` for a new task, or `quality_new`. People
send `test` to a device of their own, and have a `report` sent to them by e-mail."""

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
    "post": "post",
    "put_aside": "system",
    "system_down": "system",
    "system_up": "system",
    "host_down": "system",
    "host_up": "system",
    "host_expiring": "system",
    "hosts_down": "system",
    "hosts_up": "system",
    "hosts_expiring": "system",
    "answer_over": "promise",
    "solution_over": "promise",
    "answer_near": "promise",
    "solution_near": "promise",
    "promises": "promise",
    "quality": "quality",
    "quality_new": "quality",
    "test": "system",
    "report": "system",
}
"""The type of each kind. When several kinds apply to a person, the first of these is taken."""

TEST: Kind = "test"
REPORT: Kind = "report"
REQUESTED = frozenset({TEST, REPORT})
"""The kinds that people have sent to themselves, whatever else they want to be notified of."""
Readers = Literal["administrators", "monitor", "post", "quality", "promises", "reports", "oneself"]
READERS: dict[str, Readers] = {
    "post": "post",
    "put_aside": "administrators",
    "system_down": "administrators",
    "system_up": "administrators",
    "host_down": "monitor",
    "host_up": "monitor",
    "host_expiring": "monitor",
    "hosts_down": "monitor",
    "hosts_up": "monitor",
    "hosts_expiring": "monitor",
    "promises": "promises",
    "quality_new": "quality",
    "test": "oneself",
    "report": "reports",
}
"""The readers of notifications that say nothing of a task but its number, by their kinds: administrators, the people
who see the network monitor, the readers of the announcement, the people who may control quality or read reports, or the
person alone: the number of tasks whose promises run out tells nothing else."""
URGENT: frozenset[str] = frozenset({"mentioned", "given"})
"""Kinds by which somebody addresses this very person."""


def type_of(kind: str) -> Type:
    """Return the type of a stored kind; one of a later version is any other change."""
    return next((type for known, type in TYPES.items() if known == kind), "system")
