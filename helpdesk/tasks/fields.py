"""What a task says beyond status, priority and assignee: the tracker's own details, and the fields a company added."""

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
    """One of the values that a field of the kind `list` takes, and what people call it."""

    value: str
    label: str


class CustomField(NamedTuple):
    """A field that a company added to the tracker.

    Its value is the texts the tracker keeps: none when empty, several when `multiple`; a date is ISO, yes is "1" and no
    is "0", of a list it is an Option's value, of a file its number. `called` names what can't be chosen, by its number.
    A field of the kinds `file` and `other` can only be shown.
    """

    id: int
    name: str
    kind: Kind = "text"
    options: tuple[Option, ...] = ()
    multiple: bool = False
    required: bool = False
    default: Texts = ()
    hint: str = ""
    called: tuple[Option, ...] = ()

    @property
    def is_writable(self) -> bool:
        return self.kind not in ("file", "other")

    def words(self, value: Texts) -> tuple[str, ...]:
        """Return the names of values; those without a name as they are."""
        labels = {option.value: option.label for option in (*self.called, *self.options)}
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


def yes_or_no(text: str) -> bool | None:
    """Read a flag in any of the contract's forms; None for anything else."""
    word = text.strip().lower()
    return True if word in YES else False if word in NO else None


def plain_number(text: str) -> str:
    """A number that people write with a comma, a long minus or spaces between thousands, as programs write it.

    Any other text stays as it is.
    """
    found = NUMBER.fullmatch(text.strip())
    if not found or not (found[2] or found[3]):
        return text
    sign, whole = found[1].replace("−", "-"), re.sub(f"[{SPACES}]", "", found[2]) or "0"
    return f"{sign}{whole}{'.' + found[3] if found[3] else ''}{found[4] or ''}"


def hours(text: str) -> float | None:
    """Hours in each way that Redmine takes them: `1.5`, `1,5`, `2h`, `1:30`, `1h30`, `1h 30min`, `90m`; else None.

    Source: Redmine's String#to_hours. A number of it, so that no time is lost, may also be written as `plain_number`.
    """
    text = text.strip()
    if found := CLOCK.fullmatch(text):
        return int(found[1]) + int(found[2]) / 60
    if found := LONE_HOURS.fullmatch(text):
        return float(found[1].replace(",", "."))
    if (found := HOURS_AND_MINUTES.fullmatch(text)) and text:
        return int(found[1] or 0) + int(found[2] or 0) / 60
    try:
        return float(plain_number(text)) if NUMBER.fullmatch(text) else None
    except ValueError:
        return None


def digits(number: float) -> str:
    """A number with at most six decimals and none of its digits before them lost."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def in_normal_form(field: CustomField, value: Texts) -> Texts:
    """A value as the tracker keeps it, whatever way people and programs write numbers, hours and yes or no."""
    return tuple(_normal(field.kind, each) for each in value)


def _normal(kind: Kind, text: str) -> str:
    number = plain_number(text)
    if kind in ("integer", "decimal") and CHECKS[kind][0](number):
        return number
    if kind == "decimal" and (spent := hours(text)) is not None:
        return digits(spent)
    if kind == "yes_no" and (said := yes_or_no(text)) is not None:
        return str(int(said))
    return text


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
    """Return the name of a detail in forms, JSON and errors: tracker and parent are given by their ids."""
    return f"{detail}_id" if detail in ("tracker", "parent") else detail


def name_of(field_id: int) -> str:
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
    fits, says = CHECKS.get(field.kind, (None, None))
    return says if fits and not all(map(fits, value)) else None
