"""Tell the system monitor of a channel that does not work, so that administrators are notified of it once."""

from helpdesk.errors import sentence
from helpdesk.health import Check, Trouble
from helpdesk.store import channel_states
from helpdesk.store.database import Database

REASONS = {
    "not_ours": sentence("its server refuses our account or our keys"),
    "unreachable": sentence("its server does not answer"),
    "busy": sentence("its server asks to wait"),
}
FAILS = sentence("what is sent fails")
ADVICE = sentence("Look at Delivery in the administration: it has the server's words. What is to be sent waits.")
LASTING_FAILURES = 2
"""One failure may be a moment's. A channel that fails again after its rest does not work."""


def check(channel: str, database: Database, first: Check | None = None) -> Check:
    """Return the check of a channel by what became of its last items, after a `first` check of the same system."""

    async def look() -> float | None:
        took = await first.look() if first else None
        state = await database.run(lambda db: channel_states.state(db, channel))
        if state.failures >= LASTING_FAILURES:
            raise Trouble(REASONS.get(state.reason, FAILS), ADVICE)
        return took

    return Check(first.name if first else channel, look, first.needs if first else "")
