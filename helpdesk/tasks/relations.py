"""Define the kinds of relations between tasks. Source: Redmine 5, IssueRelation::TYPES."""

from helpdesk.errors import sentence

RELATIONS = {
    "relates": sentence("Related to"),
    "duplicates": sentence("Duplicates"),
    "duplicated": sentence("Duplicated by"),
    "blocks": sentence("Blocks"),
    "blocked": sentence("Blocked by"),
    "precedes": sentence("Precedes"),
    "follows": sentence("Follows"),
    "copied_to": sentence("Copied to"),
    "copied_from": sentence("Copied from"),
}
"""The kinds as seen from the task on the page."""
_DIRECTED = {"duplicates": "duplicated", "blocks": "blocked", "precedes": "follows", "copied_to": "copied_from"}
OPPOSITE = {"relates": "relates"} | _DIRECTED | {theirs: ours for ours, theirs in _DIRECTED.items()}


def relation_from(task_id: int, kind: str, source_id: int, target_id: int) -> tuple[str, int]:
    """Return the kind of a relation as seen from the task, and the other task."""
    return (kind, target_id) if source_id == task_id else (OPPOSITE.get(kind, kind), source_id)
