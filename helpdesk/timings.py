"""How long a request waits for its parts: our store, the backend, and the rendering of templates.

A request begins a recording; what it calls adds to it through a context variable. Beside requests nothing is measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Literal

Part = Literal["store", "backend", "render"]
MILLISECONDS = 1000


class Timings:
    """Seconds in which at least one call of a part was running, so calls side by side do not count twice."""

    __slots__ = ("_began", "_running", "seconds")

    def __init__(self) -> None:
        self.seconds: dict[Part, float] = {}
        self._running: dict[Part, int] = {}
        self._began: dict[Part, float] = {}

    def start(self, part: Part) -> None:
        running = self._running[part] = self._running.get(part, 0) + 1
        if running == 1:
            self._began[part] = perf_counter()

    def stop(self, part: Part) -> None:
        self._running[part] -= 1
        if not self._running[part]:
            self.seconds[part] = self.seconds.get(part, 0.0) + perf_counter() - self._began[part]

    def header(self) -> str:
        """Return the value of Server-Timing: milliseconds of each part that was called."""
        return ",".join(f"{part};dur={seconds * MILLISECONDS:.0f}" for part, seconds in self.seconds.items())


_current: ContextVar[Timings | None] = ContextVar("timings", default=None)


def record() -> Timings:
    """Begin a recording for the current request."""
    timings = Timings()
    _current.set(timings)
    return timings


@contextmanager
def measured(part: Part) -> Iterator[None]:
    """Add the time that the block takes to the recording of the current request, if there is one."""
    timings = _current.get()
    if timings is None:
        yield
        return
    timings.start(part)
    try:
        yield
    finally:
        timings.stop(part)
