"""Say what the bar of an agent shows: what was seen of the agent last, and what was asked since."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.store import phone_agents, phone_silence
from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.telephony import snapshot
from helpdesk.telephony.asked import PATIENCE
from helpdesk.telephony.phone import ACTIONS, LOGOUT, SEND_DTMF, TO_A_NUMBER, Dialog, Reason

MENTIONED = timedelta(minutes=1)
"""So long the bar says that nothing came."""


class CallShown(NamedTuple):
    """A call in hand; `actions` are those that the agent's end allows, in the order of the buttons.

    `numbers` are of the other ends: several in a conference, none where the caller hides it.
    """

    id: str
    numbers: tuple[str, ...]
    is_outgoing: bool
    queue: str
    state: str
    since: datetime | None
    actions: tuple[str, ...]

    @property
    def plain_actions(self) -> list[str]:
        return [it for it in self.actions if it not in (*TO_A_NUMBER, SEND_DTMF)]

    @property
    def number_actions(self) -> list[str]:
        """Return the actions that need a number or digits."""
        return [it for it in self.actions if it in (*TO_A_NUMBER, SEND_DTMF)]

    @property
    def giving_actions(self) -> list[str]:
        """Return the actions that give the call, or a question about it, to a number."""
        return [it for it in self.actions if it in TO_A_NUMBER]


class Asked(NamedTuple):
    """What was asked last and has not been seen yet. It is `late` when nothing came in time, else so in `wait` ms."""

    action: str
    to: str
    is_late: bool
    wait: int


class Bar(NamedTuple):
    """What an agent's pages show of the phone.

    Without an `agent` the session is not signed in to the phone. `known` is the agent as whom the person was signed in
    last, which fills the form. While it `is_held`, the phone system has left questions unanswered, and nothing is asked
    before it answers somebody, some minutes have passed, or the person enters the password again.
    """

    agent: PhoneAgent | None = None
    calls: tuple[CallShown, ...] = ()
    asked: Asked | None = None
    reasons: Sequence[Reason] = ()
    is_refused: bool = False
    known: PhoneAgent | None = None
    is_held: bool = False

    @property
    def is_signed_out(self) -> bool:
        """Tell whether the phone system has signed the agent out."""
        return self.agent is not None and self.agent.state == LOGOUT

    @property
    def needs_sign_in(self) -> bool:
        return self.agent is None or self.is_refused or self.is_signed_out


def of_session(
    db: Session, mark: str, person_id: int, now: datetime, reasons: Callable[[str], Sequence[Reason]]
) -> Bar:
    """Read what the pages of a session show."""
    found = phone_agents.of_session(db, mark)
    if found is None:
        return Bar(known=phone_agents.last_of(db, person_id))
    agent = found.agent
    calls = tuple(shown(it, agent.extension) for it in snapshot.from_json(agent.dialogs))
    is_held = agent.unanswered > 0 and phone_silence.is_held(db, agent.agent_id, now)  # most pages need no query
    return Bar(agent, calls, asked_of(agent, now), reasons(agent.agent_id), found.secret is None, agent, is_held)


def shown(dialog: Dialog, extension: str) -> CallShown:
    """Return a dialog as the agent with this extension sees it."""
    own, is_outgoing = dialog.own(extension), dialog.is_outgoing(extension)
    others = tuple(it.number for it in dialog.participants if it is not own and it.number)
    numbers = others or tuple(filter(None, [dialog.to_number if is_outgoing else dialog.from_number]))
    actions = tuple(it for it in ACTIONS if own and it in own.actions)
    since = own.changed_at or own.started_at if own else None
    return CallShown(dialog.id, numbers, is_outgoing, dialog.queue, own.state if own else dialog.state, since, actions)


def asked_of(agent: PhoneAgent, now: datetime) -> Asked | None:
    """Return what was asked and is not seen yet; None when there is nothing, or it is long ago."""
    if not agent.asked or agent.asked_at is None or not timedelta() <= now - agent.asked_at < PATIENCE + MENTIONED:
        return None
    left = agent.asked_at + PATIENCE - now
    return Asked(agent.asked, agent.asked_to, left <= timedelta(), max(0, int(left.total_seconds() * 1000)))
