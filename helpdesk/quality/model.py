"""Define what quality control counts: the trackers of each kind of request, and the fields of object and place."""

from collections.abc import Mapping
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.settings.quality import FIELDS, KINDS
from helpdesk.settings.quality import Numbers as Numbers

KIND_NAMES: dict[str, Sentence] = {
    "complaint": sentence("Complaints"),
    "gratitude": sentence("Gratitude"),
    "question": sentence("Questions"),
    "suggestion": sentence("Suggestions"),
}
FIELD_NAMES: dict[str, Sentence] = {
    "object": sentence("Object"),
    "resort": sentence("Resort"),
    "country": sentence("Country"),
}
NO_TRACKER = NO_PROJECT = 0
"""The tracker and the project of no task."""


class QualityChoices(NamedTuple):
    """Trackers by the kind of request, custom fields by what they say, and the projects, none for all."""

    kinds: Numbers = {}
    fields: Mapping[str, int] = {}
    projects: tuple[int, ...] = ()

    @property
    def tracker_ids(self) -> tuple[int, ...]:
        return tuple(number for kind in KINDS for number in self.kinds.get(kind, ()))

    def kind_of(self, tracker_id: int) -> str:
        """Return the kind of a tracker's requests, empty for any other tracker."""
        return next((kind for kind, numbers in self.kinds.items() if tracker_id in numbers), "")

    def numbers(self) -> dict[str, tuple[int, ...]]:
        """Return the ids by their roles."""
        return {**self.kinds, **{role: (number,) for role, number in self.fields.items()}}


def chosen(numbers: Numbers, projects: tuple[int, ...]) -> QualityChoices:
    """Return the choices of these ids."""
    kinds = {kind: numbers[kind] for kind in KINDS if numbers.get(kind)}
    return QualityChoices(kinds, {field: numbers[field][0] for field in FIELDS if numbers.get(field)}, projects)
