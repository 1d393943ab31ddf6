"""`python -m tests.notifications.sending_process STORE PORT`: the workers of one process, sending to imitated channels.

Times are short, so that what a kill leaves behind is taken up at once.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

from helpdesk.notifications import outbox_worker, outcome_recorder
from helpdesk.notifications.channels import registry
from helpdesk.notifications.channels.port import Channel, Item, Outcome
from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.wiring import wire

LEASE_SECONDS = 2.0


class OverSocket:
    """Sends each item over a connection of its own: pushes at once, mails one after the other."""

    batch = 20

    def __init__(self, port: int, at_once: int) -> None:
        self.port, self.gate = port, asyncio.Semaphore(at_once)

    async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        for done in asyncio.as_completed([self._send(it) for it in items]):
            yield await done

    async def _send(self, item: Item) -> tuple[Item, Outcome]:
        row = item.row
        said = {"row": row.id, "channel": row.channel, "person": row.person_id, "event": row.event}
        said |= {"task": row.task_id, "address": row.address or row.email, "process": os.getpid()}
        async with self.gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(json.dumps(said).encode() + b"\n")
            answer = await reader.readline()
            writer.close()
        return item, Outcome(**json.loads(answer)) if answer else Outcome("later", "unreachable")

    async def close(self) -> None:
        pass


def wired(store: str, port: int) -> Services:
    """Return the services over a store, with senders to the imitated channels."""

    def channel(it: Channel) -> Channel:
        at_once = 1 if it.name == "email" else 8
        return replace(it, connect={name: lambda resources: OverSocket(port, at_once) for name in it.connect})

    registry.CHANNELS[:] = [channel(it) for it in registry.CHANNELS]
    return wire(configuration.load({"SECRET_KEY": "s" * 40, "DATABASE_URL": store}, Path("/nonexistent")))


def hurry() -> None:
    """Shorten the times of the workers."""
    outbox_worker.LEASE_SECONDS, outbox_worker.LOOK_SECONDS = LEASE_SECONDS, 0.1
    outbox_worker.CHECK_SECONDS, outbox_worker.SEND_SECONDS = 0.5, 1.2
    outcome_recorder.PAUSES = outcome_recorder.CHANNEL_PAUSES = (0.05, 0.1)
    outcome_recorder.SHORTEST_AFTER = 0.05


async def main(store: str, port: int) -> None:
    hurry()
    services = wired(store, port)
    await asyncio.gather(*(worker.watch() for worker in services.outbox.workers.values()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
