"""Show Cisco Finesse as a phone system."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from ssl import SSLContext
from typing import Any, TypeVar
from urllib.parse import quote

from cachetools import LRUCache, TTLCache

from helpdesk.errors import sentence
from helpdesk.telephony.finesse import answers, xml
from helpdesk.telephony.finesse.client import NEWS, Client, nameless
from helpdesk.telephony.phone import (
    LOGOUT,
    MAKE_CALL,
    NOT_READY,
    SEND_DTMF,
    TO_A_NUMBER,
    Agent,
    BadPhoneResponse,
    Credentials,
    Dialog,
    PhoneDeclined,
    PhoneRefused,
    Queue,
    Reason,
)

MOST_REMEMBERED, LARGEST_REMEMBERED = 2_000, 2**15
REASONS_SECONDS = DENIED_SECONDS = 300
SOON_SECONDS = 3
"""So long an agent's team and queues are not asked for again."""
SIGNED_OUT = {LOGOUT, "UNKNOWN"}
ELSEWHERE = sentence("The phone system has this agent on another extension.")

R = TypeVar("R")


class FinessePhone:
    """Finesse as a phone system: everything is asked as the agent, news by polling.

    The last answer about each agent is remembered as it came: the same bytes are not parsed again, and give the same
    object.
    """

    def __init__(self, nodes: Sequence[str], context: SSLContext) -> None:
        self.client = Client(nodes, context)
        self._agents: LRUCache[str, tuple[bytes, Agent]] = LRUCache(MOST_REMEMBERED)
        self._dialogs: LRUCache[str, tuple[bytes, tuple[Dialog, ...]]] = LRUCache(MOST_REMEMBERED)
        self._reasons: TTLCache[str, tuple[Reason, ...]] = TTLCache(MOST_REMEMBERED, REASONS_SECONDS)
        self._shared: TTLCache[tuple[str, bytes], asyncio.Future[Any]] = TTLCache(MOST_REMEMBERED, SOON_SECONDS)
        self._denied: TTLCache[tuple[str, str], bool] = TTLCache(MOST_REMEMBERED, DENIED_SECONDS)

    async def agent(self, who: Credentials) -> Agent:
        body = await self.client.get(who, _user(who), NEWS)
        known = self._agents.get(who.agent_id)
        if known and known[0] == body:
            return known[1]
        found = await xml.read(body, "user", lambda user: answers.agent(user, who.agent_id))
        if len(body) <= LARGEST_REMEMBERED:
            self._agents[who.agent_id] = body, found
        return found

    async def dialogs(self, who: Credentials) -> Sequence[Dialog]:
        body = await self.client.get(who, f"{_user(who)}/Dialogs", NEWS)
        known = self._dialogs.get(who.agent_id)
        if known and known[0] == body:
            return known[1]
        found = await xml.read(body, "dialogs", answers.dialogs)
        if len(body) <= LARGEST_REMEMBERED:
            self._dialogs[who.agent_id] = body, found
        return found

    async def sign_in(self, who: Credentials) -> None:
        present = await self.agent(who)
        if present.state in SIGNED_OUT:
            await self._write("PUT", who, _user(who), "User", {"state": "LOGIN", "extension": who.extension})
        elif present.extension not in ("", who.extension):
            raise PhoneDeclined(message=ELSEWHERE)

    async def set_state(self, who: Credentials, state: str, reason_id: str = "") -> None:
        reason = {"reasonCodeId": reason_id} if reason_id and state == NOT_READY else {}
        await self._write("PUT", who, _user(who), "User", {"state": state, **reason})

    async def act(self, who: Credentials, dialog_id: str, action: str, to: str = "") -> None:
        asked = {"requestedAction": action, "targetMediaAddress": who.extension}
        if action in TO_A_NUMBER:
            asked["toAddress"] = to
        digits = to if action == SEND_DTMF else ""
        await self._write("PUT", who, f"/Dialog/{quote(dialog_id, safe='')}", "Dialog", asked, digits)

    async def dial(self, who: Credentials, number: str) -> None:
        asked = {"requestedAction": MAKE_CALL, "fromAddress": who.extension, "toAddress": number}
        await self._write("POST", who, f"{_user(who)}/Dialogs", "Dialog", asked)

    async def reasons(self, who: Credentials) -> Sequence[Reason]:
        if who.agent_id not in self._reasons:
            path = f"{_user(who)}/ReasonCodes?category=NOT_READY"
            self._reasons[who.agent_id] = await self._told(who, path, "reasoncodes", answers.reasons) or ()
        return self._reasons[who.agent_id]

    async def team(self, who: Credentials) -> Sequence[Agent]:
        return await self._soon("team", who, self._team)

    async def queues(self, who: Credentials) -> Sequence[Queue]:
        return await self._soon("queues", who, self._queues)

    async def _team(self, who: Credentials) -> Sequence[Agent]:
        team_ids = await xml.read(await self.client.get(who, _user(who)), "user", answers.team_ids)
        found: dict[str, Agent] = {}
        for team_id in team_ids:
            team = await self._told(who, f"/Team/{team_id}", "team", answers.team)
            found |= {it.agent_id: it for it in team or ()}
        return list(found.values())

    async def _queues(self, who: Credentials) -> Sequence[Queue]:
        return await self._told(who, f"{_user(who)}/Queues", "queues", answers.queues) or ()

    async def _soon(self, what: str, who: Credentials, ask: Callable[[Credentials], Coroutine[Any, Any, R]]) -> R:
        """Return a large answer, which everybody who asks as the agent shares for some seconds."""
        key = what, self.client.key(who)
        if (task := self._shared.get(key)) is None:
            task = self._shared[key] = asyncio.ensure_future(ask(who))
            task.add_done_callback(lambda done: self._keep(key, done))
        answer: R = await asyncio.shield(task)
        return answer

    def _keep(self, key: tuple[str, bytes], done: asyncio.Future[Any]) -> None:
        """Let nobody share a failure."""
        if (done.cancelled() or done.exception()) and self._shared.get(key) is done:
            del self._shared[key]

    async def close(self) -> None:
        await self.client.close()

    async def _told(self, who: Credentials, path: str, root: str, take: Callable[[xml.Element], R]) -> R | None:
        """Return what is at a path that not every Finesse has, and not every agent may see; None where it is not."""
        key = who.agent_id, path
        if key in self._denied:
            return None
        if not self.client.is_proven(who):  # a refusal there says for sure that it is the password
            await self.client.get(who, _user(who))
        try:
            return await xml.read(await self.client.get(who, path, remembers=False), root, take)
        except PhoneDeclined:
            pass
        except PhoneRefused:
            await self.client.get(who, _user(who))  # is it the right that is missing, or the password?
        self._denied[key] = True
        return None

    async def _write(
        self, method: str, who: Credentials, path: str, root: str, values: dict[str, str], digits: str = ""
    ) -> None:
        """Ask for a change. The answer is empty; a page of something in between is none."""
        body = await self.client.write(method, who, path, xml.written(root, values, digits))
        if body.strip() and (len(body) > xml.IN_A_THREAD or xml.parsed(body).name == "html"):
            raise BadPhoneResponse(detail=f"{method} {nameless(path)}: a page")


def _user(who: Credentials) -> str:
    return f"/User/{quote(who.agent_id, safe='')}"
