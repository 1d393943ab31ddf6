"""Read and write a business calendar as its form has it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.promises.hours import FIRST_YEAR, LAST_YEAR, day_text, parse_day
from helpdesk.store.business_calendars import LONGEST_NAME, MOST_DAYS, MOST_PROJECTS, CalendarValues, OwnDay
from helpdesk.texts import squeezed
from helpdesk.web.core import request_data
from helpdesk.web.notifications.preference_params import zones

WEEK: tuple[Sentence, ...] = (
    sentence("Monday"),
    sentence("Tuesday"),
    sentence("Wednesday"),
    sentence("Thursday"),
    sentence("Friday"),
    sentence("Saturday"),
    sentence("Sunday"),
)
USUAL_DAY = "09:00-18:00"
LONGEST_ZONE, LONGEST_HOURS, LONGEST_LINE = 60, 60, 200
LONGEST_DAYS = 160_000
"""MOST_DAYS lines as `written` has them: a day, four spans of hours, and a name."""
NO_ZONES = frozenset({"localtime", "factory"})
"""What the database of time zones has besides: that of the computer, and none."""
DAY = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)\.(\d\d)\.(\d{4}))(?!\S)", re.ASCII)
SPAN = r"\d\d?:\d\d ?[-–] ?\d\d?:\d\d"
HOURS = re.compile(rf"{SPAN}(?: ?, ?{SPAN}){{0,9}}(?!\S)", re.ASCII)
NO_NAME = re.compile(r"[-–—.,:;]|.*\d ?(?:[-–—:]|\.\.?) ?\d", re.ASCII)
"""What looks like hours or like the end of a holiday of several days, and would be lost as a name."""
NO_DAY = sentence("Line %(line)s: begin with a day such as 2026-12-31.", line="%s")
NO_HOURS = sentence("Line %(line)s: these are no hours of a day.", line="%s")
NO_REST = sentence(
    "Line %(line)s: after a day come its hours such as 09:00-13:00, if people work, and its name.", line="%s"
)
TWICE = sentence("Line %(line)s: this day is there already.", line="%s")
NO_ZONE = sentence("There is no such time zone.")


def read(fields: request_data.Fields, projects: Mapping[int, str], kept: tuple[int, ...] = ()) -> CalendarValues:
    """Read a calendar; projects that are gone from the backend may stay. Raises Invalid."""
    name = squeezed(fields.required_text("name", LONGEST_NAME))
    zone = zones().get(fields.required_text("timezone", LONGEST_ZONE).strip().casefold())
    if zone is None or zone.casefold() in NO_ZONES:
        raise request_data.refusal("timezone", NO_ZONE)
    hours = ";".join(_hours(fields, f"hours_{day}") for day in range(1, len(WEEK) + 1))
    numbers = sorted({request_data.whole("project_ids", it) for it in fields.all_values("project_ids", MOST_PROJECTS)})
    if any(it not in projects and it not in kept for it in numbers):
        raise request_data.refusal("project_ids", request_data.NO_CHOICE)
    return CalendarValues(name, zone, hours, fields.flag("is_default"), _days(fields), tuple(numbers))


def written(values: CalendarValues) -> dict[str, Any]:
    """Return the values of a calendar as its form would send them."""
    return {
        "name": values.name,
        "timezone": values.timezone,
        **{f"hours_{place}": it for place, it in enumerate(values.hours.split(";"), 1)},
        "is_default": "1" if values.is_default else "",
        "days": "\n".join(" ".join(filter(None, (it.day.isoformat(), it.hours, it.name))) for it in values.days),
        "project_ids": list(values.project_ids),
    }


def _hours(fields: request_data.Fields, name: str) -> str:
    return day_text(parse_day(fields.text(name, LONGEST_HOURS), name))


def _days(fields: request_data.Fields) -> tuple[OwnDay, ...]:
    """Read a line for each day: the day, perhaps its hours, perhaps its name. Programs may send objects instead of
    lines. Raises Invalid."""
    days: dict[date, OwnDay] = {}
    for number, it in enumerate(_lines(fields), 1):
        if not isinstance(it, str):
            day = _of_object(it, number)
        elif it.strip():
            day = _of_line(squeezed(it), number)
        else:
            continue
        if day.day in days:
            raise _wrong(TWICE, number)
        if len(days) == MOST_DAYS:
            raise request_data.refusal("days", request_data.too_many(MOST_DAYS))
        days[day.day] = day
    return tuple(days[it] for it in sorted(days))


def _lines(fields: request_data.Fields) -> Sequence[Any]:
    sent = fields.values.get("days")
    return sent if fields.is_json and isinstance(sent, list) else fields.text("days", LONGEST_DAYS).split("\n")


def _of_line(line: str, number: int) -> OwnDay:
    found = DAY.match(line)
    if found is None or len(line) > LONGEST_LINE:
        raise _wrong(NO_DAY, number)
    rest = line[found.end() :].strip()
    hours = HOURS.match(rest)
    return _own_day(found, hours[0] if hours else "", rest[hours.end() :].strip() if hours else rest, number)


def _of_object(sent: Any, number: int) -> OwnDay:
    """Read a day as `calendars.py` tells it."""
    texts = [sent.get(it) or "" for it in OwnDay._fields] if isinstance(sent, dict) else []
    if not texts or any(not isinstance(it, str) for it in texts) or sum(map(len, texts)) > LONGEST_LINE:
        raise _wrong(NO_DAY, number)
    day, hours, name = (squeezed(request_data.clean("days", it, LONGEST_LINE)) for it in texts)
    found = DAY.fullmatch(day)
    if found is None:
        raise _wrong(NO_DAY, number)
    return _own_day(found, hours, name, number)


def _own_day(found: re.Match[str], hours: str, name: str, number: int) -> OwnDay:
    year, month, day = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        on = date(int(year), int(month), int(day))
    except ValueError as error:
        raise _wrong(NO_DAY, number) from error
    if not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise _wrong(NO_DAY, number)
    try:
        spans = parse_day(hours)
    except Invalid as error:
        raise _wrong(NO_HOURS, number) from error
    if NO_NAME.match(name):
        raise _wrong(NO_REST, number)
    return OwnDay(on, day_text(spans), name[:LONGEST_NAME].strip())


def _wrong(message: Sentence, line: int) -> Invalid:
    return Invalid({"days": [sentence(message.text, line=line)]})
