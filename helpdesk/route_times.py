"""Count the requests of each route and how long they took, in the memory of one process.

Times fall into buckets, each wider than the one before by the same factor, so a percentile is known within 8 %.
"""

from collections.abc import Iterable, Mapping
from math import ceil, inf, log10
from typing import NamedTuple

SHORTEST = 1e-5
"""Seconds; whatever is shorter falls into the first bucket."""
PER_DECADE = 16
DECADES = 8
BUCKETS = PER_DECADE * DECADES + 1
OFFSET = PER_DECADE * 5
"""The buckets below one second."""
PERCENTILE = 0.95


class Times(NamedTuple):
    """The requests of one route, in seconds; `histogram` is the number of requests by bucket."""

    requests: int
    total: float
    longest: float
    shortest: float
    histogram: Mapping[int, int]

    @property
    def average(self) -> float:
        return self.total / self.requests

    @property
    def p95(self) -> float:
        """Return the time within which 95 of 100 requests were answered."""
        wanted, seen = ceil(self.requests * PERCENTILE), 0
        for bucket in sorted(self.histogram):
            seen += self.histogram[bucket]
            if seen >= wanted:
                return min(max(middle(bucket), self.shortest), self.longest)
        return self.longest


NOTHING = Times(0, 0.0, 0.0, inf, {})


class Counter:
    """The times of one route while they are counted."""

    __slots__ = ("histogram", "longest", "requests", "shortest", "total")

    def __init__(self, times: Times = NOTHING) -> None:
        self.requests, self.total, self.longest, self.shortest, _ = times
        self.histogram = dict(times.histogram)

    @property
    def times(self) -> Times:
        return Times(self.requests, self.total, self.longest, self.shortest, self.histogram)


class RouteTimes:
    """The times since they were last taken, by the name of a route. Only the event loop adds to them."""

    def __init__(self) -> None:
        self._counters: dict[str, Counter] = {}

    def add(self, route: str, seconds: float) -> None:
        """Count one request. Every request comes by here, so there is no call that can be saved."""
        counter = self._counters.get(route)
        if counter is None:
            counter = self._counters[route] = Counter()
        counter.requests += 1
        counter.total += seconds
        if seconds > counter.longest:
            counter.longest = seconds
        if seconds < counter.shortest:
            counter.shortest = seconds
        bucket, histogram = bucket_of(seconds), counter.histogram
        histogram[bucket] = histogram.get(bucket, 0) + 1

    def taken(self) -> dict[str, Times]:
        """Return what was counted, and begin again from nothing."""
        counters, self._counters = self._counters, {}
        return {route: counter.times for route, counter in counters.items()}

    def current(self) -> dict[str, Times]:
        """Return what was counted since it was last taken."""
        return {route: Counter(it.times).times for route, it in self._counters.items()}

    def put_back(self, times: Mapping[str, Times]) -> None:
        """Count again what was taken and could not be stored."""
        for route, it in times.items():
            now = self._counters.get(route)
            self._counters[route] = Counter(merged([it, now.times]) if now else it)

    def clear(self) -> None:
        self._counters = {}


def merged(several: Iterable[Times]) -> Times:
    """Return the times of one route in several processes together. There must be at least one."""
    listed = list(several)
    histogram: dict[int, int] = {}
    for it in listed:
        for bucket, count in it.histogram.items():
            histogram[bucket] = histogram.get(bucket, 0) + count
    return Times(
        sum(it.requests for it in listed),
        sum(it.total for it in listed),
        max(it.longest for it in listed),
        min(it.shortest for it in listed),
        histogram,
    )


def bucket_of(seconds: float) -> int:
    """Return the bucket of a time."""
    if seconds <= SHORTEST:
        return 0
    return min(int(log10(seconds) * PER_DECADE + OFFSET) + 1, BUCKETS - 1)


def middle(bucket: int) -> float:
    """Return the time in the middle of a bucket."""
    return float(10 ** ((bucket - 0.5 - OFFSET) / PER_DECADE))
