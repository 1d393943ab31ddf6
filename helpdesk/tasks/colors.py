"""Choose the color of a status by its phase, and that of a priority by its rank (contract §4).

No backend says which statuses are resolved: their names tell. The setting COLORS corrects wrong guesses.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Literal, NamedTuple

from cachetools import TTLCache

from helpdesk.tasks.model import Priority, Status
from helpdesk.tasks.phases import NO_RULES, Rules, phase

Named = Mapping[str, str]
"""The colors of COLORS, by keys such as `status:5`."""

Mark = Literal["new", "active", "waiting", "resolved", "closed"]
"""How pages draw a status: by its phase, and what is resolved but still open by itself."""

OF_MARKS: Mapping[Mark, str] = {
    "new": "#0000ff",
    "active": "#ffa500",
    "waiting": "#9370db",
    "resolved": "#00ff00",
    "closed": "#808080",
}
SCALE = ("#808080", "#2e8b57", "#ffd700", "#ff8c00", "#ff0000")  # from the lowest priority to the highest
RESOLVED_WORDS = frozenset(  # with е where there may be ё
    ("resolved", "solved", "fixed", "решен", "решена", "решено", "решены", "выполнен", "выполнена", "выполнено")
)


FRESH_SECONDS = 10


class Colors(NamedTuple):
    """The colors of the known statuses and priorities; any other gets a color by its own data."""

    statuses: Mapping[int, Status] = {}
    priorities: Mapping[int, str] = {}
    rules: Rules = NO_RULES
    named: Named = {}

    def of(self, value: Status | Priority) -> str:
        if isinstance(value, Priority):
            return self.named.get(f"priority:{value.id}") or self.priorities.get(value.id) or SCALE[value.rank]
        return self.named.get(f"status:{value.id}") or OF_MARKS[self.mark(value)]

    def mark(self, status: Status) -> Mark:
        return mark_of(self.statuses.get(status.id, status), self.rules)


class ColorCache:
    """The colors as they were read, until FRESH_SECONDS are over or they are forgotten."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin a cache of its own, so that colors which are being read just now do not get into it."""
        self.current: MutableMapping[str, Colors] = TTLCache(1, FRESH_SECONDS)


def known(statuses: Iterable[Status], priorities: Iterable[Priority], rules: Rules, named: Named) -> Colors:
    """Return the colors of these; `priorities` are the active ones, lowest first."""
    return Colors({status.id: status for status in statuses}, of_priorities(priorities), rules, named)


def mark_of(status: Status, rules: Rules) -> Mark:
    its_phase = phase(status, rules)
    if its_phase == "done":
        return "closed"
    return "resolved" if its_phase != "waiting" and _is_resolved(status.name) else its_phase


def resolved(statuses: Iterable[Status], rules: Rules) -> frozenset[int]:
    """Return the ids of the statuses that are resolved but still open: their tasks wait for their requesters."""
    return frozenset(it.id for it in statuses if mark_of(it, rules) == "resolved")


def of_priorities(priorities: Iterable[Priority]) -> dict[int, str]:
    """Return colors by id: only the highest is red; the lowest is grey unless it is the only one."""
    listed = [priority.id for priority in priorities]
    below = len(listed) - 1
    places = {number: place * (len(SCALE) - 1) // below if below else -1 for place, number in enumerate(listed)}
    return {number: SCALE[place] for number, place in places.items()}


def _is_resolved(name: str) -> bool:
    words = name.casefold().replace("ё", "е").replace(",", " ").split()
    return bool(words) and words[0] in RESOLVED_WORDS
