"""Hand notifications to the channels, each with a queue of its own: a slow channel holds up nothing else."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from helpdesk.notifications.channels import registry
from helpdesk.notifications.channels.port import Channel, Deliver, Delivery, PermanentFailure, Resources

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
"""Notifications that wait for one channel. For each more the oldest is dropped."""
MOST_TRIES = 5
DELIVER_SECONDS = 30.0
PAUSES = (1.0, 5.0, 30.0, 120.0)
"""Seconds after the first, second, … failure in a row of one channel."""


class Waiting(NamedTuple):
    delivery: Delivery
    failures: int = 0


class ChannelQueue:
    """The notifications that wait for one channel. A restart drops them; what is stored stays on the page."""

    def __init__(self, channel: Channel, deliver: Deliver) -> None:
        self.name, self.deliver = channel.name, deliver
        self.options = frozenset(option.name for option in channel.options)
        self._waiting: deque[Waiting] = deque(maxlen=MOST_WAITING)
        self._filled = asyncio.Event()
        self._failures_in_a_row = 0

    def put(self, deliveries: Iterable[Delivery]) -> None:
        """Add the notifications that were chosen for this channel, behind those that wait already."""
        self._append([Waiting(it) for it in deliveries if self.options & it.options])

    def _append(self, waiting: Sequence[Waiting]) -> None:
        if (lost := len(self._waiting) + len(waiting) - MOST_WAITING) > 0:
            extra = {"channel": self.name, "notifications": lost}
            log.warning("notifications are dropped, the queue of their channel is full", extra=extra)
        self._waiting.extend(waiting)
        if waiting:
            self._filled.set()

    async def watch(self) -> None:
        """Deliver what is put, one after the other, until cancelled."""
        while True:
            await self._filled.wait()
            while self._waiting:
                await self._deliver(*self._waiting.popleft())
            self._filled.clear()

    async def _deliver(self, delivery: Delivery, failures: int) -> None:
        try:
            async with asyncio.timeout(DELIVER_SECONDS):
                await self.deliver(delivery)
        except PermanentFailure as error:
            self._drop(delivery, "a notification cannot be delivered", error)
        except Exception as error:
            await self._failed(delivery, failures + 1, error)
        else:
            self._failures_in_a_row = 0

    async def _failed(self, delivery: Delivery, failures: int, error: Exception) -> None:
        """Try again behind the others. The channel pauses after a failure, for longer while it goes on failing."""
        if failures < MOST_TRIES:
            self._append([Waiting(delivery, failures)])
        else:
            self._drop(delivery, "a notification was not delivered after several tries", error)
        self._failures_in_a_row += 1
        await asyncio.sleep(PAUSES[min(self._failures_in_a_row, len(PAUSES)) - 1])

    def _drop(self, delivery: Delivery, message: str, error: Exception) -> None:
        extra = {"channel": self.name, "event": delivery.notification.event, "person": delivery.notification.person_id}
        log.warning(message, extra=extra, exc_info=error)


class Dispatcher:
    """The queues of the channels that the settings ask for."""

    def __init__(self, resources: Resources) -> None:
        connected = ((channel, channel.connect(resources)) for channel in registry.CHANNELS)
        self.queues = [ChannelQueue(channel, deliver) for channel, deliver in connected if deliver]
        self.watchers = [queue.watch for queue in self.queues]

    def dispatch(self, deliveries: Sequence[Delivery]) -> None:
        """Put each notification into the queues of the channels that its person chose."""
        for queue in self.queues:
            queue.put(deliveries)
