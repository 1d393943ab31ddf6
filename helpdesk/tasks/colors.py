"""The color of a status tells its phase, that of a priority how high it stands (contract §4).

Which statuses are resolved, no tracker tells: it is read from their names. COLORS names what this gets wrong.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from typing import NamedTuple

from cachetools import TTLCache

from helpdesk.tasks.model import Priority, Status
from helpdesk.tasks.phases import NO_RULES, Rules, phase

Named = Mapping[str, str]
"""Colors by what has them, such as `status:5`, as COLORS says."""

OF_PHASES = {"new": "#0000ff", "active": "#ffa500", "waiting": "#9370db", "done": "#808080"}
RESOLVED = "#00ff00"
SCALE = ("#808080", "#2e8b57", "#ffd700", "#ff8c00", "#ff0000")  # from the lowest priority to the highest
RESOLVED_WORDS = frozenset(  # with е where there may be ё
    ("resolved", "solved", "fixed", "решен", "решена", "решено", "решены", "выполнен", "выполнена", "выполнено")
)


FRESH_SECONDS = 10


class Colors(NamedTuple):
    """What is known of the tracker's statuses and priorities; of any other a color is told by itself."""

    statuses: Mapping[int, Status] = {}
    priorities: Mapping[int, str] = {}
    rules: Rules = NO_RULES
    named: Named = {}

    def of(self, found: Status | Priority) -> str:
        if isinstance(found, Priority):
            return self.named.get(f"priority:{found.id}") or self.priorities.get(found.id) or SCALE[found.rank]
        return self.named.get(f"status:{found.id}") or of_status(self.statuses.get(found.id, found), self.rules)


class ColorCache:
    """The colors as they were read, until FRESH_SECONDS are over or they are forgotten."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin a cache of its own, so that colors which are being read just now do not get into it."""
        self.current: MutableMapping[str, Colors] = TTLCache(1, FRESH_SECONDS)


def known(statuses: Iterable[Status], priorities: Iterable[Priority], rules: Rules, named: Named) -> Colors:
    """`priorities` are the active ones, lowest first."""
    return Colors({status.id: status for status in statuses}, of_priorities(priorities), rules, named)


def of_status(status: Status, rules: Rules) -> str:
    """By its phase; among those that tasks are being dealt with in, the resolved ones have a color of their own."""
    found = phase(status, rules)
    return RESOLVED if found in ("new", "active") and _is_resolved(status.name) else OF_PHASES[found]


def of_priorities(priorities: Iterable[Priority]) -> dict[int, str]:
    """The highest is red, and no other; the lowest is grey unless it is the only one."""
    listed = [priority.id for priority in priorities]
    below = len(listed) - 1
    places = {number: place * (len(SCALE) - 1) // below if below else -1 for place, number in enumerate(listed)}
    return {number: SCALE[place] for number, place in places.items()}


def _is_resolved(name: str) -> bool:
    words = name.casefold().replace("ё", "е").replace(",", " ").split()
    return bool(words) and words[0] in RESOLVED_WORDS
