"""Read and write the address of a report: its period, its groups and its filters are the whole of it.

`period` names a preset, or `since` and `until` the first and the last day. `by` divides the period, `group` is named
once or twice. A filter may be repeated. An address of the tasks that a number counts has its `measure`, too, and a
`cell` for each group.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeVar, cast
from urllib.parse import parse_qsl, urlencode

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.reports import periods
from helpdesk.reports.model import MEASURES, NOBODY, Choices, Key, Measure, Question, Selection
from helpdesk.reports.periods import PRESETS, STEPS, Period

DEPARTMENT = "department"
GROUPS = {
    "executor": sentence("assignee"),
    "time": sentence("time"),
    "project": sentence("project"),
    "tracker": sentence("type"),
    "status": sentence("status"),
    "priority": sentence("priority"),
    DEPARTMENT: sentence("requester's department"),
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
LONGEST_TEXT = 500
"""The most characters of a custom field's value or a department in an address."""
LARGEST = 2**31 - 1

A_DAY = sentence("This must be a day such as 2026-11-20.")
BACKWARDS = sentence("This day is before the first one.")
NOT_YET = sentence("This day is still to come.")
TOO_FAR = sentence("This day is too far away.")
TOO_MANY_COLUMNS = sentence(
    "These would be %(columns)s columns. At most %(most)s fit in: choose longer steps or a shorter period."
)
NO_CHOICE = sentence("There is no such choice.")
TOO_MANY = sentence("At most %(most)s at once.")
FIELD_GONE = sentence("There is no such field, or it is not visible to you.")

T = TypeVar("T")
Wrong = dict[str, Sequence[Sentence]]


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
        pairs = zip(self.groups, self.cells, strict=True)
        return {group: _key(group, text) for group, text in pairs if group not in (DEPARTMENT, "time")}

    def filters(self) -> str:
        """Return the query of the filters alone."""
        kept = (*IDS.values(), "departments", "fields", "phase")
        return Address(**{name: getattr(self, name) for name in kept}).query()

    @property
    def field_ids(self) -> frozenset[int]:
        """Return the custom fields that it names."""
        return frozenset({field_of(it) for it in self.groups if it.startswith(FIELD)} | {id for id, _ in self.fields})

    def selection(self, author_ids: tuple[int, ...] = ()) -> Selection:
        """Return the filters; `author_ids` are the people of the departments."""
        ids = {name: getattr(self, name) for name in IDS.values()}
        return Selection(**ids, fields=self.fields, phase=self.phase, author_ids=author_ids)

    def question(self, measure: Measure, borders: Sequence[datetime], groups: Iterable[str] = ()) -> Question:
        return Question(self.selection(), measure, tuple(borders), tuple(groups))


def parse(query: str, today: date) -> Address:
    """Read the query of an address. Raises Invalid with every wrong parameter."""
    texts, wrong = defaultdict[str, list[str]](list), Wrong()
    pairs = parse_qsl(query, keep_blank_values=True)
    for name, text in pairs[:MOST_PAIRS]:
        if name in ("cell", "group") or text:
            texts[name].append(text)
    if len(pairs) > MOST_PAIRS:
        wrong["form"] = [TOO_MANY._replace(values={"most": MOST_PAIRS})]
    read = _Reader(texts, wrong)
    period, since, until = _period(read, today)
    address = Address(
        period,
        since,
        until,
        read.one("by", ("", *STEPS)),
        _groups(read),
        **{field: read.ids(name) for name, field in IDS.items()},
        departments=read.texts(DEPARTMENT),
        fields=_fields(read),
        phase=cast(Any, read.one("phase", ("", *PHASES))),
        days=read.number("days", 0),
        measure=cast(Any, read.one("measure", ("", *MEASURES))),
        cells=tuple(texts["cell"]),
        page=read.number("page", 1),
    )
    _check_cells(address, wrong)
    if not wrong:
        columns = periods.count(address.within(today), address.step(today))
        if columns > MOST_COLUMNS:
            wrong["by"] = [TOO_MANY_COLUMNS._replace(values={"columns": columns, "most": MOST_COLUMNS})]
    if wrong:
        raise Invalid(wrong)
    return address


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


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST)) and int(text) <= LARGEST


class _Reader:
    """Reads parameters, and notes in `wrong` what is not understood."""

    def __init__(self, given: Mapping[str, list[str]], wrong: Wrong) -> None:
        self.given, self.wrong = given, wrong

    def values(self, name: str, most: int = MOST_VALUES) -> list[str]:
        values = list(dict.fromkeys(self.given.get(name, ())))
        if len(values) > most:
            self.wrong[name] = [TOO_MANY._replace(values={"most": most})]
        return values[:most]

    def one(self, name: str, choices: Iterable[str]) -> str:
        text = self.given[name][-1] if self.given.get(name) else ""
        if text not in choices:
            self.wrong[name] = [NO_CHOICE]
            return ""
        return text

    def ids(self, name: str) -> tuple[int, ...]:
        """Return ids, each of them named once, or several with commas."""
        parts = [part for text in self.values(name) for part in text.split(",", MOST_VALUES)]
        return self._all(name, list(dict.fromkeys(parts)), is_id, int)

    def texts(self, name: str) -> tuple[str, ...]:
        return self._all(name, self.values(name), _is_text, str)

    def number(self, name: str, default: int) -> int:
        values = self.given.get(name) or [str(default)]
        numbers = self._all(name, values[-1:], is_id, int)
        return numbers[0] if numbers and (numbers[0] or not default) else default

    def day(self, name: str) -> date | None:
        values = self.given.get(name)
        if not values:
            return None
        try:
            return date.fromisoformat(values[-1][:LONGEST_TEXT])
        except ValueError:
            self.wrong[name] = [A_DAY]
            return None

    def _all(
        self, name: str, values: list[str], is_right: Callable[[str], bool], read: Callable[[str], T]
    ) -> tuple[T, ...]:
        if not all(map(is_right, values)):
            self.wrong[name] = [NO_CHOICE]
        return tuple(read(it) for it in values if is_right(it))


def _period(read: _Reader, today: date) -> tuple[str, date | None, date | None]:
    """Return a preset, or two days. Days decide over a preset, since the form always has one."""
    since, until = read.day("since"), read.day("until")
    if "since" in read.wrong or "until" in read.wrong:
        return periods.DEFAULT, None, None
    preset = read.one("period", ("", *PRESETS))
    if not since and not until:
        return preset or periods.DEFAULT, None, None
    first = since or date(min(until or today, today).year, 1, 1)
    last = until or today
    if first < periods.FIRST_DAY:
        read.wrong["since"] = [TOO_FAR]
    elif first > today:
        read.wrong["since"] = [NOT_YET]
    if last > today + timedelta(days=366):
        read.wrong["until"] = [TOO_FAR]
    elif last < first and "since" not in read.wrong:
        read.wrong["until"] = [BACKWARDS]
    return "", first, last


def _groups(read: _Reader) -> tuple[str, ...]:
    groups = tuple(it for it in read.values("group", MOST_GROUPS + 1) if it)
    if len(groups) > MOST_GROUPS:
        read.wrong["group"] = [TOO_MANY._replace(values={"most": MOST_GROUPS})]
    if not all(it in GROUPS or _is_field(it) for it in groups):
        read.wrong["group"] = [NO_CHOICE]
    return groups


def _fields(read: _Reader) -> tuple[tuple[int, str], ...]:
    names = [name for name in read.given if _is_field(name)]
    return tuple((field_of(name), text) for name in names for text in read.texts(name))


def _check_cells(address: Address, wrong: Wrong) -> None:
    groups, cells = address.groups, address.cells
    if not cells:
        return
    if len(cells) != len(groups) or not all(map(_is_cell, groups, cells)):
        wrong["cell"] = [NO_CHOICE]


def _is_cell(group: str, text: str) -> bool:
    if group == DEPARTMENT or _is_field(group):
        return text == "" or _is_text(text)
    return group != "time" and is_id(text)


def _is_field(name: str) -> bool:
    return name.startswith(FIELD) and is_id(name.removeprefix(FIELD)) and name != f"{FIELD}0"


def _is_text(text: str) -> bool:
    return len(text) <= LONGEST_TEXT and "\0" not in text


def _key(group: str, text: str) -> Key:
    return text if _is_field(group) else int(text or NOBODY)


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
    for name in ("phase", "days", "measure"):
        if value := getattr(it, name):
            yield name, value
    yield from (("cell", text) for text in it.cells)
    if it.page > 1:
        yield "page", it.page
