"""Put the numbers of groups into lines, and these in order."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from helpdesk.errors import Invalid, sentence
from helpdesk.reports.labels import Labels
from helpdesk.reports.model import Counts, Keys

PER_PAGE = 200
"""Lines of groups on a page."""
MOST_LINES = 20_000
TOO_MANY_LINES = sentence(
    "These groups have %(lines)s values. At most %(most)s fit in: choose a filter or another group."
)


class Numbers(NamedTuple):
    """The numbers of tasks, a measure each; `open` are those at the end."""

    created: int = 0
    closed: int = 0
    reopened: int = 0
    open: int = 0

    @property
    def weight(self) -> int:
        return self.created + self.closed + self.open


class Line(NamedTuple):
    """The numbers of a value of the first group, or of one of each group."""

    keys: Keys
    numbers: Numbers


def check_lines(number: int) -> None:
    """Raise Invalid where groups have too many values."""
    if number > MOST_LINES:
        raise Invalid({"group": [TOO_MANY_LINES._replace(values={"lines": number, "most": MOST_LINES})]})


def authors_of(counts: Iterable[Counts], place: int) -> set[int]:
    """Return the authors who are counted. There may be many, with months: it runs in a thread, as `by_department`."""
    return {int(key[place]) for each in counts for key in each}


def by_department(counts: Counts, place: int, departments: Mapping[int, str]) -> Counts:
    """Add up what is counted by authors. Each task has one author, so no task is counted twice."""
    sums = Counter[Keys]()
    for key, number in counts.items():
        sums[(*key[:place], departments.get(int(key[place]), ""), *key[place + 1 :])] += number
    return sums


def with_heads(weights: Mapping[Keys, int]) -> Mapping[Keys, int]:
    """Add the sum of each value of the first group to the weights of lines."""
    sums = Counter[Keys]()
    for keys, weight in weights.items():
        for depth in range(1, len(keys) + 1):
            sums[keys[:depth]] += weight
    return sums


def order(
    groups: Sequence[str], labels: Labels, weights: Mapping[Keys, int]
) -> Callable[[Keys], list[tuple[int, str]]]:
    """Return the key by which lines are sorted: a value of the first group, and those of the second within it.

    Values without an order of their own begin with the heaviest. `weights` are those of the lines, and of each value of
    the first group.
    """
    orders = [labels.places(group) for group in groups]

    def place(keys: Keys) -> list[tuple[int, str]]:
        return [
            (-weights[keys[: depth + 1]] if places is None else places.get(key, len(places)), str(key))
            for depth, (key, places) in enumerate(zip(keys, orders, strict=False))
        ]

    return place
