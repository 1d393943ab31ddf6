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
    """Return operator and values by field, and the order under SORTED_BY. Raises Invalid for impossible filters."""
    order = {SORTED_BY: ("", [f"{query.sort}:{'desc' if query.descending else 'asc'},id:desc"])}
    result: Filters = {"status_id": OPEN if query.only_open else ANY} | _search_filters(query)
    ids = {
        "status_id": query.status_ids,
        "priority_id": query.priority_ids,
        "project_id": query.project_ids,
        "tracker_id": query.tracker_ids,
    }
    result |= {name: ("=", list(chosen)) for name, chosen in ids.items() if chosen}
    if query.updated_since:
        result["updated_on"] = (">=", [_timestamp(query.updated_since)])
    if query.created_since or query.created_before:
        result["created_on"] = _between(query.created_since, query.created_before)
    if query.due_by:
        result["due_date"] = ("<=", [query.due_by.isoformat()])
    return result | order


def by_number(query: TaskQuery) -> TaskQuery | None:
    """Return the query for the issue of the number alone, when its digits are searched in texts as well; None where
    they are not, or `task_ids` leave it out. Redmine joins filters only by "and", so it takes a query of its own."""
    number = query.wanted_id
    if number is None or not query.words or (query.task_ids and number not in query.task_ids):
        return None
    return query._replace(search=f"#{number}")


def having(filters: Filters, number: int) -> Filters:
    """Return the filters limited to that issue."""
    return filters | {"issue_id": _numbers([number])}


def of_statuses(filters: Filters, statuses: Iterable[int]) -> Filters:
    """Return the filters limited to these statuses."""
    return filters | {"status_id": ("=", list(statuses))}


def with_ids(ids: Iterable[int]) -> Filters:
    """Return the filters for those tasks, open or closed."""
    return {"issue_id": _numbers(ids), "status_id": ANY, SORTED_BY: ("", ["id:asc"])}


def params(filters: Filters, limit: int, offset: int) -> Iterator[tuple[str, str | int]]:
    fields = {name: each for name, each in filters.items() if name != SORTED_BY}
    yield from (("f[]", name) for name in fields)
    yield from ((f"op[{name}]", operator) for name, (operator, _) in fields.items())
    yield from ((f"v[{name}][]", str(value)) for name, (_, values) in fields.items() for value in values)
    yield from (("limit", limit), ("offset", offset), (SORTED_BY, str(filters[SORTED_BY][1][0])))


def _numbers(ids: Iterable[int]) -> Filter:
    """Source: IssueQuery#sql_for_issue_id_field, which reads all ids from one value."""
    return "=", [",".join(map(str, ids))]


def _search_filters(query: TaskQuery) -> Filters:
    """Return the filters for people and words, or for the issue of the number alone."""
    if query.wanted_id is not None and not query.words:
        left_out = query.task_ids and query.wanted_id not in query.task_ids
        return {"issue_id": _numbers([0 if left_out else query.wanted_id])}
    result: Filters = {"issue_id": _numbers(query.task_ids)} if query.task_ids else {}
    if query.assignees:
        result["assigned_to_id"] = _people(query.assignees)
    if query.authors:
        result["author_id"] = _people(query.authors)
    if query.words:
        result["subject"] = ("~", [" ".join(query.words)])
    return result


def _people(people: tuple[Who, ...]) -> Filter:
    if "nobody" not in people:
        return "=", [str(who) for who in people]
    if len(people) > 1:
        raise Invalid({"assigned_to_id": [sentence("Nobody can't be asked for together with somebody.")]})
    return NONE


def _between(since: datetime | None, before: datetime | None) -> Filter:
    """Return the filter of a time: Redmine has whole seconds, and includes both ends. Source: Query#date_clause."""
    last = before - timedelta(seconds=1) if before else None
    ends = [_timestamp(end) for end in (since, last) if end]
    return ("><" if since and last else ">=" if since else "<="), ends


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
