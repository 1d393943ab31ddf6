"""A TaskQuery in Redmine's own long form of filters, where no character of a value has a meaning.

Source of the operators: Redmine 5, Query.operators and IssueQuery.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from helpdesk.errors import Invalid, sentence
from helpdesk.tasks.lists import TaskQuery, Who
from helpdesk.tasks.model import Status

Filter = tuple[str, Sequence[str | int]]
Filters = dict[str, Filter]
SORTED_BY = "sort"

ANY: Filter = ("*", [""])
NONE: Filter = ("!*", [""])
OPEN: Filter = ("o", [""])
CLOSED: Filter = ("c", [""])
WATCHED_BY_ME: Filters = {"watcher_id": ("=", ["me"])}


def filters(query: TaskQuery) -> Filters:
    """Operator and values by field, and under SORTED_BY the order. Raises Invalid for what Redmine can't ask."""
    order = {SORTED_BY: ("", [f"{query.sort}:{'desc' if query.descending else 'asc'},id:desc"])}
    if query.wanted_id is not None:
        return {"issue_id": ("=", [query.wanted_id]), "status_id": ANY} | order
    found: Filters = {"status_id": ANY if query.closed else OPEN}
    ids = {
        "status_id": query.status_ids,
        "priority_id": query.priority_ids,
        "project_id": query.project_ids,
        "tracker_id": query.tracker_ids,
    }
    found |= {name: ("=", list(chosen)) for name, chosen in ids.items() if chosen}
    if query.task_ids:
        found["issue_id"] = _numbers(query.task_ids)
    if query.assignees:
        found["assigned_to_id"] = _people(query.assignees)
    if query.authors:
        found["author_id"] = _people(query.authors)
    if query.updated_since:
        found["updated_on"] = (">=", [_told(query.updated_since)])
    if query.created_since or query.created_before:
        found["created_on"] = _between(query.created_since, query.created_before)
    if query.due_by:
        found["due_date"] = ("<=", [query.due_by.isoformat()])
    if query.search.strip():
        found["subject"] = ("~", [query.search.strip()])
    return found | order


def statuses_of_summary(statuses: Iterable[Status]) -> tuple[Filter, Filter, Filter]:
    """The filters by status that count a Summary: fresh, open, closed."""
    fresh = [status.id for status in statuses if status.is_default and not status.is_closed]
    return ("=", fresh or [0]), OPEN, CLOSED


def with_ids(ids: Iterable[int]) -> Filters:
    """Those tasks, open or closed."""
    return {"issue_id": _numbers(ids), "status_id": ANY, SORTED_BY: ("", ["id:asc"])}


def params(found: Filters, limit: int, offset: int) -> Iterator[tuple[str, str | int]]:
    asked = {name: each for name, each in found.items() if name != SORTED_BY}
    yield from (("f[]", name) for name in asked)
    yield from ((f"op[{name}]", operator) for name, (operator, _) in asked.items())
    yield from ((f"v[{name}][]", str(value)) for name, (_, values) in asked.items() for value in values)
    yield from (("limit", limit), ("offset", offset), (SORTED_BY, str(found[SORTED_BY][1][0])))


def _numbers(ids: Iterable[int]) -> Filter:
    """Source: IssueQuery#sql_for_issue_id_field, which reads all ids from one value."""
    return "=", [",".join(map(str, ids))]


def _people(people: tuple[Who, ...]) -> Filter:
    if "nobody" not in people:
        return "=", [str(who) for who in people]
    if len(people) > 1:
        raise Invalid({"assigned_to_id": [sentence("Nobody can't be asked for together with somebody.")]})
    return NONE


def _between(since: datetime | None, before: datetime | None) -> Filter:
    """Redmine knows whole seconds, and takes both ends of a time as part of it. Source: Query#date_clause."""
    last = before - timedelta(seconds=1) if before else None
    ends = [_told(end) for end in (since, last) if end]
    return ("><" if since and last else ">=" if since else "<="), ends


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
