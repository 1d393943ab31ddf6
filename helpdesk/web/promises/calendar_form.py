"""Read and write a business calendar as its form has it."""

import re
from collections.abc import Mapping
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
LONGEST_DAYS = 60_000
LINE = re.compile(r"(\d{4})-(\d\d)-(\d\d)|(\d\d)\.(\d\d)\.(\d{4})", re.ASCII)
HOURS = re.compile(r"[\d:,–-]{1,60}", re.ASCII)
NO_DAY = sentence("Line %(line)s: begin with a day such as 2026-12-31.", line="%s")
NO_ZONE = sentence("There is no such time zone.")


def read(fields: request_data.Fields, projects: Mapping[int, str], kept: tuple[int, ...] = ()) -> CalendarValues:
    """Read a calendar; projects that are gone from the backend may stay. Raises Invalid."""
    name = squeezed(fields.required_text("name", LONGEST_NAME))
    zone = zones().get(fields.required_text("timezone", LONGEST_ZONE).strip().casefold())
    if zone is None:
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
    """Read a line for each day: the day, perhaps its hours, perhaps its name. Raises Invalid."""
    lines = fields.text("days", LONGEST_DAYS).split("\n")
    days: dict[date, OwnDay] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            day = _day(line.strip(), number)
            if day.day in days:
                raise _wrong(sentence("Line %(line)s: this day is there already.", line=number))
            days[day.day] = day
    if len(days) > MOST_DAYS:
        raise request_data.refusal("days", request_data.too_many(MOST_DAYS))
    return tuple(days[it] for it in sorted(days))


def _day(line: str, number: int) -> OwnDay:
    found = LINE.match(line)
    if found is None or len(line) > LONGEST_LINE:
        raise _wrong(sentence(NO_DAY.text, line=number))
    year, month, day = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    first, _, rest = line[found.end() :].strip().partition(" ")
    has_hours = bool(HOURS.fullmatch(first)) and ":" in first
    try:
        on = date(int(year), int(month), int(day))
        hours = day_text(parse_day(first)) if has_hours else ""
    except ValueError as error:
        raise _wrong(sentence(NO_DAY.text, line=number)) from error
    except Invalid as error:
        raise _wrong(sentence("Line %(line)s: these are no hours of a day.", line=number)) from error
    if not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise _wrong(sentence(NO_DAY.text, line=number))
    name = squeezed(rest if has_hours else f"{first} {rest}")
    return OwnDay(on, hours, name[:LONGEST_NAME])


def _wrong(message: Sentence) -> Invalid:
    return Invalid({"days": [message]})
