"""The phone systems that the contract is tried on: the demo's, and Finesse over the imitated one."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpdesk import tls
from helpdesk.demo import playable_phone
from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.telephony.finesse.phone import FinessePhone
from helpdesk.telephony.phone import Credentials, Dialog, Participant, Phone
from tests.servers.imitated_finesse import ImitatedFinesse

SECONDS = 5.0
ESTABLISHED, CLOSE_WAIT = "01", "08"
"""Of /proc/net/tcp."""
AGENT, EXTENSION, PASSWORD = "100001", "1001", "пароль-1"


class Stage:
    """A phone system with an agent who may sign in, and calls that come when they are asked for."""

    phone: Phone
    who: Credentials

    @property
    def stranger(self) -> Credentials:
        """The agent with a wrong password."""
        return self.who._replace(password="falsch")

    async def ring(self) -> Dialog:
        """Let a call come to the agent, who is ready."""
        raise NotImplementedError

    def let_the_other_end_answer(self) -> None:
        """Let so much time pass that a called number has answered."""

    async def dialogs(self) -> Sequence[Dialog]:
        return await self.phone.dialogs(self.who)

    async def own(self, dialog_id: str) -> Participant | None:
        """The agent's end of a call; None when it is over."""
        found = next((it for it in await self.dialogs() if it.id == dialog_id), None)
        return found.own(self.who.extension) if found else None

    async def becomes(self, state: str) -> None:
        await until(lambda: self._is(state), state)

    async def shows(self, dialog_id: str, state: str) -> None:
        async def is_so() -> bool:
            own = await self.own(dialog_id)
            return (own.state if own else "") == state

        await until(is_so, f"{dialog_id} {state}")

    async def ready(self) -> None:
        await self.phone.sign_in(self.who)
        await self.becomes("NOT_READY")
        await self.phone.set_state(self.who, "READY")
        await self.becomes("READY")

    async def talking(self) -> str:
        """Take a call. Returns its id."""
        dialog = await self.ring()
        await self.phone.act(self.who, dialog.id, "ANSWER")
        await self.shows(dialog.id, "ACTIVE")
        return dialog.id

    async def _is(self, state: str) -> bool:
        return (await self.phone.agent(self.who)).state == state


class Playable(Stage):
    """The demo's phone, whose clock is moved."""

    def __init__(self) -> None:
        self.moved = timedelta()
        self.phone = PlayablePhone(lambda: datetime.now(UTC) + self.moved)
        self.who = Credentials(AGENT, playable_phone.PASSWORD, EXTENSION)

    async def ring(self) -> Dialog:
        self.moved += playable_phone.NEXT_CALL
        (dialog,) = await self.dialogs()
        return dialog

    def let_the_other_end_answer(self) -> None:
        self.moved += playable_phone.ANSWERS


class Finesse(Stage):
    def __init__(self, server: ImitatedFinesse) -> None:
        self.server = server
        self.phone = FinessePhone(server.url.split(","), tls.context(server.authority.file))
        self.who = Credentials(AGENT, PASSWORD, EXTENSION)
        server.add(AGENT, PASSWORD, EXTENSION, is_supervisor=True)

    async def ring(self) -> Dialog:
        self.server.ring(AGENT)
        (dialog,) = await self.dialogs()
        return dialog


def _connected_ports() -> set[int]:
    """The ports that lines on this machine lead to which their client has not closed."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return {int(row[2].partition(":")[2], 16) for row in rows if row[3] in (ESTABLISHED, CLOSE_WAIT)}


async def disconnected(server: ImitatedFinesse) -> None:
    """Wait until no socket of ours leads to it: TLS says good-bye beside us when a call was given up."""
    ports = {node.server.port for node in server.nodes}

    async def are_closed() -> bool:
        return not ports & _connected_ports()

    await until(are_closed, "lines to the imitation are closed")


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until it is so."""
    ends = time.monotonic() + SECONDS
    while not await true():
        assert time.monotonic() < ends, f"waited in vain: {what}"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def staged(stage: Stage) -> AsyncIterator[Stage]:
    try:
        yield stage
    finally:
        await stage.phone.close()
        if isinstance(stage, Finesse):
            await disconnected(stage.server)
