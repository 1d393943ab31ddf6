"""Say how hosts are: each in one state, the worst first, group by group."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.netmonitor.model import GRADES, grade_of
from helpdesk.store.netmonitor import HostRow
from helpdesk.store.public_hosts import PublicHost

STATES: Mapping[str, Sentence] = {
    "down": sentence("down"),
    "failing": sentence("no answer just now"),
    "expiring": sentence("certificate expires"),
    "poor": GRADES["poor"],
    "average": GRADES["average"],
    "unknown": sentence("not known"),
    "maintenance": sentence("maintenance"),
    "good": GRADES["good"],
    "excellent": GRADES["excellent"],
}
"""The states in words, the worst first. Their shapes: static/css/pages/netmonitor.css."""
RANKS = {name: rank for rank, name in enumerate(STATES)}
MISSED = 3
"""After so many probes that were due and did not come, nothing is known of a host."""
SLACK = timedelta(seconds=30)


class Host(NamedTuple):
    """A host with its state."""

    row: HostRow
    state: str


class Group(NamedTuple):
    """The hosts of a group, the worst first, and how many are in each state."""

    name: str
    hosts: Sequence[Host]

    @property
    def counts(self) -> Sequence[tuple[str, int]]:
        return counted(self.hosts)


def state_of(row: HostRow, now: datetime) -> str:
    """Return the one state of a host. One that fails is not down before it has failed often enough."""
    if row.maintenance is not None:
        return "maintenance"
    if row.status == "unknown" or is_stale(row, now):
        return "unknown"
    if row.status == "offline":
        return "down"
    if row.ms is None:
        return "failing"
    return "expiring" if row.fault == "expiring" else grade_of(row.ms)


def is_stale(row: HostRow | PublicHost, now: datetime) -> bool:
    """Tell whether probes are missing: the one that measures does not run."""
    late = MISSED * timedelta(seconds=row.interval_seconds) + SLACK
    return row.checked_at is None or now - row.checked_at > late


def grouped(rows: Iterable[HostRow], now: datetime) -> list[Group]:
    """Return the groups, those with the worst hosts first."""
    by_name: dict[str, list[Host]] = {}
    for row in rows:
        by_name.setdefault(row.group_name, []).append(Host(row, state_of(row, now)))
    groups = [Group(name, sorted(hosts, key=_order)) for name, hosts in by_name.items()]
    return sorted(groups, key=lambda it: (_order(it.hosts[0])[0], not it.name, it.name.casefold()))


def counted(hosts: Iterable[Host]) -> list[tuple[str, int]]:
    """Return how many hosts are in each state that there is, the worst first."""
    counts = Counter(it.state for it in hosts)
    return [(name, counts[name]) for name in STATES if counts[name]]


def _order(host: Host) -> tuple[int, float, str]:
    slowest = -(host.row.ms or 0.0) if host.state in ("poor", "average") else 0.0
    return RANKS[host.state], slowest, host.row.name.casefold()
