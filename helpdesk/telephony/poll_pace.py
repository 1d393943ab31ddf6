"""Decide when each agent is polled: spread over the interval, and less often while the phone system does not answer."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpdesk.encryption import Box
from helpdesk.store.phone_agents import Watched
from helpdesk.telephony.credentials import opened
from helpdesk.telephony.phone import LOGOUT, Agent, Credentials, Dialog

STEP_SECONDS = 0.1
"""Between two looks who is due."""
POLL_SECONDS, AGENT_SECONDS = 2.0, 10.0
"""Between two questions for an agent's calls, and for the agent's own state."""
SIGNED_OUT_SECONDS = 10.0
"""Between two questions about somebody whom the phone system has signed out."""
LONGEST_PAUSE = 30.0
OUTAGE_FAILURES = 3
"""So many questions in a row that were not answered: the phone system does not answer anybody."""
NOBODY = Watched("", -1, False, "", ())
NEVER = -1.0


def backoff(failures: int) -> float:
    """Return the pause after so many failures: 2, 4, … 30 s, a little varied."""
    pause: float = min(LONGEST_PAUSE, POLL_SECONDS * 2 ** min(failures - 1, 5))
    return pause * random.uniform(0.8, 1.2)


def spread(agent_ids: Sequence[str], now: float) -> dict[str, float]:
    """Return when each of these agents is polled first: of many not all at once."""
    step = min(STEP_SECONDS / 5, POLL_SECONDS / max(1, len(agent_ids)))
    return {agent_id: now + number * step for number, agent_id in enumerate(agent_ids)}


@dataclass(eq=False)
class Line:
    """An agent who is polled by this process, and what was stored of the agent last.

    `answered_at` is when the newest answer was asked for, and `answered_ticks` the same by the clock that never goes
    back. `unstored` were refused, which the store does not know yet.
    """

    due: float
    agent_due: float = 0.0
    watched: Watched = NOBODY
    failures: int = 0
    is_running: bool = False
    answered_at: datetime | None = None
    answered_ticks: float = NEVER
    dialogs: Sequence[Dialog] | None = None
    agent: Agent | None = None
    version: int = -1
    refused: set[str] = field(default_factory=set, repr=False)
    unstored: Credentials | None = field(default=None, repr=False)
    _who: tuple[str, Credentials | None] = field(default=("", None), repr=False)

    def hold(self, watched: Watched) -> None:
        """Take over what the store says, but for secrets that were refused since it was read."""
        self.watched = watched._replace(secrets=tuple(it for it in watched.secrets if it not in self.refused))

    def is_due(self, now: float) -> bool:
        return not self.is_running and self.due <= now

    def needs_agent(self, now: float) -> bool:
        return self.agent_due <= now or self.watched.is_asked or self.agent is None

    def opened(self, box: Box) -> Credentials | None:
        """Return the credentials of the first secret, which is opened once; None if no key opens it."""
        secret = next(iter(self.watched.secrets), "")
        if self._who[0] != secret:
            self._who = secret, opened(box, self.watched.agent_id, secret)
        return self._who[1]

    def answer(self, now: float, asked: float, at: datetime, agent: Agent | None) -> None:
        """Note an answer to what was asked at `asked` and `at`, and when to ask again."""
        self.failures, self.answered_ticks, self.answered_at = 0, asked, at
        signed_out = agent is not None and agent.state == LOGOUT
        self.due = now + (SIGNED_OUT_SECONDS if signed_out else POLL_SECONDS) * random.uniform(0.95, 1.05)
        if agent is not None:
            self.agent_due = now + AGENT_SECONDS

    def is_news(self, dialogs: Sequence[Dialog], agent: Agent | None) -> bool:
        """Tell whether the store may lack something of this answer."""
        is_same = self.version == self.watched.version and self.dialogs == dialogs and agent in (None, self.agent)
        return not is_same or self.watched.is_asked or bool(self.watched.failure or self.watched.unanswered)

    def store(self, version: int, dialogs: Sequence[Dialog], agent: Agent | None) -> None:
        """Note what was stored under which version. After a change the agent's state is asked for once more."""
        if self.dialogs != dialogs:
            self.agent_due = 0.0
        self.version, self.dialogs, self.agent = version, dialogs, agent or self.agent
        self.watched = self.watched._replace(version=version, failure="", unanswered=0)

    def fail(self, now: float) -> None:
        self.failures += 1
        self.due = now + backoff(self.failures)

    def wait(self, now: float) -> None:
        """Ask again later: the store has failed, which is no failure of the phone system."""
        self.due = max(self.due, now + POLL_SECONDS)

    def asked_before(self, asked: float, at: datetime) -> datetime | None:
        """Return when this process asked before it asked at `asked` and `at`; by the clock that never goes back."""
        return at - timedelta(seconds=asked - self.answered_ticks) if self.answered_ticks != NEVER else None

    def refuse(self, secrets: Collection[str], now: float) -> None:
        """Never ask with these secrets again, and a little later with the next one."""
        self.refused.update(secrets)
        self.unstored = None
        self.hold(self.watched)
        self.due, self.agent, self.version = now + POLL_SECONDS, None, -1


@dataclass
class Outage:
    """A phone system that answers nobody: one agent asks at a time, less and less often."""

    failures: int = 0
    tries: int = 0
    until: float = 0.0
    is_tried: bool = False

    def allowed(self, due: Collection[Line], now: float) -> Collection[Line]:
        """Return which of these may ask now."""
        if not self.tries:
            return due
        if now < self.until or not due:
            return ()
        self.is_tried, self.until = True, now + LONGEST_PAUSE  # unless it fails earlier
        return (min(due, key=lambda line: line.due),)

    def fail(self, now: float) -> bool:
        """Note a question that was not answered, and return whether nobody is answered."""
        self.failures += 1
        if self.failures < OUTAGE_FAILURES:
            return False
        if self.is_tried or not self.tries:  # others were on their way before
            self.tries += 1
            self.is_tried, self.until = False, now + backoff(self.tries)
        return True

    def over(self) -> bool:
        """Note an answer, and return whether it ends an outage."""
        was_out = self.tries > 0
        self.failures, self.tries, self.is_tried = 0, 0, False
        return was_out
