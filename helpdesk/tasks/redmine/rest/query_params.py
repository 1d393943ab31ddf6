"""A TaskQuery in Redmine's own long form of filters, where no character of a value has a meaning.

Source of the operators: Redmine 5, Query.operators and IssueQuery.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from helpdesk.errors import Invalid, sentence
from helpdesk.tasks.lists import TaskQuery, Who

Filter = tuple[str, Sequence[str | int]]
Filters = dict[str, Filter]
SORTED_BY = "sort"

ANY: Filter = ("*", [""])
NONE: Filter = ("!*", [""])
OPEN: Filter = ("o", [""])
WATCHED_BY_ME: Filters = {"watcher_id": ("=", ["me"])}


def filters(query: TaskQuery) -> Filters:
    """Operator and values by field, and under SORTED_BY the order. Raises Invalid for what Redmine can't ask."""
    order = {SORTED_BY: ("", [f"{query.sort}:{'desc' if query.descending else 'asc'},id:desc"])}
    found: Filters = {"status_id": OPEN if query.only_open else ANY} | _searched(query)
    ids = {
        "status_id": query.status_ids,
        "priority_id": query.priority_ids,
        "project_id": query.project_ids,
        "tracker_id": query.tracker_ids,
    }
    found |= {name: ("=", list(chosen)) for name, chosen in ids.items() if chosen}
    if query.updated_since:
        found["updated_on"] = (">=", [_timestamp(query.updated_since)])
    if query.created_since or query.created_before:
        found["created_on"] = _between(query.created_since, query.created_before)
    if query.due_by:
        found["due_date"] = ("<=", [query.due_by.isoformat()])
    return found | order


def by_number(query: TaskQuery) -> TaskQuery | None:
    """The query for nothing but the issue whose number is searched for as digits in texts are, too; None where that is
    not so, or `task_ids` leave it out. Redmine joins filters by "and" alone, so that issue is asked for by itself."""
    number = query.wanted_id
    if number is None or not query.words or (query.task_ids and number not in query.task_ids):
        return None
    return query._replace(search=f"#{number}")


def having(found: Filters, number: int) -> Filters:
    """Return the filters for that issue alone."""
    return found | {"issue_id": _numbers([number])}


def of_statuses(found: Filters, statuses: Iterable[int]) -> Filters:
    """Return the filters limited to these statuses."""
    return found | {"status_id": ("=", list(statuses))}


def with_ids(ids: Iterable[int]) -> Filters:
    """Return the filters for those tasks, open or closed."""
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


def _searched(query: TaskQuery) -> Filters:
    """Return the filters for people and words, or for the issue of the number alone."""
    if query.wanted_id is not None and not query.words:
        left_out = query.task_ids and query.wanted_id not in query.task_ids
        return {"issue_id": _numbers([0 if left_out else query.wanted_id])}
    found: Filters = {"issue_id": _numbers(query.task_ids)} if query.task_ids else {}
    if query.assignees:
        found["assigned_to_id"] = _people(query.assignees)
    if query.authors:
        found["author_id"] = _people(query.authors)
    if query.words:
        found["subject"] = ("~", [" ".join(query.words)])
    return found


def _people(people: tuple[Who, ...]) -> Filter:
    if "nobody" not in people:
        return "=", [str(who) for who in people]
    if len(people) > 1:
        raise Invalid({"assigned_to_id": [sentence("Nobody can't be asked for together with somebody.")]})
    return NONE


def _between(since: datetime | None, before: datetime | None) -> Filter:
    """Redmine knows whole seconds, and takes both ends of a time as part of it. Source: Query#date_clause."""
    last = before - timedelta(seconds=1) if before else None
    ends = [_timestamp(end) for end in (since, last) if end]
    return ("><" if since and last else ">=" if since else "<="), ends


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
