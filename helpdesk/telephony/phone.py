"""Define the port to a phone system, in the words of Cisco Finesse's REST interface.

A write is only accepted by the phone system, not done: the outcome is seen when the agent and the dialogs are read
again. Every call may raise PhoneUnavailable, BadPhoneResponse and PhoneRefused.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from helpdesk.errors import BadResponse, Conflict, Invalid, NotAllowed, Unavailable, sentence

READY, NOT_READY, LOGOUT = "READY", "NOT_READY", "LOGOUT"
ANSWER, HOLD, RETRIEVE, DROP = "ANSWER", "HOLD", "RETRIEVE", "DROP"
TRANSFER_SST, CONSULT_CALL, TRANSFER, CONFERENCE = "TRANSFER_SST", "CONSULT_CALL", "TRANSFER", "CONFERENCE"
SEND_DTMF, MAKE_CALL = "SEND_DTMF", "MAKE_CALL"
ACTIONS = (ANSWER, RETRIEVE, HOLD, TRANSFER, CONFERENCE, CONSULT_CALL, TRANSFER_SST, SEND_DTMF, DROP)
"""What people may ask of a dialog, in the order of the buttons. A dialog allows some of them at a time."""
TO_A_NUMBER = {TRANSFER_SST, CONSULT_CALL}
ALERTING, ACTIVE, HELD, DROPPED, WRAP_UP = "ALERTING", "ACTIVE", "HELD", "DROPPED", "WRAP_UP"
INITIATING, INITIATED, FAILED = "INITIATING", "INITIATED", "FAILED"
MOST_DIALOGS, MOST_ENDS = 20, 10
"""So many calls of an agent, and ends of a call, are read; of more the others are left out."""
DIALOG_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
NUMBER = re.compile(r"[0-9*#+]{1,32}", re.ASCII)
DIGITS = re.compile(r"[0-9*#]{1,32}", re.ASCII)
AGENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)


class PhoneUnavailable(Unavailable):
    """The phone system does not answer in time, or says that it is out of service."""

    code = "phone_unavailable"
    default = sentence("The phone system does not answer just now. Please try again in a while.")
    unsaved = None


class PhoneUnanswered(PhoneUnavailable):
    """The phone system took what it was asked, and did not answer in time: it may have counted a wrong password."""


class BadPhoneResponse(BadResponse):
    """The phone system sent something that is no answer of it."""

    code = "bad_phone_response"
    default = sentence(
        "The phone system answered with something that makes no sense. Administrators can see it in the log."
    )


class PhoneRefused(NotAllowed):
    """The phone system refuses the agent's id or password. It is not asked again with them, or it would lock the
    agent."""

    code = "phone_refused"
    default = sentence("The phone system refuses this agent or this password.")


class NotOnPhone(Conflict):
    """This session is not signed in to the phone."""

    code = "not_on_phone"

    def __init__(self) -> None:
        super().__init__(message=sentence("Please sign in to the phone first."))


class PhoneDeclined(Invalid):
    """The phone system can't do this now: the dialog does not allow it, the number is none, the state does not fit."""

    code = "phone_declined"
    default = sentence("The phone system declines this now.")


class Credentials(NamedTuple):
    """An agent's own account in the phone system, and the extension of the agent's phone."""

    agent_id: str
    password: str
    extension: str

    def __repr__(self) -> str:
        return f"Credentials({self.agent_id!r}, extension={self.extension!r})"


class Agent(NamedTuple):
    """An agent as the phone system has it; `state` is its word, `reason` the label of why the agent is not ready.

    `pending` is the state that comes after the present call.
    """

    agent_id: str
    name: str
    extension: str
    state: str
    since: datetime | None = None
    reason: str = ""
    pending: str = ""
    team_id: str = ""
    team_name: str = ""
    is_supervisor: bool = False


class Participant(NamedTuple):
    """One end of a dialog, with the actions that it may take now. `is_agent` says that it is the phone of an agent."""

    number: str
    state: str
    actions: tuple[str, ...] = ()
    started_at: datetime | None = None
    changed_at: datetime | None = None
    is_agent: bool = False


class Dialog(NamedTuple):
    """A call. `from_number` is who calls; `to_number` is who is called, `queue` the name of the queue it came by."""

    id: str
    state: str
    from_number: str
    to_number: str
    queue: str = ""
    call_type: str = ""
    participants: tuple[Participant, ...] = ()

    def own(self, extension: str) -> Participant | None:
        """Return the end of the agent with this extension.

        Who calls may show that number as well: of several, it is the end of an agent's phone, that can answer, rings,
        or can do anything.
        """
        ends = [it for it in self.participants if it.number == extension]
        return max(
            ends,
            key=lambda it: (it.is_agent, ANSWER in it.actions, it.state == ALERTING, bool(it.actions)),
            default=None,
        )

    def is_outgoing(self, extension: str) -> bool:
        """Tell whether the agent with this extension made the call: by what the agent's end does as long as that tells
        it, since who calls may show the extension, too."""
        own = self.own(extension)
        if own and own.state in (ALERTING, INITIATING, INITIATED):
            return own.state != ALERTING
        is_shown_by_both = any(it is not own and it.number == extension for it in self.participants)
        return self.from_number == extension and not is_shown_by_both


class Reason(NamedTuple):
    """Why an agent is not ready; `id` is what the phone system is told."""

    id: str
    label: str


class Queue(NamedTuple):
    """Calls that wait in a queue; `waiting` is None where it is not told."""

    name: str
    waiting: int | None
    longest_since: datetime | None = None


class Phone(Protocol):
    """A phone system. Everything is asked as the agent, with the agent's own credentials."""

    async def agent(self, who: Credentials) -> Agent:
        """Return the agent's present state."""

    async def dialogs(self, who: Credentials) -> Sequence[Dialog]:
        """Return the agent's present calls."""

    async def sign_in(self, who: Credentials) -> None:
        """Ask for the agent to be signed in on the extension. Who is signed in there already stays as they are.

        Raises PhoneDeclined.
        """

    async def set_state(self, who: Credentials, state: str, reason_id: str = "") -> None:
        """Ask for READY, NOT_READY or LOGOUT. Raises PhoneDeclined."""

    async def act(self, who: Credentials, dialog_id: str, action: str, to: str = "") -> None:
        """Ask for an action on a dialog; `to` is a number for TO_A_NUMBER, the digits for SEND_DTMF.

        Raises PhoneDeclined.
        """

    async def dial(self, who: Credentials, number: str) -> None:
        """Ask for a call to a number. Raises PhoneDeclined."""

    async def reasons(self, who: Credentials) -> Sequence[Reason]:
        """Return the reasons for not being ready."""

    async def team(self, who: Credentials) -> Sequence[Agent]:
        """Return the agents of the agent's team, as far as the phone system tells; empty if it tells nothing."""

    async def queues(self, who: Credentials) -> Sequence[Queue]:
        """Return the queues that the agent serves; empty if the phone system tells nothing."""

    async def close(self) -> None:
        """Release connections."""
