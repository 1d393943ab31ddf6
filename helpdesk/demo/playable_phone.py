"""Imitate a phone system for the demo: calls come in, and can be answered, held, transferred and ended.

It lives in the memory of the demo's only process. Like Finesse it only accepts what it is asked, and does it a moment
later, or never: a transfer to NOBODY fails so. What only time brings is done when somebody looks.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, cycle

from helpdesk.demo.playable_calls import (
    QUEUE,
    REASONS,
    TEAM,
    Call,
    Line,
    actions_of,
    colleagues,
    dialog_of,
    state_of,
)
from helpdesk.telephony.phone import (
    ACTIVE,
    ALERTING,
    HELD,
    INITIATED,
    LOGOUT,
    NOT_READY,
    READY,
    SEND_DTMF,
    TO_A_NUMBER,
    Agent,
    Credentials,
    Dialog,
    PhoneDeclined,
    PhoneRefused,
    Queue,
    Reason,
)

PASSWORD = "demo"
NOBODY, HANGS_UP, CALLS_BACK = "13", "14", "15"
"""Numbers that do something: who is called at the first never answers, and no call can be transferred there; the second
hangs up soon; from the third somebody calls back at once."""
DELAY_SECONDS = 0.05
FIRST_CALL, NEXT_CALL = timedelta(seconds=6), timedelta(seconds=40)
"""How long a ready agent waits for a call."""
RINGS = timedelta(seconds=25)
"""After which a caller gives up."""
ANSWERS = timedelta(seconds=3)
"""After which the other end answers."""
TALKS = timedelta(minutes=8)
"""After which a caller has said everything."""
HASTY = "+79035550142"
"""A caller who hangs up soon."""
TALK = {HASTY: timedelta(seconds=20), HANGS_UP: timedelta(seconds=5)}
CALLERS = (("+74951230117", QUEUE), ("1204", QUEUE), (HASTY, "Касса"), ("+78125550166", QUEUE))


class PlayablePhone:
    """The phone of the demo. Any agent id may sign in by the demo's password.

    Its calls are numbered from `first_id` on: one that begins anew beside an old store needs others than before.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC), first_id: int = 16_804_377) -> None:
        self.clock = clock
        self._lines: dict[str, Line] = {}
        self._ids, self._callers = count(first_id), cycle(CALLERS)
        self._tasks: set[asyncio.Task[None]] = set()

    async def agent(self, who: Credentials) -> Agent:
        line = self._line(who)
        self._go_on(line)
        return self._agent(line)

    async def dialogs(self, who: Credentials) -> Sequence[Dialog]:
        line = self._line(who)
        self._go_on(line)
        return [dialog_of(line, it) for it in line.calls.values()]

    async def sign_in(self, who: Credentials) -> None:
        line = self._line(who)
        if line.state == LOGOUT:
            self._become(line, NOT_READY)

    async def set_state(self, who: Credentials, state: str, reason_id: str = "") -> None:
        line = self._line(who)
        if not line.is_in or (state == LOGOUT and (line.state != NOT_READY or line.calls)):
            raise PhoneDeclined
        label = next((it.label for it in REASONS if it.id == reason_id), "")
        self._later(lambda: self._become(line, state, label))

    async def act(self, who: Credentials, dialog_id: str, action: str, to: str = "") -> None:
        line = self._line(who)
        call = line.calls.get(dialog_id)
        if call is None or action not in actions_of(line, call) or (action in TO_A_NUMBER and to == who.extension):
            raise PhoneDeclined
        self._later(lambda: self._do(line, call, action, to))

    async def dial(self, who: Credentials, number: str) -> None:
        line = self._line(who)
        if number == line.who.extension or line.calls or not line.is_in:
            raise PhoneDeclined
        self._later(lambda: self._begin(line, number, is_own=True))

    async def reasons(self, who: Credentials) -> Sequence[Reason]:
        self._line(who)
        return REASONS

    async def team(self, who: Credentials) -> Sequence[Agent]:
        own = self._line(who)
        lines = [it for it in self._lines.values() if it is own or it.is_in]
        taken = {it.who.extension for it in lines}
        return [*map(self._agent, lines), *(it for it in colleagues(self.clock()) if it.extension not in taken)]

    async def queues(self, who: Credentials) -> Sequence[Queue]:
        self._line(who)
        return [Queue(QUEUE, 2, self.clock() - timedelta(seconds=48)), Queue("Касса", 0)]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    def ring(self, agent_id: str, number: str, queue: str = QUEUE) -> str:
        """Let somebody call an agent now. Returns the dialog's id."""
        return self._begin(self._lines[agent_id], number, queue)

    def hang_up(self, agent_id: str, dialog_id: str) -> None:
        """Let the other end of a call hang up now."""
        line = self._lines[agent_id]
        self._end(line, line.calls[dialog_id])

    def sign_out(self, agent_id: str) -> None:
        """Sign an agent out, as a supervisor can do it."""
        line = self._lines[agent_id]
        line.calls.clear()
        self._become(line, LOGOUT)

    def _line(self, who: Credentials) -> Line:
        if who.password != PASSWORD:
            raise PhoneRefused
        line = self._lines.setdefault(who.agent_id, Line(who))
        line.who = who
        return line

    def _agent(self, line: Line) -> Agent:
        who = line.who
        state, pending = state_of(line), line.pending if line.calls else ""
        return Agent(who.agent_id, who.agent_id, who.extension, state, line.since, line.reason, pending, *TEAM, True)

    def _later(self, do: Callable[[], object]) -> None:
        async def work() -> None:
            await asyncio.sleep(DELAY_SECONDS)
            do()

        task = asyncio.ensure_future(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _become(self, line: Line, state: str, reason: str = "") -> None:
        """Change the agent's state. During a call it waits until the call has ended."""
        if line.calls:
            line.pending, line.pending_reason = state, reason
            return
        line.state, line.reason, line.since, line.pending = state, reason, self.clock(), ""
        line.next_call = self.clock() + FIRST_CALL if state == READY else None

    def _go_on(self, line: Line) -> None:
        """Let what is due happen: a call comes in, its caller gives up or has said everything, the other end
        answers."""
        now = self.clock()
        if line.state == READY and not line.calls and line.next_call and line.next_call <= now:
            self._begin(line, *next(self._callers))
        for call in list(line.calls.values()):
            if call.mine == ALERTING and now - call.began > RINGS:
                self._end(line, call)
            elif call.mine == INITIATED and now - call.began > ANSWERS and call.other != NOBODY:
                self._answered(line, call)
            elif call.mine == ACTIVE and now - call.changed > TALK.get(call.other, TALKS):
                self._end(line, call)

    def _answered(self, line: Line, call: Call) -> None:
        """Let the other end answer."""
        if call.other == CALLS_BACK:
            self._end(line, call)
            self._begin(line, *next(self._callers))
        else:
            self._change(line, call, ACTIVE)
            call.theirs = ACTIVE

    def _begin(self, line: Line, other: str, queue: str = "", is_own: bool = False) -> str:
        mine, theirs = (INITIATED, ALERTING) if is_own else (ALERTING, INITIATED)
        call = Call(str(next(self._ids)), [other], queue, self.clock(), self.clock(), mine, theirs, is_own)
        line.calls[call.id] = call
        line.since = self.clock()
        return call.id

    def _change(self, line: Line, call: Call, mine: str) -> None:
        call.mine, call.changed = mine, self.clock()
        line.since = self.clock()

    def _end(self, line: Line, call: Call) -> None:
        line.calls.pop(call.id, None)
        line.since = self.clock()
        if line.calls:
            return
        if line.pending:
            self._become(line, line.pending, line.pending_reason)
        line.next_call = self.clock() + NEXT_CALL if line.state == READY else None

    def _do(self, line: Line, call: Call, action: str, to: str) -> None:
        """Do what was accepted a moment ago, if it can still be done."""
        if call.id not in line.calls or action not in actions_of(line, call):
            return
        others = [it for it in line.calls.values() if it is not call]
        match action:
            case "ANSWER" | "RETRIEVE":
                for other in others:
                    self._change(line, other, HELD if other.mine == ACTIVE else other.mine)
                self._change(line, call, ACTIVE)
                call.theirs = ACTIVE
            case "HOLD":
                self._change(line, call, HELD)
            case "DROP":
                self._end(line, call)
            case "TRANSFER_SST" if to != NOBODY:
                self._end(line, call)
            case "CONSULT_CALL":
                self._change(line, call, HELD)
                self._begin(line, to, is_own=True)
            case "TRANSFER":
                for it in [call, *others]:
                    self._end(line, it)
            case "CONFERENCE":
                call.others += [number for it in others for number in it.others]
                self._change(line, call, ACTIVE)
                for it in others:
                    self._end(line, it)
            case _:
                assert action in (SEND_DTMF, "TRANSFER_SST")
