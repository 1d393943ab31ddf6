"""The lines and calls of the demo's phone system, and how it shows them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpdesk.telephony.phone import (
    ACTIVE,
    ALERTING,
    ANSWER,
    CONFERENCE,
    CONSULT_CALL,
    DROP,
    HELD,
    HOLD,
    INITIATED,
    LOGOUT,
    NOT_READY,
    READY,
    RETRIEVE,
    SEND_DTMF,
    TRANSFER,
    TRANSFER_SST,
    Agent,
    Credentials,
    Dialog,
    Participant,
    Reason,
)

QUEUE, QUEUE_NUMBER = "Поддержка", "5500"
TEAM = ("500", "Поддержка")
TALKING, RESERVED, HOLDING = "TALKING", "RESERVED", "HOLD"
REASONS = (Reason("1", "Обед"), Reason("2", "Перерыв"), Reason("3", "Совещание"), Reason("4", "Разбор звонка"))
COLLEAGUES = (
    ("1002", "Гусева Тамара", READY, "", 7),
    ("1003", "Лебедева Ольга", TALKING, "", 3),
    ("1004", "Сомов Игорь", NOT_READY, "Обед", 21),
)
"""Agents who are always there: extension, name, state, reason, and the minutes in this state."""


@dataclass
class Call:
    """A call with the states of both ends. `is_own` was made by the agent. A conference has several others."""

    id: str
    others: list[str]
    queue: str
    began: datetime
    changed: datetime
    mine: str
    theirs: str
    is_own: bool = False

    @property
    def other(self) -> str:
        return self.others[0]


@dataclass
class Line:
    """An agent's phone. `pending` is the state that comes after the present call."""

    who: Credentials
    state: str = LOGOUT
    since: datetime | None = None
    reason: str = ""
    pending: str = ""
    pending_reason: str = ""
    next_call: datetime | None = None
    calls: dict[str, Call] = field(default_factory=dict)

    @property
    def is_in(self) -> bool:
        return self.state != LOGOUT


def state_of(line: Line) -> str:
    """Return the agent's state, which the calls decide while there are any."""
    states = {call.mine for call in line.calls.values()}
    if ALERTING in states:
        return RESERVED
    if ACTIVE in states or INITIATED in states:
        return TALKING
    return HOLDING if HELD in states else line.state


def actions_of(line: Line, call: Call) -> tuple[str, ...]:
    """Return what the agent may do with a call now."""
    match call.mine:
        case "ALERTING":
            return (ANSWER,)
        case "HELD":
            joins = (TRANSFER, CONFERENCE) if any(it.mine == ACTIVE for it in line.calls.values()) else ()
            return (RETRIEVE, DROP, *joins)
        case "ACTIVE":
            alone = (CONSULT_CALL, TRANSFER_SST) if len(line.calls) == 1 else ()
            return (HOLD, DROP, SEND_DTMF, *alone)
        case _:
            return (DROP,)


def dialog_of(line: Line, call: Call) -> Dialog:
    """Return a call as the phone system shows it."""
    own = Participant(line.who.extension, call.mine, actions_of(line, call), call.began, call.changed, True)
    others = [Participant(number, call.theirs, (), call.began, call.changed) for number in call.others]
    ends = (line.who.extension, call.other) if call.is_own else (call.other, QUEUE_NUMBER)
    state = ALERTING if ALERTING in (call.mine, call.theirs) else ACTIVE
    return Dialog(call.id, state, *ends, call.queue, "OUT" if call.is_own else "ACD_IN", (own, *others))


def colleagues(now: datetime) -> Sequence[Agent]:
    """Return the agents of the team who are always there."""
    return [
        Agent(number, name, number, state, now - timedelta(minutes=minutes), reason, "", *TEAM)
        for number, name, state, reason, minutes in COLLEAGUES
    ]
