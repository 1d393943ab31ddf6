"""Say what a failure of the network means for a probe."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from helpdesk.errors import Overloaded
from helpdesk.netmonitor.model import Fault, Outcome

OWN_SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN}
"""This machine has no descriptor, memory or process left: that says nothing of the host."""
FAULTS: dict[int, Fault] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "refused",
    errno.ETIMEDOUT: "silent",
    errno.EPERM: "forbidden",
    errno.EACCES: "forbidden",
    errno.ENOENT: "forbidden",
}


class ProbeFailed(Exception):
    """A probe that found a fault."""

    def __init__(self, fault: Fault, detail: str = "", expires_at: datetime | None = None) -> None:
        super().__init__(fault, detail)
        self.outcome = Outcome(None, fault, detail, expires_at)


def of_error(error: OSError) -> ProbeFailed | Overloaded:
    """Return the fault of an error of a connection; Overloaded when this machine itself is the cause."""
    number = error.errno or 0
    if number in OWN_SHORTAGE:
        return Overloaded(detail=f"a host could not be probed: {os.strerror(number)}")
    if number in FAULTS:
        return ProbeFailed(FAULTS[number])
    return ProbeFailed("unreachable", os.strerror(number) if number else "")


@asynccontextmanager
async def until(ends: float, late: Fault) -> AsyncIterator[None]:
    """Limit what is done to a time of the loop. Raises ProbeFailed with the fault `late` then."""
    try:
        async with asyncio.timeout_at(ends):
            yield
    except TimeoutError as error:
        raise ProbeFailed(late) from error
