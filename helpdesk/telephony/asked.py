"""Tell what has become of what an agent asked: it is only accepted at first, and seen to be done later, or never."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.telephony.phone import (
    ACTIVE,
    DROPPED,
    HELD,
    LOGOUT,
    MAKE_CALL,
    NOT_READY,
    READY,
    SEND_DTMF,
    TRANSFER,
    TRANSFER_SST,
    WRAP_UP,
    Dialog,
)

PATIENCE, FORGOTTEN = timedelta(seconds=10), timedelta(minutes=2)
"""After so long nothing has come of what was asked; and after so long nobody waits for it."""
IN_CONFERENCE = 3


class Asked(NamedTuple):
    """What was asked last: an action or a state, in which dialog, with which number, and when."""

    action: str
    dialog_id: str
    to: str
    at: datetime


class View(NamedTuple):
    """What was seen of an agent."""

    state: str
    pending: str
    reason: str
    since: datetime | None
    extension: str
    dialogs: tuple[Dialog, ...]

    def dialog(self, id: str) -> Dialog | None:
        return next((it for it in self.dialogs if it.id == id), None)


def asked_of(agent: PhoneAgent) -> Asked | None:
    """Return what the agent asked and has not seen yet."""
    if not agent.asked or agent.asked_at is None:
        return None
    return Asked(agent.asked, agent.asked_dialog, agent.asked_to, agent.asked_at)


def columns_of(asked: Asked) -> dict[str, Any]:
    """Return the columns of an agent who asks this."""
    names = ("asked", "passing") if asked.action in (TRANSFER, TRANSFER_SST) else ("asked",)
    columns = [(it, f"{it}_dialog", f"{it}_to", f"{it}_at") for it in names]
    return {name: value for each in columns for name, value in zip(each, asked, strict=True)}


def passing_of(agent: PhoneAgent) -> Asked | None:
    """Return the transfer that the agent asked last, whatever was asked since."""
    if not agent.passing or agent.passing_at is None:
        return None
    return Asked(agent.passing, agent.passing_dialog, agent.passing_to, agent.passing_at)


def is_answered(asked: Asked, before: View, after: View) -> bool:
    """Tell whether what was asked has come, or can't come any more since the call is over."""
    if asked.action in (READY, NOT_READY, LOGOUT):
        return _has_become(asked.action, before, after)
    if asked.action == MAKE_CALL:
        return _is_calling(asked, before, after)
    dialog = after.dialog(asked.dialog_id)
    own = dialog.own(after.extension) if dialog else None
    if dialog is None or (own and own.state in (DROPPED, WRAP_UP)):
        return True
    match asked.action:
        case "ANSWER" | "RETRIEVE":
            return own is not None and own.state == ACTIVE
        case "HOLD":
            return own is not None and own.state == HELD
        case "CONSULT_CALL":
            return _is_calling(asked, before, after)
        case "CONFERENCE":
            return _talking(dialog) >= IN_CONFERENCE or bool(before.dialogs[1:] and not after.dialogs[1:])
    return asked.action == SEND_DTMF  # which nobody sees; a transfer or the end is seen when the dialog is gone


def _has_become(state: str, before: View, after: View) -> bool:
    """Tell whether the agent is in the state, or will be after the call. Who was in it before has got it anew."""
    if after.pending == state and before.pending != state:
        return True
    is_new = (before.state, before.reason, before.since) != (after.state, after.reason, after.since)
    return after.state == state and (is_new or state != NOT_READY)


def _is_calling(asked: Asked, before: View, after: View) -> bool:
    """Tell whether the agent makes a call that was not there before, or one to the number."""
    known = {it.id for it in before.dialogs} | {asked.dialog_id}
    made = [it for it in after.dialogs if it.id != asked.dialog_id and it.is_outgoing(after.extension)]
    return any(it.id not in known or it.to_number == asked.to for it in made)


def _talking(dialog: Dialog) -> int:
    return sum(it.state in (ACTIVE, HELD) for it in dialog.participants)
