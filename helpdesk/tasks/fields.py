"""Define fields other than status, priority and assignee: the backend's details, and custom fields."""

import re
from collections.abc import Callable
from datetime import date
from typing import Literal, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.texts import is_blank

Detail = Literal[
    "subject",
    "description",
    "tracker",
    "start_date",
    "due_date",
    "done_ratio",
    "estimated_hours",
    "parent",
    "is_private",
]
Value = str | int | float | date | None
Kind = Literal["text", "long_text", "integer", "decimal", "date", "yes_no", "list", "link", "file", "other"]
Texts = tuple[str, ...]


class Option(NamedTuple):
    """A value of a field of the kind `list`, and its label."""

    value: str
    label: str


class CustomField(NamedTuple):
    """A field that a company added to the backend.

    Its value is the backend's texts: none when empty, several when `multiple`; a date is ISO, yes is "1" and no is "0",
    a list has an Option's value, a file its id. `unlisted` are values that can't be chosen, with their labels. A
    field of the kinds `file` and `other` is read-only.
    """

    id: int
    name: str
    kind: Kind = "text"
    options: tuple[Option, ...] = ()
    multiple: bool = False
    required: bool = False
    default: Texts = ()
    hint: str = ""
    unlisted: tuple[Option, ...] = ()

    @property
    def is_writable(self) -> bool:
        return self.kind not in ("file", "other")

    def labels(self, value: Texts) -> tuple[str, ...]:
        """Return the labels of values; those without a label as they are."""
        labels = {option.value: option.label for option in (*self.unlisted, *self.options)}
        return tuple(labels.get(each, each) for each in value)


class CustomValue(NamedTuple):
    """The value of one task in a custom field."""

    field: CustomField
    value: Texts = ()


YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})
SPACES = " \u00a0\u2009\u202f"
NUMBER = re.compile(
    rf"([+\-−]?) ?(\d{{1,3}}(?:[{SPACES}]\d{{3}})+|\d*)(?:[.,](\d*))?(e[+-]?\d{{1,2}})?", re.ASCII | re.IGNORECASE
)
CLOCK = re.compile(r"(\d{1,7}):(\d{1,7})", re.ASCII)
LONE_HOURS = re.compile(r"(\d{1,7}(?:[.,]\d{1,20})?)h?", re.ASCII)
HOURS_AND_MINUTES = re.compile(r"(?:(\d{1,7})\s*h(?:ours?)?)?\s*(?:(\d{1,7})\s*(?:m|min)?)?", re.ASCII | re.IGNORECASE)


def parse_flag(text: str) -> bool | None:
    """Read a flag in any of the contract's forms; None for anything else."""
    word = text.strip().lower()
    return True if word in YES else False if word in NO else None


def plain_number(text: str) -> str:
    """Return a number in the form of programs, without comma, long minus or spaces between thousands.

    Any other text stays as it is.
    """
    match = NUMBER.fullmatch(text.strip())
    if not match or not (match[2] or match[3]):
        return text
    sign, whole = match[1].replace("−", "-"), re.sub(f"[{SPACES}]", "", match[2]) or "0"
    return f"{sign}{whole}{'.' + match[3] if match[3] else ''}{match[4] or ''}"


def parse_hours(text: str) -> float | None:
    """Read hours, in each form that Redmine accepts: `1.5`, `1,5`, `2h`, `1:30`, `1h30`, `1h 30min`, `90m`; else None.

    Source: Redmine's String#to_hours. Every form of `plain_number` is accepted, too, so that no time is lost.
    """
    text = text.strip()
    if match := CLOCK.fullmatch(text):
        return int(match[1]) + int(match[2]) / 60
    if match := LONE_HOURS.fullmatch(text):
        return float(match[1].replace(",", "."))
    if (match := HOURS_AND_MINUTES.fullmatch(text)) and text:
        return int(match[1] or 0) + int(match[2] or 0) / 60
    try:
        return float(plain_number(text)) if NUMBER.fullmatch(text) else None
    except ValueError:
        return None


def format_number(number: float) -> str:
    """Return a number with at most six decimals and all digits before them."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def in_normal_form(field: CustomField, value: Texts) -> Texts:
    """Return a value in the backend's form, whatever the typed form of numbers, hours and yes or no."""
    return tuple(_normal(field.kind, each) for each in value)


def _normal(kind: Kind, text: str) -> str:
    number = plain_number(text)
    if kind in ("integer", "decimal") and CHECKS[kind][0](number):
        return number
    if kind == "decimal" and (spent := parse_hours(text)) is not None:
        return format_number(spent)
    if kind == "yes_no" and (flag := parse_flag(text)) is not None:
        return str(int(flag))
    return text


def is_day(text: str) -> bool:
    """Return whether `text` is a day in ISO's form with dashes."""
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: bool(re.fullmatch(pattern, text, re.ASCII))


CHECKS: dict[Kind, tuple[Callable[[str], bool], Sentence]] = {
    "integer": (_matches(r"[+-]?\d+"), sentence("This must be a whole number.")),
    "decimal": (_matches(r"[+-]?\d+(\.\d*)?(e[+-]?\d{1,2})?"), sentence("This must be a number.")),
    "date": (is_day, sentence("This must be a day such as 2026-11-20.")),
    "yes_no": (_matches("[01]"), sentence("This must be yes or no.")),
}


def detail_name(detail: Detail) -> str:
    """Return the name of a detail in forms, JSON and errors: tracker and parent have ids."""
    return f"{detail}_id" if detail in ("tracker", "parent") else detail


def history_name(detail: Detail) -> str:
    """Return the name of a detail in a history."""
    return "parent_id" if detail == "parent" else detail


def cf_name(field_id: int) -> str:
    """Return the name of a custom field in forms and errors, as in Redmine's own addresses: `cf_7`."""
    return f"cf_{field_id}"


def fault(field: CustomField, value: Texts) -> Sentence | None:
    """Return the fault of a value of this field, if any. Source: Redmine's FieldFormat."""
    if all(map(is_blank, value)):
        return sentence("Please fill this in.") if field.required else None
    if len(value) > 1 and not field.multiple:
        return sentence("Only one value can be chosen.")
    if field.kind == "list" and set(value) - {option.value for option in field.options}:
        return sentence("This is not one of the values.")
    fits, message = CHECKS.get(field.kind, (None, None))
    return message if fits and not all(map(fits, value)) else None
