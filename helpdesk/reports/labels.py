"""Name the values of groups, and put them in order. Who or what is gone is named by its number."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.reports.address import DEPARTMENT, FIELD, GROUPS, field_of
from helpdesk.reports.model import EXECUTOR, NOBODY, TIME, Choices, Key, Measure
from helpdesk.reports.periods import DAY, Period
from helpdesk.texts import is_blank

NO_ONE = sentence("nobody")
NO_DEPARTMENT = sentence("unknown department")
NO_VALUE = sentence("no value")
YES_NO = {"1": sentence("yes"), "0": sentence("no")}
GONE = sentence("a field that is gone")
MEASURE_WORDS: dict[Measure, Sentence] = {
    "created": sentence("Created tasks"),
    "closed": sentence("Closed tasks"),
    "reopened": sentence("Reopened tasks"),
    "open": sentence("Open at the end"),
}
VOCABULARY = {"project": "projects", "tracker": "trackers", "status": "statuses", "priority": "priorities"}


class Labels(NamedTuple):
    """What is known of the values: `people` are names by ids, `parts` those of the period, and `values` the names
    of texts of custom fields that these do not list."""

    choices: Choices
    parts: tuple[Period, ...] = ()
    people: Mapping[int, str] = {}
    values: Mapping[tuple[int, str], str] = {}

    def group(self, group: str) -> Sentence | str:
        """Return the name of a group."""
        if group in GROUPS:
            return GROUPS[group]
        return next((it.name for it in self.choices.fields if it.id == field_of(group)), GONE)

    def of(self, group: str, key: Key) -> Sentence | str:
        """Return the name of a value."""
        if group == TIME:
            return step_text(self.parts, int(key))
        if group == DEPARTMENT:
            return str(key) or NO_DEPARTMENT
        if group.startswith(FIELD):
            return self._of_field(field_of(group), str(key))
        if group == EXECUTOR and key == NOBODY:
            return NO_ONE
        name = self.people.get(int(key)) if group == EXECUTOR else self._word(group, int(key))
        return name if name and not is_blank(name) else f"#{key}"

    def places(self, group: str) -> dict[Key, int] | None:
        """Return the places of values that have an order of their own, None where the largest number comes first."""
        if group == TIME:
            return {place: place for place in range(len(self.parts))}
        if group in VOCABULARY:
            return {it.id: place for place, it in enumerate(self._words(group))}
        return None

    def _word(self, group: str, id: int) -> str | None:
        return next((it.name for it in self._words(group) if it.id == id), None)

    def _words(self, group: str) -> Sequence[Any]:
        words: Sequence[Any] = getattr(self.choices.vocabulary, VOCABULARY[group])
        return words

    def _of_field(self, id: int, text: str) -> Sentence | str:
        field = next((it for it in self.choices.fields if it.id == id), None)
        if text == "":
            return NO_VALUE
        if name := self.values.get((id, text)):
            return name
        if field and field.kind == "yes_no" and text in YES_NO:
            return YES_NO[text]
        return field.labels((text,))[0] if field else text


def step_text(parts: Sequence[Period], place: int) -> Sentence | str:
    """Return one of the parts of a period. The month that still runs may have one day, and is no day among months."""
    part = parts[place]
    if place and _is_month(parts[place - 1]) and not _is_month(part):
        return sentence("%(month)s until %(day)s", month=f"{part.first:%m.%Y}", day=f"{part.last:%d.%m}")
    return part_text(part)


def part_text(part: Period) -> str:
    """Return a part of a period as people write it."""
    first, last = part
    if first == last:
        return f"{first:%d.%m.%Y}"
    if _is_month(part):
        return f"{first:%m.%Y}"
    return f"{first:%d.%m}–{last:%d.%m.%Y}" if first.year == last.year else f"{first:%d.%m.%Y}–{last:%d.%m.%Y}"


def _is_month(part: Period) -> bool:
    first, last = part
    return (first.year, first.month) == (last.year, last.month) and first.day == 1 == (last + DAY).day
