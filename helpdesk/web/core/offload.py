"""Long work is done in a thread: on the event loop it would hold up everybody else."""

from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from helpdesk.threads import Threads

T = TypeVar("T")
MANY = 50
"""Entries of a task's history: some 0.1 ms each. Fewer are not worth the way to a thread."""
AT_ONCE = Threads(4)


async def made(work: Callable[[], T], pieces: int) -> T:
    """Return what `work` makes of so many pieces; it counts for the request's timings also in a thread."""
    return work() if pieces <= MANY else await AT_ONCE.run(copy_context().run, work)
