"""Read details and custom fields of a task: from a form one by one, from a program by the names of the contract."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.tasks.fields import CHECKS, Detail, Texts, Value, cf_name, detail_name, is_day, parse_hours
from helpdesk.tasks.model import Edit
from helpdesk.web.core import request_data
from helpdesk.web.core.request_data import Fields

MOST_FIELDS = 500
EARLIEST = "1900-01-01"  # a year of two digits is a slip
MOST_HOURS = 10**9  # a larger whole number may not fit a float
OF_FORM = re.compile(r"cf_([1-9]\d{0,9})", re.ASCII)


def edit(fields: Fields) -> Edit:
    """Read the changes of a body; fields that it does not name stay. Raises Invalid with every wrong field at once."""
    errors: dict[str, Sequence[Sentence]] = {}
    details: dict[Detail, Value] = {}
    custom: Mapping[int, Texts] = {}
    for detail, read in READERS.items():
        if detail_name(detail) in fields.values:
            try:
                details[detail] = read(fields, detail_name(detail))
            except Invalid as refusal:
                errors |= refusal.fields
    try:
        custom = custom_values(fields)
    except Invalid as refusal:
        errors |= refusal.fields
    if errors:
        raise Invalid(errors)
    return Edit(comment=fields.text("comment"), version=fields.version(), details=details, custom=custom)


def due_date(fields: Fields) -> dict[Detail, Value]:
    """Read the due date alone, of a form that has no other detail; `no_day` takes it away. Raises Invalid."""
    if fields.values.get("no_day"):
        return {"due_date": None}
    return {"due_date": _day(fields, "due_date")} if "due_date" in fields.values else {}


def custom_values(fields: Fields) -> dict[int, Texts]:
    """Return custom fields by id: of a form (`cf_7`, once or more) or of a program (`custom_fields[{id, value}]`)."""
    named = {int(match[1]): value for name, value in fields.values.items() if (match := OF_FORM.fullmatch(name))}
    return {number: _texts(cf_name(number), value) for number, value in (named | _listed(fields)).items()}


def _listed(fields: Fields) -> dict[int, Any]:
    items = fields.all_values("custom_fields", MOST_FIELDS)
    if not all(isinstance(each, dict) and "id" in each for each in items):
        raise request_data.refusal("custom_fields", sentence("This must be a list."))
    if not all("value" in each for each in items):  # else a field would be emptied that nobody named
        raise request_data.refusal("custom_fields", sentence("Please fill this in."))
    return {request_data.whole("custom_fields", each["id"]): each["value"] for each in items}


def _texts(name: str, value: object) -> Texts:
    """Return the values as the backend keeps them, without empty ones. Raises Invalid."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    if len(values) > MOST_FIELDS:
        raise request_data.refusal(name, request_data.too_many(MOST_FIELDS))
    if not all(isinstance(each, str | int | float) for each in values):
        raise request_data.refusal(name, sentence("This must be a text."))
    texts = (str(int(each)) if isinstance(each, bool) else str(each) for each in values)
    return tuple(text for text in (request_data.clean(name, each).strip() for each in texts) if text)


def _subject(fields: Fields, name: str) -> str:
    return " ".join(fields.text(name).split())


def _day(fields: Fields, name: str) -> date | None:
    text = fields.text(name).strip()
    if text and not is_day(text):
        raise request_data.refusal(name, CHECKS["date"][1])
    if text and text < EARLIEST:
        raise request_data.refusal(name, sentence("The year must be 1900 or later."))
    return date.fromisoformat(text) if text else None


def _hours(fields: Fields, name: str) -> float | None:
    """Return a number of hours, in any way that Redmine takes one."""
    value = fields.values[name]
    if value is None or value == "":
        return None
    number = parse_hours(value) if isinstance(value, str) else value if type(value) in (int, float) else None
    if number is None or abs(number) >= MOST_HOURS:
        raise request_data.refusal(name, sentence("This must be a number of hours."))
    return float(number)


def _task(fields: Fields, name: str) -> int | None:
    """Return a task's number, given with `#` or without."""
    value = fields.values[name]
    text = value.strip().removeprefix("#") if isinstance(value, str) else value
    return None if text is None or text == "" else request_data.whole(name, text)


READERS: dict[Detail, Callable[[Fields, str], Value]] = {
    "subject": _subject,
    "description": Fields.text,
    "tracker": Fields.number,
    "start_date": _day,
    "due_date": _day,
    "done_ratio": Fields.number,
    "estimated_hours": _hours,
    "parent": _task,
    "is_private": Fields.flag,
}
