"""A task as the script left it, and who may be at it at the same time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from tests.notifications.company import GROUP, NAMES, ROLES, role, sees
from tests.notifications.log_book import Did, Made

Until = Callable[[datetime], Awaitable[None]]


class KnownTask:
    """Several may be at it at once, of whom one changes more than comments, or one alone.

    Redmine keeps no history of who watches and of who sees: both count as they are when an act is told. So whoever
    changes them is alone, and begins when all that was done before has been told.
    """

    def __init__(self, made: Made) -> None:
        self.number, self.project, self.author, self.private = made.task, made.project, made.author, made.private
        self.assignee, self.watchers = made.assignee, set(made.watchers)
        self.status, self.priority, self.progress = "Новая", "Нормальный", 0
        self.last = datetime.now(UTC)
        self._door, self._empty, self._inside = asyncio.Lock(), asyncio.Event(), 0
        self._empty.set()
        self.turn = asyncio.Lock()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        async with self._door:
            self._inside += 1
            self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    @asynccontextmanager
    async def alone(self, told_until: Until | None = None) -> AsyncIterator[None]:
        """When all has been told, if it is said how to wait for that."""
        async with self._door:
            await self._empty.wait()
            if told_until:
                await told_until(self.last)
            yield

    def did(self, act: Did) -> None:
        """Take in what was done, just now."""
        self.assignee = act.handed[1] if act.handed else self.assignee
        self.status = act.status[1] if act.status else self.status
        self.priority = act.priority[1] if act.priority else self.priority
        self.progress = self.progress if act.progress is None else act.progress
        self.last = datetime.now(UTC)

    def is_seen_by(self, login: str) -> bool:
        return sees(login, self.project, self.author, self.assignee, self.private)

    def is_worked_on_by(self, login: str) -> bool:
        """Whether somebody may do more to it than comment."""
        own = role(login, self.project)
        return self.is_seen_by(login) and (login == "admin" or (own is not None and own.works))

    def changes_sight(self, assignee: str | None) -> bool:
        """Whether some see it, or see it no more, when it is handed to another."""
        place = (self.project, self.author)
        return any(self.is_seen_by(login) != sees(login, *place, assignee, self.private) for login in NAMES)

    def candidates(self) -> list[str | None]:
        return [who for who in [*assignable(self.project), None] if who != self.assignee]


def assignable(project: str) -> list[str]:
    """Who may be given a task, in Redmine's eyes."""
    members = [who for who, own in ROLES[project].items() if own.works and who != "locked"]
    return members + (["gleb", "olga"] if GROUP in members else [])
