"""What a task says beyond status, priority and assignee: the tracker's own details, and the fields a company added."""

import re
from collections.abc import Callable
from datetime import date
from typing import Literal, NamedTuple

from helpdesk.errors import Sentence, sentence

Detail = Literal[
    "subject", "description", "tracker", "start_date", "due_date", "done_ratio", "estimated_hours", "parent"
]
Value = str | int | float | date | None
Kind = Literal["text", "long_text", "integer", "decimal", "date", "yes_no", "list", "link", "other"]
Texts = tuple[str, ...]


class Option(NamedTuple):
    """One of the values that a field of the kind `list` takes, and what people call it."""

    value: str
    label: str


class CustomField(NamedTuple):
    """A field that a company added to the tracker.

    Its value is the texts the tracker keeps: none when empty, several when `multiple`; a date is ISO, yes is "1" and no
    is "0", of a list it is an Option's value. A field of the kind `other` can only be shown.
    """

    id: int
    name: str
    kind: Kind = "text"
    options: tuple[Option, ...] = ()
    multiple: bool = False
    required: bool = False
    default: Texts = ()
    hint: str = ""

    def words(self, value: Texts) -> tuple[str, ...]:
        """What people call the values of a list; other kinds' values as they are."""
        labels = {option.value: option.label for option in self.options}
        return tuple(labels.get(each, each) for each in value)


class CustomValue(NamedTuple):
    """What one task holds in a custom field."""

    field: CustomField
    value: Texts = ()


def is_day(text: str) -> bool:
    """Whether `text` is a day as ISO writes it with dashes."""
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is(pattern: str) -> Callable[[str], bool]:
    return lambda text: bool(re.fullmatch(pattern, text, re.ASCII))


CHECKS: dict[Kind, tuple[Callable[[str], bool], Sentence]] = {
    "integer": (_is(r"[+-]?\d+"), sentence("This must be a whole number.")),
    "decimal": (_is(r"[+-]?\d+(\.\d*)?(e[+-]?\d{1,2})?"), sentence("This must be a number.")),
    "date": (is_day, sentence("This must be a day such as 2026-11-20.")),
    "yes_no": (_is("[01]"), sentence("This must be yes or no.")),
}


def field_of(detail: Detail) -> str:
    """What a detail is called in forms, JSON and errors: tracker and parent are given by their ids."""
    return f"{detail}_id" if detail in ("tracker", "parent") else detail


def name_of(field_id: int) -> str:
    """What a custom field is called in forms and errors, as in Redmine's own addresses: `cf_7`."""
    return f"cf_{field_id}"


def fault(field: CustomField, value: Texts) -> Sentence | None:
    """What is wrong with a value of this field, if anything. Source: Redmine's FieldFormat."""
    if not any(each.strip() for each in value):
        return sentence("Please fill this in.") if field.required else None
    if len(value) > 1 and not field.multiple:
        return sentence("Only one value can be chosen.")
    if field.kind == "list" and set(value) - {option.value for option in field.options}:
        return sentence("This is not one of the values.")
    fits, says = CHECKS.get(field.kind, (None, None))
    return says if fits and not all(map(fits, value)) else None
