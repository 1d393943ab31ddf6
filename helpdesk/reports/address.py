"""Read and write the address of a report: its period, its groups and its filters are the whole of it.

`period` names a preset, or `since` and `until` the first and the last day. `by` divides the period, `group` is named
once or twice. A filter may be repeated. An address of the tasks that a number counts has its `measure`, too, and a
`cell` for each group.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from helpdesk.errors import Invalid, sentence
from helpdesk.reports import periods
from helpdesk.reports.model import EXECUTOR, NOBODY, TIME, Choices, Key, Measure, Selection
from helpdesk.reports.periods import Period

DEPARTMENT = "department"
GROUPS = {
    EXECUTOR: sentence("Assignee"),
    TIME: sentence("Period"),
    "project": sentence("Project"),
    "tracker": sentence("Type"),
    "status": sentence("Status"),
    "priority": sentence("Priority"),
    DEPARTMENT: sentence("Requester's department"),
}
"""What tasks are grouped by, besides custom fields, with the words for people."""
FIELD = "cf_"
GROUPABLE = ("list", "yes_no", "text", "integer", "decimal", "date")
"""The kinds of custom fields by which tasks are grouped and filtered."""
IDS = {
    "project_id": "project_ids",
    "tracker_id": "tracker_ids",
    "status_id": "status_ids",
    "priority_id": "priority_ids",
    "executor_id": "executor_ids",
}
PHASES = {"open": sentence("open now"), "closed": sentence("closed now")}
MOST_GROUPS, MOST_COLUMNS, MOST_VALUES, MOST_PAIRS = 2, 400, 100, 300
MOST_DAYS = 36_525
"""A hundred years without a change are the most."""
LONGEST_TEXT = 500
"""The most characters of a custom field's value or a department in an address."""
LARGEST = 2**31 - 1

NO_CHOICE = sentence("There is no such choice.")
FIELD_GONE = sentence("There is no such field, or it is not visible to you.")


class Address(NamedTuple):
    """What a report is about. Days are None where `period` names a preset."""

    period: str = periods.DEFAULT
    since: date | None = None
    until: date | None = None
    by: str = ""
    groups: tuple[str, ...] = ()
    project_ids: tuple[int, ...] = ()
    tracker_ids: tuple[int, ...] = ()
    status_ids: tuple[int, ...] = ()
    priority_ids: tuple[int, ...] = ()
    executor_ids: tuple[int, ...] = ()
    departments: tuple[str, ...] = ()
    fields: tuple[tuple[int, str], ...] = ()
    phase: Literal["", "open", "closed"] = ""
    days: int = 0
    unanswered: Literal["", "1"] = ""
    measure: Measure | Literal[""] = ""
    cells: tuple[str, ...] = ()
    page: int = 1

    def query(self, **changes: Any) -> str:
        """Return the query of the address, of page 1 unless a page is named; defaults are left out."""
        return urlencode(list(_pairs(self._replace(**{"page": 1, **changes}))))

    def within(self, today: date) -> Period:
        """Return the days, none after today."""
        if self.since and self.until:
            return Period(self.since, max(self.since, min(self.until, today)))
        return periods.of_preset(self.period, today)

    def step(self, today: date) -> str:
        return self.by or periods.usual_step(self.within(today))

    def fixed(self, period: Period, **changes: Any) -> "Address":
        """Return the same report of these very days."""
        return self._replace(period="", since=period.first, until=period.last, **{"page": 1, **changes})

    def cell(self) -> dict[str, Key]:
        """Return the values of the groups that `cells` name; department and time are not among them."""
        pairs = zip(self.groups, self.cells, strict=True) if self.cells else ()
        return {group: _key(group, text) for group, text in pairs if group not in (DEPARTMENT, TIME)}

    def filters(self) -> str:
        """Return the query of the filters alone."""
        kept = (*IDS.values(), "departments", "fields", "phase")
        return Address(**{name: getattr(self, name) for name in kept}).query()

    def selection(self, author_ids: tuple[int, ...] = ()) -> Selection:
        """Return the filters; `author_ids` are the people of the departments."""
        ids = {name: getattr(self, name) for name in IDS.values()}
        return Selection(**ids, fields=self.fields, phase=self.phase, author_ids=author_ids)


def check(address: Address, choices: Choices) -> None:
    """Raise Invalid where a report names custom fields that are gone, or that this person does not see."""
    known = {it.id for it in choices.fields if it.kind in GROUPABLE}
    in_groups = any(it.startswith(FIELD) and field_of(it) not in known for it in address.groups)
    in_filters = [id for id, _ in address.fields if id not in known]
    wrong = {f"{FIELD}{id}": [FIELD_GONE] for id in in_filters} | ({"group": [FIELD_GONE]} if in_groups else {})
    if wrong:
        raise Invalid(wrong)


def field_of(group: str) -> int:
    """Return the custom field of a group `cf_N`."""
    return int(group.removeprefix(FIELD))


def is_field(name: str) -> bool:
    """Tell whether a name is `cf_N`."""
    return name.startswith(FIELD) and is_id(name.removeprefix(FIELD)) and name != f"{FIELD}0"


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST)) and int(text) <= LARGEST


def _key(group: str, text: str) -> Key:
    return text if is_field(group) else int(text or NOBODY)


def _pairs(it: Address) -> Iterable[tuple[str, object]]:
    if it.since and it.until:
        yield from (("since", it.since.isoformat()), ("until", it.until.isoformat()))
    elif it.period != periods.DEFAULT:
        yield "period", it.period
    if it.by:
        yield "by", it.by
    yield from (("group", group) for group in it.groups)
    for name, field in IDS.items():
        yield from ((name, id) for id in getattr(it, field))
    yield from ((DEPARTMENT, name) for name in it.departments)
    yield from ((f"{FIELD}{id}", text) for id, text in it.fields)
    for name in ("phase", "days", "unanswered", "measure"):
        if value := getattr(it, name):
            yield name, value
    yield from (("cell", text) for text in it.cells)
    if it.page > 1:
        yield "page", it.page
