"""Say the phone system's words to people: states of agents and dialogs, actions, outcomes and directions of calls.

A word that is not listed is said as "Unknown", and its agent counts as away.
"""

from typing import NamedTuple

from helpdesk.errors import Sentence, sentence

FREE, BUSY, AWAY, OFF = "free", "busy", "away", "off"
"""How a state looks (`templates/calls/_state.html`): takes calls, has one, takes none for now, is signed out."""
LOOKS = (FREE, BUSY, AWAY, OFF)
UNKNOWN = sentence("Unknown")


class StateWord(NamedTuple):
    """A state of an agent: what people read, and how it looks."""

    text: Sentence
    look: str


AGENT_STATES = {
    "READY": StateWord(sentence("Ready"), FREE),
    "NOT_READY": StateWord(sentence("Not ready"), AWAY),
    "RESERVED": StateWord(sentence("A call is coming in"), BUSY),
    "RESERVED_OUTBOUND": StateWord(sentence("A call of a campaign is coming in"), BUSY),
    "RESERVED_OUTBOUND_PREVIEW": StateWord(sentence("Looks at a call of a campaign"), BUSY),
    "TALKING": StateWord(sentence("Talking"), BUSY),
    "HOLD": StateWord(sentence("A call is on hold"), BUSY),
    "WORK": StateWord(sentence("Work after the call, then not ready"), BUSY),
    "WORK_READY": StateWord(sentence("Work after the call, then ready"), BUSY),
    "LOGOUT": StateWord(sentence("Signed out of the phone"), OFF),
    "UNKNOWN": StateWord(UNKNOWN, AWAY),
}
DIALOG_STATES = {
    "INITIATING": sentence("Is being dialled"),
    "INITIATED": sentence("Ringing at the other end"),
    "ALERTING": sentence("Ringing"),
    "ACCEPTED": sentence("Accepted"),
    "ACTIVE": sentence("Connected"),
    "HELD": sentence("On hold"),
    "WRAP_UP": sentence("Work after the call"),
    "DROPPED": sentence("Ended"),
    "FAILED": sentence("Did not come about"),
}
ACTIONS = {
    "ANSWER": sentence("Answer the call"),
    "HOLD": sentence("Put on hold"),
    "RETRIEVE": sentence("Take off hold"),
    "DROP": sentence("Hang up"),
    "TRANSFER_SST": sentence("Transfer at once"),
    "CONSULT_CALL": sentence("Consult somebody"),
    "TRANSFER": sentence("Complete the transfer"),
    "CONFERENCE": sentence("Join all in a conference"),
    "SEND_DTMF": sentence("Send digits"),
    "MAKE_CALL": sentence("Dial"),
    "READY": sentence("Become ready"),
    "NOT_READY": sentence("Become not ready"),
    "LOGOUT": sentence("Sign out of the phone"),
}
"""What can be asked of the phone system, as the label of a button."""
OUTCOMES = {
    "": sentence("Goes on"),
    "answered": sentence("Answered"),
    "missed": sentence("Missed"),
    "no_answer": sentence("Nobody answered"),
    "transferred": sentence("Transferred"),
    "failed": sentence("Did not come about"),
    "lost": sentence("End not seen"),
}
"""How a call ended (`phone_call.outcome`)."""
DIRECTIONS = {"in": sentence("Incoming"), "out": sentence("Outgoing")}


def agent_state(word: str) -> StateWord:
    """Return a state of an agent by the phone system's word."""
    return AGENT_STATES.get(word) or AGENT_STATES["UNKNOWN"]


def dialog_state(word: str) -> Sentence:
    """Return a state of a dialog, or of one of its ends, by the phone system's word."""
    return DIALOG_STATES.get(word, UNKNOWN)


def action(word: str) -> Sentence:
    """Return an action by the phone system's word."""
    return ACTIONS.get(word, UNKNOWN)


def outcome(word: str) -> Sentence:
    """Return the outcome of a call."""
    return OUTCOMES.get(word, UNKNOWN)


def direction(word: str) -> Sentence:
    """Return the direction of a call."""
    return DIRECTIONS.get(word, UNKNOWN)
