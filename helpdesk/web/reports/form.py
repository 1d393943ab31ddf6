"""Make the form of a report's address: each field with its choices, and what the address has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.reports.address import DEPARTMENT, FIELD, GROUPABLE, GROUPS
from helpdesk.reports.filters import FILTERS
from helpdesk.reports.labels import NO_ONE, YES_NO
from helpdesk.reports.model import NOBODY, Choices
from helpdesk.reports.periods import DEFAULT, PRESETS, STEPS
from helpdesk.tasks.fields import CustomField, Kind
from helpdesk.texts import named
from helpdesk.web.lists.filter_form import indented

SEVERAL = sentence("several")
CHOSEN_DAYS = sentence("the chosen days")
TITLES: dict[str, Sentence] = {
    "period": sentence("Period"),
    "instead": sentence("Period"),
    "since": sentence("or from the day"),
    "until": sentence("to the day"),
    "by": sentence("Divide"),
    "group": sentence("Group by"),
    "phase": sentence("Only tasks that are"),
    "days": sentence("Days without a change"),
    "unanswered": sentence("Without a first answer yet"),
    "split": sentence("Division"),
    "clock": sentence("Clock"),
    "kind": sentence("Promise"),
    "outcome": sentence("Outcome"),
}
"""What people call the parameters that are no filters."""
MOST_OPTIONS = 500
"""As many people or departments are offered at once."""

TYPED: Mapping[Kind, str] = {"text": "text", "integer": "text", "decimal": "text", "date": "date"}
"""The types of inputs for the kinds of custom fields whose values are typed."""

Option = tuple[str, Sentence | str]


class Select(NamedTuple):
    """A select of the form: values with their texts, the present value, and others that are chosen with it."""

    name: str
    label: Sentence | str
    options: Sequence[Option]
    value: str = ""
    others: Sequence[str] = ()


class Input(NamedTuple):
    """An input of the form for one value."""

    name: str
    label: str
    type: str
    value: str


class Form:
    """The form by what an address has, be it right or wrong."""

    def __init__(self, choices: Choices, offered: Sequence[str], given: Mapping[str, Sequence[str]]) -> None:
        self.choices, self.offered, self.given = choices, offered, given

    @property
    def selects(self) -> list[Select]:
        """Return the filters that all reports have."""
        words = self.choices.vocabulary
        people = [(it.id, named(it.name, it.id)) for it in self.choices.executors[:MOST_OPTIONS] if it.id != NOBODY]
        options: dict[str, Iterable[tuple[int, Sentence | str]]] = {
            "project_id": indented(words.projects).items(),
            "tracker_id": [(it.id, named(it.name, it.id)) for it in words.trackers],
            "status_id": [(it.id, named(it.name, it.id)) for it in words.statuses],
            "priority_id": [(it.id, named(it.name, it.id)) for it in words.priorities],
            "executor_id": [(NOBODY, NO_ONE), *people],
        }
        found = [self._of_ids(name, label, options[name]) for name, label in FILTERS.items()]
        if self.offered:
            found.append(self._of_texts(DEPARTMENT, GROUPS[DEPARTMENT], [(it, it) for it in self.offered]))
        return found

    @property
    def field_selects(self) -> list[Select]:
        """Return the filters by custom fields whose values can be chosen."""
        return [self._of_texts(f"{FIELD}{it.id}", it.name, _values(it)) for it in self.choices.fields if _values(it)]

    @property
    def field_inputs(self) -> list[Input]:
        """Return the filters by custom fields whose values are typed, one for each value."""
        typed = [(it, f"{FIELD}{it.id}") for it in self.choices.fields if it.kind in TYPED]
        return [
            Input(name, it.name, TYPED[it.kind], value)
            for it, name in typed
            for value in [each for each in self.given.get(name, ()) if each] or [""]
        ]

    @property
    def has_days(self) -> bool:
        """Tell whether days are chosen, and no period in their place."""
        return bool(self._first("since") or self._first("until")) and not self._first("instead")

    @property
    def periods(self) -> Select:
        """Return the periods. Where days are chosen, the one that is chosen next takes their place."""
        options: list[Option] = [(name, it.title) for name, it in PRESETS.items()]
        if self.has_days:
            return Select("instead", "", [("", CHOSEN_DAYS), *options])
        return Select("period", "", options, self._first("instead") or self._first("period", DEFAULT))

    @property
    def steps(self) -> Select:
        return Select("by", "", list(STEPS.items()), self._first("by"))

    @property
    def groups(self) -> list[Select]:
        """Return the selects of the two groups."""
        fields = [(f"{FIELD}{it.id}", it.name) for it in self.choices.fields if it.kind in GROUPABLE]
        options: list[Option] = [*GROUPS.items(), *fields]
        names = ("group", "then")
        chosen = [*(it for name in names for it in self.given.get(name, ()) if it), "", ""]
        return [Select(name, "", options, value) for name, value in zip(names, chosen, strict=False)]

    def title(self, name: str) -> Sentence | str:
        """Return what people call a parameter that is refused."""
        names = {it.name: it.label for it in (*self.selects, *self.field_selects)}
        names |= {it.name: it.label for it in self.field_inputs}
        return TITLES.get(name) or names.get(name) or name

    def _first(self, name: str, default: str = "") -> str:
        return next(iter(self.given.get(name, ())), "") or default

    def _of_ids(self, name: str, label: Sentence, choices: Iterable[tuple[int, Sentence | str]]) -> Select:
        value = ",".join(it for it in self.given.get(name, ()) if it)
        options: list[Option] = [(str(id), text) for id, text in choices]
        if value and value not in dict(options):
            options.insert(0, (value, SEVERAL if "," in value else f"#{value}"))
        return Select(name, label, options, value)

    def _of_texts(self, name: str, label: Sentence | str, options: Sequence[Option]) -> Select:
        values = [it for it in self.given.get(name, ()) if it]
        unknown = [(it, it) for it in values if it not in dict(options)]
        return Select(name, label, [*unknown, *options], values[0] if values else "", values[1:])


def _values(field: CustomField) -> Sequence[Option]:
    if field.kind == "yes_no":
        return list(YES_NO.items())
    return field.options if field.kind == "list" else ()
