"""The check of the change feed: whether this helpdesk still hears of what happens to tasks."""

from collections.abc import Callable
from datetime import datetime

from helpdesk.errors import sentence
from helpdesk.health import Check, Trouble
from helpdesk.notifications.feed_poller import LATE_SECONDS, FeedStatus

ADVICE = sentence("Notifications are late until it is read again. The log says why.")


def check(feed_status: Callable[[], FeedStatus], clock: Callable[[], datetime], needs: str) -> Check:
    """Check that every change until a moment ago was processed. How long ago that was is the time that it takes."""

    async def look() -> float:
        status = feed_status()
        if status.as_of is None and (clock() - status.since).total_seconds() < LATE_SECONDS:
            return 0.0  # this process has only just begun
        if not status.live or status.as_of is None:
            at = f"{status.since:%Y-%m-%d %H:%M}"
            raise Trouble(sentence("changes of tasks have not been read since %(at)s UTC", at=at), ADVICE)
        return max(0.0, (clock() - status.as_of).total_seconds())

    return Check("feed", look, needs)
