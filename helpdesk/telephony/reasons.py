"""Remember why agents may be not ready, so that no page waits for the phone system."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from helpdesk.telephony.phone import Credentials, Phone, Reason

KEPT = timedelta(minutes=10)
MOST_AGENTS = 2_000
MOST = 50


class Reasons:
    """The reasons of each agent, as they were read last by this process."""

    def __init__(self, phone: Phone, clock: Callable[[], datetime]) -> None:
        self.phone, self.clock = phone, clock
        self._known: dict[str, tuple[datetime, Sequence[Reason]]] = {}

    def known(self, agent_id: str) -> Sequence[Reason]:
        """Return the reasons of an agent; none before they were read."""
        return self._known[agent_id][1] if agent_id in self._known else ()

    def are_fresh(self, agent_id: str) -> bool:
        known = self._known.get(agent_id)
        return known is not None and timedelta() <= self.clock() - known[0] < KEPT

    async def read(self, who: Credentials) -> None:
        """Read the reasons of an agent. Raises what the phone raises."""
        found = tuple(await self.phone.reasons(who))[:MOST]
        if len(self._known) >= MOST_AGENTS:
            self._known.clear()
        self._known[who.agent_id] = (self.clock(), found)
