"""Follow an agent's calls from one look at the phone to the next: when they began, were answered and ended, and how.

Times are those of the phone system where it tells them and they fit, else those of the look. A call that has ended
while nobody looked for a while ended when it was seen last.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from helpdesk.store.calls import LONGEST, LOST
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.telephony.asked import PATIENCE, Asked
from helpdesk.telephony.phone import (
    ACTIVE,
    ALERTING,
    DROPPED,
    FAILED,
    HELD,
    INITIATED,
    INITIATING,
    MOST_DIALOGS,
    MOST_ENDS,
    TRANSFER,
    TRANSFER_SST,
    WRAP_UP,
    Dialog,
    Participant,
)

IN, OUT = "in", "out"
ANSWERED, MISSED, NO_ANSWER, TRANSFERRED, FAILED_CALL = "answered", "missed", "no_answer", "transferred", "failed"
"""How a call has ended, beside LOST: a missed one was not answered by the agent, `no_answer` by the other end."""
UNSEEN = timedelta(seconds=60)
"""So long nobody looked: nobody knows whether a call that rang then was answered elsewhere."""
TRANSFERS_WITHIN = PATIENCE + timedelta(seconds=2)
"""A call that goes in this time after a transfer was asked was transferred; later pages say that nothing came."""
GONE_AFTER = timedelta(seconds=5)
"""A call that was seen going on so long after a transfer was asked was not transferred: it has come to nothing."""
ASTRAY = timedelta(seconds=5)
"""A time of the phone system that lies so long before the last look is of a clock that is wrong."""
AGAIN = timedelta(minutes=2)
"""A call that has ended, and seems to go on so long after, is another one unless it began at the same moment."""
IS_OVER, IS_CALLING = {DROPPED, FAILED, WRAP_UP}, {ALERTING, INITIATED, INITIATING}


class Look(NamedTuple):
    """A look at the calls of an agent: at `now`, after one at `before`. `passing` is the transfer that the agent asked
    last. `key_of` is that of `numbers.py` with the settings."""

    agent_id: str
    person_id: int
    extension: str
    now: datetime
    before: datetime | None
    passing: Asked | None
    key_of: Callable[[str], str]


def follow(calls: Sequence[PhoneCall], dialogs: Iterable[Dialog], look: Look) -> list[PhoneCall]:
    """Bring calls up to date with the dialogs that are seen now, and return them with the new ones.

    `calls` are the known ones of `store.calls.following`.
    """
    known = list(calls)
    seen = set[int]()
    listed = list(dialogs)
    for dialog in listed:
        if not _is_the_agents(dialog, look):
            continue
        call = _of(known, dialog, look)
        if call is None:
            call = _begun(dialog, look)
            known.append(call)
        seen.add(id(call))
        _update(call, dialog, known, look)
    gone = [it for it in known if it.ended_at is None and id(it) not in seen]
    for call in gone if len(listed) < MOST_DIALOGS else ():  # or they may have been cut off
        _end(call, _last_seen(look), look, LOST if _was_unseen(look) else "")
    _pass_on(known, look)
    return known


def ringing(calls: Iterable[PhoneCall]) -> PhoneCall | None:
    """Return the newest call that rings for the agent."""
    rings = [it for it in calls if it.direction == IN and it.answered_at is None and it.ended_at is None]
    return rings[-1] if rings else None


def _is_the_agents(dialog: Dialog, look: Look) -> bool:
    """Tell whether a call is the agent's; where its ends are told, that is one of them, or has made it."""
    are_all_told = 0 < len(dialog.participants) < MOST_ENDS
    return not are_all_told or dialog.from_number == look.extension or dialog.own(look.extension) is not None


def _of(calls: Sequence[PhoneCall], dialog: Dialog, look: Look) -> PhoneCall | None:
    """Return the call of a dialog. One that has ended is seen for a while yet, or again when the phone system had lost
    it; if it began after that end, or nobody knows when and long after, it is another one, of the same number."""
    own = dialog.own(look.extension)
    began, number = own.started_at if own else None, dialog.from_number[:40]
    is_told = began is not None and began <= look.now

    def is_same(call: PhoneCall) -> bool:
        if call.ended_at is None or call.began_at == began:
            return True
        is_soon = look.now - call.ended_at <= AGAIN or _is_over(dialog, own)
        return call.from_number == number and is_soon and (began is None or not is_told or began <= call.ended_at)

    return next((it for it in calls if it.dialog_id == dialog.id and is_same(it)), None)


def _begun(dialog: Dialog, look: Look) -> PhoneCall:
    own = dialog.own(look.extension)
    return PhoneCall(
        agent_id=look.agent_id,
        dialog_id=dialog.id,
        person_id=look.person_id,
        direction=OUT if dialog.is_outgoing(look.extension) else IN,
        from_number="",
        to_number="",
        other_key="",
        began_at=_moment(own and own.started_at, look.now - LONGEST, look),
    )


def _update(call: PhoneCall, dialog: Dialog, known: Sequence[PhoneCall], look: Look) -> None:
    own = dialog.own(look.extension)
    is_over = _is_over(dialog, own)
    if call.ended_at is not None and is_over:
        return
    if call.ended_at is not None:
        call.ended_at, call.outcome, call.passed_to = None, "", ""
    _name_ends(call, dialog, look)
    if call.answered_at is None and _is_answered(call, dialog, own):
        call.answered_at = _moment(_answer_time(call, dialog, own), call.began_at, look)
    if is_over:
        ended = _moment(own and own.changed_at, call.began_at, look)
        _end(call, ended, look, FAILED_CALL if dialog.state == FAILED else "")


def _is_over(dialog: Dialog, own: Participant | None) -> bool:
    return dialog.state in IS_OVER or bool(own and own.state in IS_OVER)


def _name_ends(call: PhoneCall, dialog: Dialog, look: Look) -> None:
    """Write who calls whom. It changes when a colleague passes a call on: then the caller is another one."""
    call.from_number, call.to_number = dialog.from_number[:40], dialog.to_number[:40]
    call.queue = dialog.queue[:100]
    key = look.key_of(call.to_number if call.direction == OUT else call.from_number)[:20]
    if key != call.other_key:
        call.other_key, call.caller_id = key, None


def _is_answered(call: PhoneCall, dialog: Dialog, own: Participant | None) -> bool:
    if own is None:
        return dialog.state == ACTIVE
    if own.state not in (ACTIVE, HELD, WRAP_UP):
        return False
    others = [it for it in dialog.participants if it is not own]
    return call.direction == IN or not others or any(it.state not in IS_CALLING for it in others)


def _answer_time(call: PhoneCall, dialog: Dialog, own: Participant | None) -> datetime | None:
    if call.direction == OUT:
        return next((it.changed_at for it in dialog.participants if it is not own and it.changed_at), None)
    return own.changed_at if own else None


def _end(call: PhoneCall, at: datetime, look: Look, unanswered: str) -> None:
    """End a call. `unanswered` is its outcome if it was not answered, where that is known."""
    call.ended_at = max(call.answered_at or call.began_at, min(at, look.now))
    call.passed_to = _passed_to(call, look)
    not_answered = unanswered or (MISSED if call.direction == IN else NO_ANSWER)
    call.outcome = TRANSFERRED if call.passed_to else ANSWERED if call.answered_at else not_answered


def _passed_to(call: PhoneCall, look: Look) -> str:
    """Return to which number a call was transferred at once that ends now; nothing if it was not."""
    passing = _passing(look, TRANSFER_SST)
    return passing.to[:40] if passing and passing.dialog_id == call.dialog_id else ""


def _pass_on(known: Sequence[PhoneCall], look: Look) -> None:
    """Note a transfer after a consultation: both calls are gone then. If only one is, somebody has hung up."""
    passing = _passing(look, TRANSFER)
    gone = [it for it in known if passing and it.ended_at and it.ended_at >= passing.at - ASTRAY]
    for place, call in enumerate(gone):
        consult = next((it for it in reversed(gone[place + 1 :]) if it.direction == OUT), None)
        if passing and consult and passing.dialog_id in (call.dialog_id, consult.dialog_id):
            call.outcome, call.passed_to = TRANSFERRED, consult.to_number
            return


def _passing(look: Look, action: str) -> Asked | None:
    """Return the transfer of this kind that a call which is gone now may have gone by."""
    passing = look.passing
    if passing is None or passing.action != action or not timedelta() <= look.now - passing.at <= TRANSFERS_WITHIN:
        return None
    return passing if look.before is None or look.before - passing.at <= GONE_AFTER else None


def _last_seen(look: Look) -> datetime:
    """Return when the calls ended that are gone."""
    return look.before if look.before and _was_unseen(look) else look.now


def _was_unseen(look: Look) -> bool:
    return look.before is None or look.now - look.before > UNSEEN


def _moment(given: datetime | None, earliest: datetime, look: Look) -> datetime:
    """Return a time of the phone system, whose clock may be another one, if it fits: what is new has come since the
    last look."""
    if look.before is not None:
        earliest = max(earliest, look.before - ASTRAY)
    return given if given is not None and earliest <= given <= look.now else look.now
