"""Imitate a phone system for the demo: calls come in, and can be answered, held, transferred and ended.

It lives in the memory of the demo's only process. Like Finesse it only accepts what it is asked, and does it a moment
later.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, cycle

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
    PhoneDeclined,
    PhoneRefused,
    Queue,
    Reason,
)

PASSWORD = "demo"
DELAY_SECONDS = 0.05
FIRST_CALL, NEXT_CALL = timedelta(seconds=6), timedelta(seconds=40)
"""How long a ready agent waits for a call."""
RINGS = timedelta(seconds=25)
ANSWERS = timedelta(seconds=3)
"""After which the other end answers."""
CALLERS = (
    ("+74951230117", "Поддержка"),
    ("1204", "Поддержка"),
    ("+79035550142", "Касса"),
    ("+78125550166", "Поддержка"),
)
QUEUE_NUMBER = "5500"
TALKING, RESERVED, HOLDING = "TALKING", "RESERVED", "HOLD"
REASONS = (Reason("1", "Обед"), Reason("2", "Перерыв"), Reason("3", "Совещание"), Reason("4", "Разбор звонка"))
COLLEAGUES = (
    ("1002", "Громов Борис", READY, ""),
    ("1003", "Лебедева Ольга", TALKING, ""),
    ("1004", "Сомов Игорь", NOT_READY, "Обед"),
)


@dataclass
class Call:
    """A call: the states of both ends. `is_own` was made by the agent; `consults` is the call it is made for."""

    id: str
    other: str
    queue: str
    began: datetime
    mine: str
    theirs: str
    is_own: bool = False
    consults: str = ""
    started: datetime | None = None


@dataclass
class Line:
    """An agent's phone."""

    who: Credentials
    state: str = LOGOUT
    since: datetime | None = None
    reason: str = ""
    next_call: datetime | None = None
    calls: dict[str, Call] = field(default_factory=dict)


class PlayablePhone:
    """The phone of the demo. Any agent id may sign in by the demo's password."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self._lines: dict[str, Line] = {}
        self._ids, self._callers = count(16_804_377), cycle(CALLERS)
        self._tasks: set[asyncio.Task[None]] = set()

    async def agent(self, who: Credentials) -> Agent:
        line = self._line(who)
        state = self._state(line)
        return Agent(
            who.agent_id, who.agent_id, line.who.extension, state, line.since, line.reason, "", "500", "Поддержка", True
        )

    async def dialogs(self, who: Credentials) -> Sequence[Dialog]:
        line = self._line(who)
        self._go_on(line)
        return [self._dialog(line, it) for it in line.calls.values()]

    async def sign_in(self, who: Credentials) -> None:
        line = self._line(who)
        if line.state == LOGOUT:
            self._become(line, NOT_READY)

    async def set_state(self, who: Credentials, state: str, reason_id: str = "") -> None:
        line = self._line(who)
        if state == LOGOUT and (line.state != NOT_READY or line.calls):
            raise PhoneDeclined
        label = next((it.label for it in REASONS if it.id == reason_id), "")
        self._later(lambda: self._become(line, state, label))

    async def act(self, who: Credentials, dialog_id: str, action: str, to: str = "") -> None:
        line = self._line(who)
        call = line.calls.get(dialog_id)
        if call is None or action not in self._actions(line, call):
            raise PhoneDeclined
        self._later(lambda: self._do(line, call, action, to))

    async def dial(self, who: Credentials, number: str) -> None:
        line = self._line(who)
        if number == line.who.extension or line.calls:
            raise PhoneDeclined
        self._later(lambda: self._begin(line, number, is_own=True))

    async def reasons(self, who: Credentials) -> Sequence[Reason]:
        return REASONS

    async def team(self, who: Credentials) -> Sequence[Agent]:
        since = self.clock() - timedelta(minutes=7)
        others = [
            Agent(number, name, number, state, since, reason, "", "500", "Поддержка")
            for number, name, state, reason in COLLEAGUES
        ]
        return [await self.agent(who), *(it for it in others if it.extension != self._line(who).who.extension)]

    async def queues(self, who: Credentials) -> Sequence[Queue]:
        return [Queue("Поддержка", 2, self.clock() - timedelta(seconds=48)), Queue("Касса", 0)]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _line(self, who: Credentials) -> Line:
        if who.password != PASSWORD:
            raise PhoneRefused
        line = self._lines.setdefault(who.agent_id, Line(who))
        line.who = who
        return line

    def _later(self, do: Callable[[], None]) -> None:
        async def work() -> None:
            await asyncio.sleep(DELAY_SECONDS)
            do()

        task = asyncio.ensure_future(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _become(self, line: Line, state: str, reason: str = "") -> None:
        line.state, line.reason, line.since = state, reason, self.clock()
        line.next_call = self.clock() + FIRST_CALL if state == READY else None

    def _state(self, line: Line) -> str:
        states = {call.mine for call in line.calls.values()}
        if ALERTING in states:
            return RESERVED
        if ACTIVE in states or INITIATED in states:
            return TALKING
        return HOLDING if HELD in states else line.state

    def _go_on(self, line: Line) -> None:
        """Let what is due happen: a call comes in, its caller gives up, the other end answers."""
        now = self.clock()
        if line.state == READY and not line.calls and line.next_call and line.next_call <= now:
            number, queue = next(self._callers)
            self._begin(line, number, queue)
        for call in list(line.calls.values()):
            if call.mine == ALERTING and now - call.began > RINGS:
                self._end(line, call)
            elif call.mine == INITIATED and now - call.began > ANSWERS:
                call.mine = call.theirs = ACTIVE

    def _begin(self, line: Line, other: str, queue: str = "", is_own: bool = False, consults: str = "") -> None:
        mine, theirs = (INITIATED, ALERTING) if is_own else (ALERTING, INITIATED)
        call = Call(str(next(self._ids)), other, queue, self.clock(), mine, theirs, is_own, consults)
        line.calls[call.id] = call

    def _end(self, line: Line, call: Call) -> None:
        line.calls.pop(call.id, None)
        line.since, line.next_call = self.clock(), self.clock() + NEXT_CALL

    def _do(self, line: Line, call: Call, action: str, to: str) -> None:
        match action:
            case "ANSWER" | "RETRIEVE":
                for other in line.calls.values():
                    other.mine = HELD if other.mine == ACTIVE else other.mine
                call.mine = call.theirs = ACTIVE
            case "HOLD":
                call.mine = HELD
            case "DROP" | "TRANSFER_SST":
                self._end(line, call)
            case "CONSULT_CALL":
                call.mine = HELD
                self._begin(line, to, is_own=True, consults=call.id)
            case "TRANSFER":
                for other in list(line.calls.values()):
                    self._end(line, other)
            case "CONFERENCE":
                call.mine = ACTIVE
                for other in [it for it in line.calls.values() if it is not call]:
                    self._end(line, other)

    def _actions(self, line: Line, call: Call) -> tuple[str, ...]:
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

    def _dialog(self, line: Line, call: Call) -> Dialog:
        own = Participant(line.who.extension, call.mine, self._actions(line, call), call.began, call.began)
        other = Participant(call.other, call.theirs, (), call.began, call.began)
        ends = (line.who.extension, call.other) if call.is_own else (call.other, QUEUE_NUMBER)
        state = ALERTING if ALERTING in (call.mine, call.theirs) else ACTIVE
        kind = "OUT" if call.is_own else "ACD_IN"
        return Dialog(call.id, state, *ends, call.queue, kind, (own, other))
