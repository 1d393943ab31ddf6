"""Details and custom fields as they come: from a form one by one, from a program by the names of the contract."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.tasks.fields import CHECKS, Detail, Texts, Value, field_of, is_day, name_of
from helpdesk.tasks.model import Edit
from helpdesk.web import inputs
from helpdesk.web.inputs import Fields

HOURS = re.compile(r"\d{1,7}(\.\d{1,6})?", re.ASCII)
OF_FORM = re.compile(r"cf_([1-9]\d{0,9})", re.ASCII)


def edit(fields: Fields) -> Edit:
    """What a body wishes to change; what it does not name stays. Raises Invalid that tells of every field at once."""
    found: dict[str, Sequence[Sentence]] = {}
    details: dict[Detail, Value] = {}
    custom: Mapping[int, Texts] = {}
    for detail, read in READERS.items():
        if field_of(detail) in fields.values:
            try:
                details[detail] = read(fields, field_of(detail))
            except Invalid as refusal:
                found |= refusal.fields
    try:
        custom = custom_values(fields)
    except Invalid as refusal:
        found |= refusal.fields
    if found:
        raise Invalid(found)
    return Edit(comment=fields.text("comment"), version=fields.version(), details=details, custom=custom)


def custom_values(fields: Fields) -> dict[int, Texts]:
    """The custom fields of a form (`cf_7`, once or more often) or a program (`custom_fields[{id, value}]`), by id."""
    named = {int(match[1]): value for name, value in fields.values.items() if (match := OF_FORM.fullmatch(name))}
    return {number: _texts(name_of(number), value) for number, value in (named | _listed(fields)).items()}


def _listed(fields: Fields) -> dict[int, Any]:
    given = fields.listed("custom_fields")
    if not all(isinstance(each, dict) and "id" in each for each in given):
        raise inputs.refusal("custom_fields", sentence("This must be a list."))
    return {inputs.whole("custom_fields", each["id"]): each.get("value") for each in given}


def _texts(name: str, value: object) -> Texts:
    """The values as the tracker keeps them, without empty ones. Raises Invalid."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(each, str | int | float) for each in values):
        raise inputs.refusal(name, sentence("This must be a text."))
    texts = (str(int(each)) if isinstance(each, bool) else str(each) for each in values)
    return tuple(text for text in (inputs.clean(name, each).strip() for each in texts) if text)


def _subject(fields: Fields, name: str) -> str:
    return " ".join(fields.text(name).split())


def _day(fields: Fields, name: str) -> date | None:
    text = fields.text(name).strip()
    if text and not is_day(text):
        raise inputs.refusal(name, CHECKS["date"][1])
    return date.fromisoformat(text) if text else None


def _hours(fields: Fields, name: str) -> float | None:
    """A number of hours; with a comma, too, as people write it."""
    value = fields.values[name]
    text = "" if value is None else str(value).strip().replace(",", ".")
    if text and (isinstance(value, bool) or not HOURS.fullmatch(text)):
        raise inputs.refusal(name, sentence("This must be a number of hours."))
    return float(text) if text else None


def _task(fields: Fields, name: str) -> int | None:
    """A task's number, with `#` or without."""
    value = fields.values[name]
    text = value.strip().removeprefix("#") if isinstance(value, str) else value
    return None if text is None or text == "" else inputs.whole(name, text)


READERS: dict[Detail, Callable[[Fields, str], Value]] = {
    "subject": _subject,
    "description": Fields.text,
    "tracker": Fields.number,
    "start_date": _day,
    "due_date": _day,
    "done_ratio": Fields.number,
    "estimated_hours": _hours,
    "parent": _task,
}
