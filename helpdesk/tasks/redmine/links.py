"""What other tasks an issue names. Sources: Redmine 5, IssuesHelper#render_api_issue_children, IssueRelation::TYPES."""

from collections.abc import Mapping
from typing import NamedTuple

from helpdesk.redmine_client import JSON
from helpdesk.tasks.model import Link, Relation
from helpdesk.tasks.redmine.reading import number, text

REVERSED = {
    "duplicates": "duplicated",
    "blocks": "blocked",
    "precedes": "follows",
    "copied_to": "copied_from",
}
SEEN_FROM_THERE = {"relates": "relates"} | REVERSED | {there: here for here, there in REVERSED.items()}


class Links(NamedTuple):
    """The tasks named, by id, as the issue tells them: of children and parent also what this person may not see."""

    parent: int | None
    children: tuple[int, ...]
    relations: tuple[tuple[str, int], ...]

    @property
    def ids(self) -> tuple[int, ...]:
        everything = [self.parent, *self.children, *(other for _, other in self.relations)]
        return tuple(dict.fromkeys(number for number in everything if number is not None))

    def to(self, found: Mapping[int, Link]) -> tuple[Link | None, tuple[Link, ...], tuple[Relation, ...]]:
        """Parent, children and relations among those that this person may see."""
        return (
            found.get(self.parent) if self.parent is not None else None,
            tuple(found[child] for child in self.children if child in found),
            tuple(Relation(kind, found[other]) for kind, other in self.relations if other in found),
        )


def links(issue: JSON) -> Links:
    return Links(
        parent=number(issue["parent"], "id") if issue.get("parent") else None,
        children=tuple(number(child, "id") for child in issue.get("children", ())),
        relations=tuple(_relation(relation, number(issue, "id")) for relation in issue.get("relations", ())),
    )


def _relation(told: JSON, task_id: int) -> tuple[str, int]:
    """The kind as seen from the task, and the other task."""
    kind, first, second = text(told, "relation_type"), number(told, "issue_id"), number(told, "issue_to_id")
    return (kind, second) if first == task_id else (SEEN_FROM_THERE.get(kind, kind), first)
