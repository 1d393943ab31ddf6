"""The telephone exchange behind an imitated Finesse: agents, calls, and what each end of a call may do.

It follows Cisco's documents, not a real exchange. What is asked happens `delay` seconds later. Nothing runs in the
background: what is due happens when somebody looks or acts the next time. Threads may share it.
"""

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

LOGOUT, NOT_READY, READY = "LOGOUT", "NOT_READY", "READY"
ALERTING, ACTIVE, HELD, INITIATED = "ALERTING", "ACTIVE", "HELD", "INITIATED"
DELAY = 0.05
ANSWERS = 0.2
REASONS = {"16": ("10", "Обед"), "17": ("11", "Перерыв"), "18": ("12", "Разбор звонка")}
"""Codes and labels of NOT_READY by their ids."""
FORCED = "255"
QUEUE_NUMBER = "5500"
SPOOFED = "spoofed"


@dataclass
class Agent:
    """`wrong` counts wrong passwords in a row; `locked_until` is of time.monotonic()."""

    id: str
    password: str
    extension: str
    first_name: str = "Анна"
    last_name: str = "Котова"
    is_supervisor: bool = False
    state: str = LOGOUT
    reason: str = ""
    pending: str = ""
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    wrong: int = 0
    locked_until: float = 0.0


@dataclass
class End:
    """One end of a call."""

    number: str
    state: str
    started: datetime
    changed: datetime


@dataclass
class Call:
    """`ends` are found by their numbers; one outside that shows the number of who is called, by SPOOFED."""

    id: str
    caller: str
    called: str
    queue: str
    kind: str
    ends: dict[str, End] = field(default_factory=dict)


class Switch:
    """`answers` is after how many seconds an outside number answers; None: never, `pick_up` does it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.agents: dict[str, Agent] = {}
        self.calls: dict[str, Call] = {}
        self.delay, self.answers = DELAY, ANSWERS
        self.digits: list[str] = []
        self._ids, self._order = count(16_804_377), count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def ring(self, agent_id: str, number: str = "+74951230117", queue: str = "Поддержка") -> str:
        """Let a call come to an agent. Returns the id of its dialog."""
        with self.lock:
            self.settle()
            agent = self.agents[agent_id]
            assert agent.state != LOGOUT, f"{agent_id} is not signed in"
            return self._begin(number, agent.extension, QUEUE_NUMBER, queue, "ACD_IN").id

    def pick_up(self, call_id: str, number: str = "") -> None:
        """Let the other end of an agent's call answer."""
        with self.lock:
            self.settle()
            self._pick_up(call_id, number)

    def hang_up(self, call_id: str, number: str = "") -> None:
        """Let an end leave a call: who called, if no number is given."""
        with self.lock:
            self.settle()
            if call := self.calls.get(call_id):
                self._leave(call, number or (SPOOFED if SPOOFED in call.ends else call.caller))

    def force_logout(self, agent_id: str) -> None:
        """Sign an agent out, as the exchange does when the presence of the agent's desktop has gone."""
        with self.lock:
            self.settle()
            self._become(self.agents[agent_id], LOGOUT, FORCED)

    def settle(self) -> None:
        """Let happen what is due."""
        while self._due and self._due[0][0] <= time.monotonic():
            heapq.heappop(self._due)[2]()

    def later(self, do: Callable[[], None], seconds: float | None = None) -> None:
        due = time.monotonic() + (self.delay if seconds is None else seconds)
        heapq.heappush(self._due, (due, next(self._order), do))

    def state_of(self, agent: Agent) -> str:
        states = {call.ends[agent.extension].state for call in self.calls_of(agent)}
        if ALERTING in states:
            return "RESERVED"
        if states & {ACTIVE, INITIATED}:
            return "TALKING"
        return "HOLD" if HELD in states else agent.state

    def calls_of(self, agent: Agent) -> list[Call]:
        return [call for call in self.calls.values() if agent.extension in call.ends and agent.state != LOGOUT]

    def agent_at(self, extension: str) -> Agent | None:
        signed_in = (it for it in self.agents.values() if it.state != LOGOUT)
        return next((it for it in signed_in if it.extension == extension), None)

    def actions(self, call: Call, number: str) -> tuple[str, ...]:
        """What an end may do, by the table of the Dialog API; TRANSFER_SST and SEND_DTMF as captures show them."""
        others = [it for it in self.calls.values() if number in it.ends and it is not call]
        match call.ends[number].state:
            case "ALERTING":
                return ("ANSWER",)
            case "ACTIVE":
                return ("HOLD", "DROP", "SEND_DTMF", *(() if others else ("CONSULT_CALL", "TRANSFER_SST")))
            case "HELD":
                is_talking = any(it.ends[number].state == ACTIVE for it in others)
                return ("RETRIEVE", "DROP", *(("TRANSFER", "CONFERENCE") if is_talking else ()))
            case _:
                return ("DROP",)

    def sign_in(self, agent: Agent, extension: str) -> None:
        """Sign an agent in; who is signed in keeps the state. A busy extension fails without a word."""
        holder = self.agent_at(extension)
        if holder is None or holder is agent:
            agent.extension = extension
            if agent.state == LOGOUT:
                self._become(agent, NOT_READY)

    def set_state(self, agent: Agent, state: str, reason: str) -> None:
        if self.calls_of(agent):
            agent.pending, agent.reason = state, reason
        else:
            self._become(agent, state, reason)

    def dial(self, agent: Agent, number: str, kind: str = "OUT") -> None:
        call = self._begin(agent.extension, number, number, "", kind)
        if self.agent_at(number) is None and self.answers is not None:
            self.later(lambda: self._pick_up(call.id), self.answers)

    def act(self, agent: Agent, call_id: str, action: str, to: str) -> None:
        """Do what was asked, unless the call does not allow it any more: then nothing happens."""
        call, mine = self.calls.get(call_id), agent.extension
        if call is None or mine not in call.ends or action not in self.actions(call, mine):
            return
        match action:
            case "ANSWER" | "RETRIEVE":
                self._speak(call, mine)
            case "HOLD":
                self._set(call, mine, HELD)
            case "DROP":
                self._leave(call, mine)
            case "SEND_DTMF":
                self.digits.append(to)
            case "CONSULT_CALL":
                self._set(call, mine, HELD)
                self.dial(agent, to, "CONSULT")
            case "TRANSFER_SST":
                self._pass(call, mine, to)
            case "TRANSFER" | "CONFERENCE":
                self._join(call, mine, stays=action == "CONFERENCE")

    def _begin(self, caller: str, called: str, shown: str, queue: str, kind: str) -> Call:
        call, now = Call(str(next(self._ids)), caller, shown, queue, kind), datetime.now(UTC)
        theirs, mine = End(caller, INITIATED, now, now), End(called, ALERTING, now, now)
        call.ends = {called: mine, caller: theirs} if caller != called else {SPOOFED: theirs, called: mine}
        self.calls[call.id] = call
        self._note(called, caller)
        return call

    def _pick_up(self, call_id: str, number: str = "") -> None:
        call = self.calls.get(call_id)
        ringing = [key for key, it in call.ends.items() if it.state == ALERTING] if call else []
        if call and ringing:
            self._speak(call, number or ringing[0])

    def _speak(self, call: Call, number: str) -> None:
        """Make an end active: others that it speaks with are held, and who waits for it is connected."""
        for other in self.calls.values():
            if other is not call and number in other.ends and other.ends[number].state == ACTIVE:
                self._set(other, number, HELD)
        for key, end in call.ends.items():
            if key == number or end.state == INITIATED:
                self._set(call, key, ACTIVE)

    def _pass(self, call: Call, mine: str, to: str) -> None:
        """Transfer in one step: the target rings, and who calls waits for it."""
        now = datetime.now(UTC)
        del call.ends[mine]
        self._rest(mine)
        call.ends[to], call.kind = End(to, ALERTING, now, now), "TRANSFER"
        self._note(to)
        for end in call.ends.values():
            end.state = ALERTING if end.number == to else INITIATED
        if self.agent_at(to) is None and self.answers is not None:
            self.later(lambda: self._pick_up(call.id, to), self.answers)

    def _join(self, call: Call, mine: str, stays: bool) -> None:
        """Join the held call with the other one, with this end or without it."""
        other = next(it for it in self.calls.values() if it is not call and mine in it.ends)
        call.ends |= {number: end for number, end in other.ends.items() if number != mine}
        del self.calls[other.id]
        if stays:
            self._set(call, mine, ACTIVE)
        else:
            del call.ends[mine]
            self._rest(mine)

    def _set(self, call: Call, number: str, state: str) -> None:
        call.ends[number].state, call.ends[number].changed = state, datetime.now(UTC)
        self._note(number)

    def _note(self, *numbers: str) -> None:
        """Note that the states of agents have changed with their calls."""
        for agent in filter(None, map(self.agent_at, numbers)):
            agent.since = datetime.now(UTC)

    def _leave(self, call: Call, number: str) -> None:
        left = [number] if call.ends.pop(number, None) else []
        if len(call.ends) < 2:
            self.calls.pop(call.id, None)
            left += call.ends
        for each in left:
            self._rest(each)

    def _rest(self, number: str) -> None:
        """Let an agent without calls become what was asked for meanwhile."""
        agent = self.agent_at(number)
        if agent and not self.calls_of(agent):
            self._become(agent, agent.pending or agent.state, agent.reason)

    def _become(self, agent: Agent, state: str, reason: str = "") -> None:
        agent.state, agent.reason, agent.pending, agent.since = state, reason, "", datetime.now(UTC)
