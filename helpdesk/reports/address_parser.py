"""Read the address of a report: bounded, and with every wrong parameter named."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.reports import periods
from helpdesk.reports.address import (
    DEPARTMENT,
    GROUPS,
    IDS,
    LONGEST_TEXT,
    MOST_COLUMNS,
    MOST_DAYS,
    MOST_GROUPS,
    MOST_PAIRS,
    MOST_VALUES,
    NO_CHOICE,
    PHASES,
    Address,
    field_of,
    is_field,
    is_id,
)
from helpdesk.reports.model import MEASURES
from helpdesk.reports.periods import PRESETS, STEPS

A_DAY = sentence("This must be a day such as 2026-11-20.")
BACKWARDS = sentence("This day is before the first one.")
NOT_YET = sentence("This day is still to come.")
TOO_FAR = sentence("This day is too far away.")
TOO_MANY_COLUMNS = sentence(
    "These would be %(columns)s columns. At most %(most)s fit in: choose longer steps or a shorter period."
)
TOO_MANY = sentence("At most %(most)s at once.")
T = TypeVar("T")
Wrong = dict[str, Sequence[Sentence]]


def parse(query: str, today: date, *, is_divided: bool = True) -> Address:
    """Read the query of an address. Raises Invalid with every wrong parameter.

    What is not divided, as the tasks of a number, may be of any length.
    """
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
        unanswered=cast(Any, read.one("unanswered", ("", "1"))),
        measure=cast(Any, read.one("measure", ("", *MEASURES))),
        cells=tuple(texts["cell"]),
        page=read.number("page", 1),
    )
    _check_cells(address, wrong)
    if address.days > MOST_DAYS:
        wrong["days"] = [NO_CHOICE]
    if not wrong and is_divided:
        columns = periods.count(address.within(today), address.step(today))
        if columns > MOST_COLUMNS:
            wrong["by"] = [TOO_MANY_COLUMNS._replace(values={"columns": columns, "most": MOST_COLUMNS})]
    if wrong:
        raise Invalid(wrong)
    return address


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
    """Return a preset, or two days. Days decide over a preset, since the form always has one; the preset that is
    chosen in a form with days is called `instead`."""
    if instead := read.one("instead", ("", *PRESETS)):
        return instead, None, None
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
    """Return the groups; the form calls the second one `then`."""
    named = [it for name in ("group", "then") for it in read.values(name, MOST_GROUPS + 1) if it]
    groups = tuple(dict.fromkeys(named))
    if len(groups) > MOST_GROUPS:
        read.wrong["group"] = [TOO_MANY._replace(values={"most": MOST_GROUPS})]
    if not all(it in GROUPS or is_field(it) for it in groups):
        read.wrong["group"] = [NO_CHOICE]
    return groups


def _fields(read: _Reader) -> tuple[tuple[int, str], ...]:
    names = [name for name in read.given if is_field(name)]
    return tuple((field_of(name), text) for name in names for text in read.texts(name))


def _check_cells(address: Address, wrong: Wrong) -> None:
    groups, cells = address.groups, address.cells
    if not cells:
        return
    if len(cells) != len(groups) or not all(map(_is_cell, groups, cells)):
        wrong["cell"] = [NO_CHOICE]


def _is_cell(group: str, text: str) -> bool:
    if group == DEPARTMENT or is_field(group):
        return text == "" or _is_text(text)
    return group != "time" and is_id(text)


def _is_text(text: str) -> bool:
    return len(text) <= LONGEST_TEXT and "\0" not in text
