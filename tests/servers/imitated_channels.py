"""An imitated other side of all channels: over a socket it accepts items, or does to them what can happen outside.

Each line that comes in is an item as JSON; each line that goes back is an outcome. What is done to an item is drawn by
its number, and every item is accepted in the end unless it is refused for good.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any, NamedTuple

FAULTS = (*["ok"] * 12, "later", "later twice", "slow", "lost", "broken", "refused", "gone", "down", "odd")
SLOW_SECONDS = 0.15


class Arrived(NamedTuple):
    """An item as the other side got it, and what was done to it."""

    row: int
    channel: str
    person: int
    event: str
    task: int
    address: str
    process: int
    did: str


class ImitatedChannels:
    """`asks` is called with each item before it is accepted: what it raises fails the test. Devices at `kept` addresses
    are never gone."""

    def __init__(self, seed: str, asks: Callable[[Arrived], None]) -> None:
        self.seed, self.asks = seed, asks
        self.arrived: list[Arrived] = []
        self.errors: list[BaseException] = []
        self.port = self.busy = 0
        self.kept = set[str]()
        self._times = defaultdict[int, int](int)

    @property
    def accepted(self) -> list[Arrived]:
        return [it for it in self.arrived if it.did == "accepted"]

    def done_to(self, row: int) -> set[str]:
        return {it.did for it in self.arrived if it.row == row}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.busy += 1
                try:
                    answer = await self._answer(json.loads(line))
                finally:
                    self.busy -= 1
                if answer is None:
                    break
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass  # a process was killed
        finally:
            writer.close()

    async def _answer(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        row = int(item["row"])
        self._times[row] += 1
        times, fault = self._times[row], Random(f"{self.seed} {row}").choice(FAULTS)
        if fault == "refused":
            return self._note(item, fault, {"state": "failed", "reason": fault})
        if fault == "gone" and item["channel"] != "email" and item["address"] not in self.kept:
            return self._note(item, fault, {"state": "gone", "reason": fault})
        if fault.startswith("later") and times <= (2 if fault == "later twice" else 1):
            return self._note(item, "later", {"state": "later", "reason": "busy", "after": 0.0})
        if fault == "down" and times == 1:
            return self._note(item, "down", {"state": "later", "reason": "unreachable", "of_channel": True})
        if fault == "broken" and times == 1:
            return self._note(item, "broken", None)
        if fault == "odd" and times == 1:
            return self._note(item, "odd", {"nonsense": True})
        if fault == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        return await self._accept(item, is_lost=fault == "lost" and times == 1)

    async def _accept(self, item: Mapping[str, Any], is_lost: bool) -> dict[str, Any] | None:
        arrived = Arrived(**item, did="accepted")
        try:
            self.asks(arrived)
        except AssertionError as error:
            self.errors.append(error)
        self.arrived.append(arrived)
        return None if is_lost else {"state": "sent"}

    def _note(self, item: Mapping[str, Any], did: str, answer: dict[str, Any] | None) -> dict[str, Any] | None:
        self.arrived.append(Arrived(**item, did=did))
        return answer


@asynccontextmanager
async def imitated_channels(seed: str, asks: Callable[[Arrived], None]) -> AsyncIterator[ImitatedChannels]:
    """Serve on a free port of loopback until the end of the block."""
    imitated = ImitatedChannels(seed, asks)
    server = await asyncio.start_server(imitated.serve, "127.0.0.1", 0)
    imitated.port = server.sockets[0].getsockname()[1]
    try:
        yield imitated
    finally:
        server.close()
