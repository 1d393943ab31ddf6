"""What every verb of the adapter does: ask in time, and write once.

Redmine answers 204 to what it ignores (a forbidden transition, a read-only field, a private note of somebody without
that permission), and its last writer wins. So every write is checked before and read back after. What another changes
between the check and the write Redmine refuses where we know the task's lock (`versions`); else the history tells it.
"""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from helpdesk.errors import HelpdeskError, Unavailable, Unsure, WrongKey
from helpdesk.redmine_client import NotSent, RedmineClient, Unanswered, within
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine import reading
from helpdesk.tasks.redmine.look_ups import LookUps

T = TypeVar("T")


class Once:
    """One write. `lost` is the failure that leaves open whether it was done: then what is there decides."""

    def __init__(self) -> None:
        self.sent = False
        self.lost: Unavailable | None = None

    async def send(self, write: Awaitable[T]) -> T | None:
        """What was answered; nothing when the answer was lost. Raises what says that nothing was written."""
        self.sent = True
        try:
            return await write
        except Unavailable as error:
            if isinstance(error, NotSent | WrongKey):
                self.sent = False
                raise
            self.lost = error
            return None
        except HelpdeskError:
            self.sent = False
            raise

    def missing(self, refusal: HelpdeskError) -> HelpdeskError:
        """What to raise when it is not there afterwards: `refusal` if Redmine said that it was done."""
        if isinstance(self.lost, Unanswered):
            return Unsure(detail=self.lost.detail)
        return self.lost or refusal


class Asking:
    """Redmine, and what it says of words and rights."""

    def __init__(self, client: RedmineClient) -> None:
        self.client = client
        self.look_up = LookUps(client)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """One verb's calls: over in time, and an answer that lacks what it must have is Nonsense."""
        try:
            async with within(self.client.deadline):
                yield
        except reading.BROKEN as error:
            raise reading.nonsense(error) from error

    @asynccontextmanager
    async def writing(self, actor: Actor) -> AsyncIterator[Once]:
        """As `asking`; whatever fails once the write was sent is Unsure.

        Raises WrongKey when Redmine would act as somebody else: what is read by SQL does not show that.
        """
        once = Once()
        try:
            async with self.asking():
                await self.look_up.me(actor)
                yield once
        except Unavailable as error:
            if once.sent:
                raise Unsure(detail=error.detail) from error
            raise
