"""Name the columns of a host that say how it is probed, once for all that read and write them."""

from dataclasses import dataclass, fields


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


def names(of: type[HostFields]) -> list[str]:
    """Return the names of the fields, in their order."""
    return [it.name for it in fields(of)]
