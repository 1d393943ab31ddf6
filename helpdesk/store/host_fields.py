"""Name the columns of a host that say how it is probed, once for all that read and write them, and their limits."""

from dataclasses import dataclass, fields

from helpdesk.store.casefold import fold

MOST_HOSTS = 500
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class HostFields:
    """How a host is probed; the fields are those of `MonitoredHost`."""

    name: str
    group_name: str
    method: str
    address: str
    port: int | None
    query: str
    expected_status: str
    expected_words: str
    certificate_days: int
    interval_seconds: int
    failures_to_open: int
    successes_to_close: int


def folded(name: str) -> str:
    """Return the form of a name by which no two hosts have the same. Some letters become several by folding."""
    return fold(name)[:LONGEST_NAME]


def names(of: type[HostFields]) -> list[str]:
    """Return the names of the fields, in their order."""
    return [it.name for it in fields(of)]
