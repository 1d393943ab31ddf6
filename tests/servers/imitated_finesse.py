"""An imitated Cisco Finesse: its REST interface over TLS, as Cisco's documents describe it; never compared with a real
one.

Two nodes share one exchange. Writes are answered by 202 without a body, and done a moment later; failures of the
exchange itself show only in that nothing changes. Five wrong passwords lock an agent.
"""

import base64
import binascii
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache
from ssl import SSLContext
from typing import Any, NamedTuple
from xml.etree import ElementTree

from tests.servers.answering import Answer, AnsweringServer, Request, answering
from tests.servers.certificates import Authority
from tests.servers.finesse_switch import LOGOUT, NOT_READY, READY, REASONS, Agent, Call, Switch

API = "/finesse/api"
XML = {"Content-Type": "application/xml;charset=UTF-8"}
ACCEPTED = Answer(202)
MOST_WRONG, LOCKED_SECONDS = 5, 300.0
CASES: dict[str, Callable[[str], str]] = {"documented": str, "lower": str.lower, "upper": str.upper}
WRITES = {"ANSWER", "HOLD", "RETRIEVE", "DROP", "TRANSFER", "CONFERENCE", "CONSULT_CALL", "TRANSFER_SST", "SEND_DTMF"}
OK, OUT_OF_SERVICE, CUTS, HANGS = "ok", "out of service", "cuts", "hangs"
QUEUES = (("Поддержка", 2, "2026-01-15T09:00:01Z"), ("Касса", -1, ""))
"""Names, calls that wait, and since when; -1 is not told."""
SILENTLY = "silently"
"""The exchange fails after Finesse has accepted."""


class Refused(Exception):
    """What Finesse's own checks refuse at once."""

    def __init__(self, status: int, kind: str, message: str = "") -> None:
        self.status, self.kind, self.message = status, kind, message


class Seen(NamedTuple):
    node: int
    method: str
    path: str
    agent_id: str
    body: bytes


class Node:
    """One of the two servers. `mode` is OK, OUT_OF_SERVICE, CUTS or HANGS; `after` makes it slow, in seconds; `told`
    answers in its place."""

    def __init__(self, number: int, service: "ImitatedFinesse", context: SSLContext) -> None:
        self.number, self.service = number, service
        self.mode, self.after = OK, 0.0
        self.told: Callable[[Request], Answer | None] = lambda request: None
        self.server = AnsweringServer(self._answer, context)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.port}"

    def _answer(self, request: Request) -> Answer:
        who, _ = _basic(request)
        self.service.seen.append(Seen(self.number, request.method, request.path, who, request.body))
        if told := self.told(request):
            return told
        if self.mode == OUT_OF_SERVICE:
            return self.service.error(Refused(503, "Service Unavailable", "SERVER_OUT_OF_SERVICE"))
        if self.mode in (CUTS, HANGS):
            return Answer(cuts=self.mode == CUTS, hangs=self.mode == HANGS)
        return self.service.answer(request)._replace(after=self.after)


class ImitatedFinesse(Switch):
    """`url` is for FINESSE_BASE_URL: both nodes. `case` is how names of elements are written. `fail_next` says how the
    next action of a kind fails: SILENTLY, or the ErrorType of a refusal. `checks` counts requests with a password,
    `refusals` those with a wrong one."""

    def __init__(self, authority: Authority, context: SSLContext | None = None) -> None:
        super().__init__()
        self.authority = authority
        self.nodes = [Node(number, self, context or _context(authority)) for number in range(2)]
        self.case = "documented"
        self.seen: deque[Seen] = deque(maxlen=5_000)
        self.checks: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self._failures: dict[str, str] = {}

    @property
    def url(self) -> str:
        return ",".join(node.url for node in self.nodes)

    def add(self, agent_id: str, password: str = "пароль-1", extension: str = "", **more: Any) -> Agent:
        """Add an agent, signed out."""
        with self.lock:
            agent = self.agents[agent_id] = Agent(agent_id, password, extension or agent_id[-4:], **more)
        return agent

    def fail_next(self, action: str, how: str = SILENTLY) -> None:
        self._failures[action] = how

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.settle()
            try:
                return self._route(request)
            except Refused as refused:
                return self.error(refused)

    def error(self, refused: Refused) -> Answer:
        told = _tree(
            "ApiErrors", ApiError={"ErrorType": refused.kind, "ErrorMessage": refused.message, "ErrorData": ""}
        )
        return Answer(refused.status, XML, self._text(told))

    def _route(self, request: Request) -> Answer:
        method, parts = request.method, request.path.partition("?")[0].removeprefix(API).strip("/").split("/")
        if parts == ["SystemInfo"]:
            return self._found(_tree("SystemInfo", deploymentType="UCCE", status="IN_SERVICE", statusReason=""))
        agent = self._signed_in(request)
        match method, parts:
            case "GET", ["User", who]:
                return self._found(_user(self, self._own(agent, who)))
            case "PUT", ["User", who]:
                return self._put_user(self._own(agent, who), _read(request.body, "User"))
            case "GET", ["User", who, "Dialogs"]:
                calls = self.calls_of(self._own(agent, who))
                return self._found(_tree("Dialogs", [_dialog(self, it) for it in calls]))
            case "POST", ["User", who, "Dialogs"]:
                return self._make_call(self._own(agent, who), _read(request.body, "Dialog"))
            case "PUT", ["Dialog", call_id]:
                return self._act(agent, call_id, _read(request.body, "Dialog"))
            case "GET", ["User", _, "ReasonCodes"]:
                return self._found(_tree("ReasonCodes", [_reason(it) for it in REASONS]))
            case "GET", ["User", _, "Queues"]:
                return self._found(_tree("Queues", [_queue(*it) for it in QUEUES]))
            case "GET", ["Team", "500"] if agent.is_supervisor:
                users = _tree("users", [_user(self, it) for it in self.agents.values()])
                return self._found(_tree("Team", [users], id="500", name="Поддержка"))
            case "GET", ["Team", _]:
                raise Refused(401, "Authorization Failure", "UNAUTHORIZED")
        raise Refused(404, "Not Found")

    def _signed_in(self, request: Request) -> Agent:
        who, password = _basic(request)
        agent = self.agents.get(who)
        self.checks[who] += 1
        if agent is None or time.monotonic() < agent.locked_until:
            raise Refused(401, "Unauthorized")
        if agent.password != password:
            agent.wrong += 1
            self.refusals[who] += 1
            if agent.wrong >= MOST_WRONG:
                agent.locked_until = time.monotonic() + LOCKED_SECONDS
            raise Refused(401, "Unauthorized")
        agent.wrong = 0
        return agent

    def _own(self, agent: Agent, who: str) -> Agent:
        if who != agent.id:
            raise Refused(401, "Invalid Authorization User Specified")
        return agent

    def _fails(self, action: str) -> bool:
        how = self._failures.pop(action, "")
        if how and how != SILENTLY:
            raise Refused(400, how, "CF_TOLD_TO_FAIL")
        return how == SILENTLY

    def _put_user(self, agent: Agent, sent: dict[str, str]) -> Answer:
        state, reason = sent.get("state", ""), sent.get("reasonCodeId", "")
        if state == "LOGIN":
            if not sent.get("extension", "").isdigit():
                raise Refused(400, "Parameter Missing" if "extension" not in sent else "Invalid Input")
            return self._accept(state, lambda: self.sign_in(agent, sent["extension"]))
        if state not in (READY, NOT_READY, LOGOUT) or reason and (state != NOT_READY or reason not in REASONS):
            raise Refused(400, "Invalid Input")
        if agent.state == LOGOUT or state == LOGOUT and (agent.state != NOT_READY or self.calls_of(agent)):
            raise Refused(400, "Invalid State")
        return self._accept(state, lambda: self.set_state(agent, state, reason))

    def _make_call(self, agent: Agent, sent: dict[str, str]) -> Answer:
        to = sent.get("toAddress", "")
        if sent.get("requestedAction") != "MAKE_CALL" or not to:
            raise Refused(400, "Parameter Missing")
        if sent.get("fromAddress") != agent.extension:
            raise Refused(400, "Invalid Input")
        if to == agent.extension:
            raise Refused(400, "Invalid Destination")
        if agent.state == LOGOUT or self.calls_of(agent):
            raise Refused(400, "Invalid State")
        return self._accept("MAKE_CALL", lambda: self.dial(agent, to))

    def _act(self, agent: Agent, call_id: str, sent: dict[str, str]) -> Answer:
        action, call = sent.get("requestedAction", ""), self.calls.get(call_id)
        if action not in WRITES or "targetMediaAddress" not in sent:
            raise Refused(400, "Parameter Missing")
        if call is None:
            raise Refused(404, "Dialog Not Found")
        if sent["targetMediaAddress"] != agent.extension or agent.extension not in call.ends:
            raise Refused(401, "Invalid Authorization User Specified")
        to = sent.get("toAddress", "") or (sent.get("value", "") if sent.get("name") == "dtmfString" else "")
        if action in ("TRANSFER_SST", "CONSULT_CALL", "SEND_DTMF") and not to:
            raise Refused(400, "Parameter Missing")
        if action == "SEND_DTMF" and call.ends[agent.extension].state == "HELD":
            raise Refused(401, "Invalid State")
        return self._accept(action, lambda: self.act(agent, call_id, action, to))

    def _accept(self, action: str, do: Callable[[], None]) -> Answer:
        if not self._fails(action):
            self.later(do)
        return ACCEPTED

    def _found(self, tree: ElementTree.Element) -> Answer:
        return Answer(200, XML, self._text(tree))

    def _text(self, tree: ElementTree.Element) -> bytes:
        for element in tree.iter():
            element.tag = CASES[self.case](element.tag)
        text: bytes = ElementTree.tostring(tree, "utf-8", xml_declaration=True)
        return text


@cache
def _context(authority: Authority) -> SSLContext:
    """Making a certificate takes longer than a test."""
    return authority.server_context()


def _basic(request: Request) -> tuple[str, str]:
    try:
        told = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    who, _, password = told.partition(":")
    return who, password


def _read(body: bytes, root: str) -> dict[str, str]:
    """The leaves of a small document."""
    try:
        tree = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        raise Refused(400, "Bad Request") from None
    if tree.tag != root:
        raise Refused(400, "Bad Request")
    return {it.tag: it.text or "" for it in tree.iter() if not len(it)}


def _tree(tag: str, children: list[ElementTree.Element] | None = None, /, **parts: Any) -> ElementTree.Element:
    element = ElementTree.Element(tag)
    for key, value in parts.items():
        if isinstance(value, dict):
            element.append(_tree(key, **value))
        else:
            ElementTree.SubElement(element, key).text = value
    element.extend(children or [])
    return element


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _user(switch: Switch, agent: Agent) -> ElementTree.Element:
    state, uri = switch.state_of(agent), f"{API}/User/{agent.id}"
    roles = [_tree("role"), *([_tree("role")] if agent.is_supervisor else [])]
    for element, name in zip(roles, ("Agent", "Supervisor"), strict=False):
        element.text = name
    user = _tree("User", [_tree("roles", roles)], uri=uri, loginId=agent.id, loginName=f"agent{agent.id}", state=state,
                 stateChangeTime=_moment(agent.since), pendingState=agent.pending, extension=agent.extension,
                 firstName=agent.first_name, lastName=agent.last_name, teamId="500", teamName="Поддержка",
                 dialogs=f"{uri}/Dialogs")  # fmt: skip
    if state in (NOT_READY, LOGOUT) and agent.reason:
        ElementTree.SubElement(user, "reasonCodeId").text = agent.reason
        user.append(_reason(agent.reason, "ReasonCode"))
    return user


def _reason(key: str, name: str = "ReasonCode") -> ElementTree.Element:
    code, label = REASONS.get(key, (key, "Forced logout"))
    return _tree(name, category=NOT_READY, uri=f"{API}/ReasonCode/{key}", code=code, label=label, id=key)


def _queue(name: str, waiting: int, since: str) -> ElementTree.Element:
    told = {"callsInQueue": str(waiting), "startTimeOfLongestCallInQueue": since}
    return _tree("Queue", uri=f"{API}/Queue/1234", name=name, statistics=told)


def _dialog(switch: Switch, call: Call) -> ElementTree.Element:
    ends = []
    for key, end in call.ends.items():
        actions = _tree("actions", [_tree("action") for _ in switch.actions(call, key)])
        for element, action in zip(actions, switch.actions(call, key), strict=True):
            element.text = action
        kind = "AGENT_DEVICE" if switch.agent_at(key) else ""
        ends.append(_tree("Participant", [actions], mediaAddress=end.number, mediaAddressType=kind,
                          startTime=_moment(end.started), state=end.state, stateCause="",
                          stateChangeTime=_moment(end.changed)))  # fmt: skip
    state = "ALERTING" if any(it.state == "ALERTING" for it in call.ends.values()) else "ACTIVE"
    media: dict[str, Any] = {"mediaId": "1", "dialedNumber": call.called, "callType": call.kind, "DNIS": call.called}
    media |= {"queueName": call.queue, "callvariables": {"CallVariable": {"name": "callVariable1", "value": ""}}}
    return _tree("Dialog", [_tree("participants", ends)], associatedDialogUri="", id=call.id, mediaType="Voice",
                 fromAddress=call.caller, toAddress=call.called, mediaProperties=media, state=state,
                 uri=f"{API}/Dialog/{call.id}")  # fmt: skip


@contextmanager
def imitated_finesse(authority: Authority, context: SSLContext | None = None) -> Iterator[ImitatedFinesse]:
    """Both nodes, each in a thread, until the end. Their certificate is of this authority, or what `context` shows."""
    service = ImitatedFinesse(authority, context)
    with ExitStack() as running:
        for node in service.nodes:
            running.enter_context(answering(node.server))
        yield service
