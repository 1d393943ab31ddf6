"""Several people who write to the same few tasks at once, through us and in Redmine itself, over a line that loses."""

import asyncio
import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from random import Random

import httpx

from helpdesk.errors import HelpdeskError
from helpdesk.tasks.model import Edit, Task, Written
from helpdesk.tasks.redmine.backend import RedmineBackend
from tests.servers.imitated_redmine import Answer, Request, says
from tests.tasks.reckoning import Attempt
from tests.tasks.worlds import RedmineWorld

OURS, OTHERS = ("anna", "anna", "boris", "boris", "admin", "irina"), ("boris", "admin", "irina")
AT_ONCE = 5
# Of twelve writes so many are lost before they arrive, are done but their answer is lost, are overtaken on their way by
# what somebody writes to the same field in Redmine, or meet with nothing.
FATES = {"lost": 1, "answer lost": 1, "overtaken": 4, "": 6}
ROOM, CHANNELS = "Кабинет", "Способ связи"
NUMBER = re.compile(r"/issues/(\d+)\.json")


async def passed_on(redmine: httpx.AsyncClient, request: Request) -> Answer:
    """What Redmine answers to a request."""
    headers = {name: value for name, value in request.headers.items() if name.startswith(("x-redmine", "content-t"))}
    told = await redmine.request(request.method, request.target, headers=headers, content=request.body)
    return says(told.status_code, told.content, told.headers.get("content-type", ""))


class Crowd:
    """Random writes to a few tasks through us, and by others in Redmine; `attempts` keeps what became of ours."""

    def __init__(self, world: RedmineWorld, redmine: httpx.AsyncClient, seed: str) -> None:
        self.world, self.redmine = world, redmine
        self.dice, self.seed = Random(seed), seed
        self.tasks = [world.new_task(f"{seed} {number}") for number in range(5)]
        self.pages: dict[tuple[str, int], Task] = {}
        self.attempts: list[Attempt] = []
        self.fates: list[str] = []

    async def line(self, writer: asyncio.StreamWriter, request: Request) -> None:
        """Passes a request on to Redmine, and its answer back; writes meet with what may happen to them."""
        fate = self._fate() if request.method == "PUT" else ""
        if fate == "lost":
            return
        if fate == "overtaken" and (named := NUMBER.fullmatch(request.path)):
            await self._other_writes(int(named[1]), json.loads(request.body)["issue"].keys())
        try:
            answer = await passed_on(self.redmine, request)
        except httpx.HTTPError:
            return
        if fate != "answer lost":
            await answer(writer, request)

    def _fate(self) -> str:
        """Each as often as FATES says before they are dealt anew: few writes meet with all of them, too."""
        if not self.fates:
            self.fates = self.dice.sample(list(FATES), sum(FATES.values()), counts=list(FATES.values()))
        return self.fates.pop()

    async def write(self, backend: RedmineBackend, edits: int) -> None:
        """So many of our writes, a few at once; until they are all done somebody else writes, too."""
        first = len(self.attempts)
        numbers, over = iter(range(first, first + edits)), asyncio.Event()
        async with asyncio.TaskGroup() as others:
            others.create_task(self._others_write(over))
            async with asyncio.TaskGroup() as we:
                for _ in range(AT_ONCE):
                    we.create_task(self._we_write(backend, numbers))
            over.set()

    async def _we_write(self, backend: RedmineBackend, numbers: Iterator[int]) -> None:
        for number in numbers:
            self.attempts.append(await self._attempt(backend, f"№ {self.seed}/{number}"))

    async def _attempt(self, backend: RedmineBackend, mark: str) -> Attempt:
        """Look at a task, or remember how it was; think; write."""
        login, task = self.dice.choice(OURS), self.dice.choice(self.tasks)
        actor, page = self.world.actor(login), await self._page(backend, login, task)
        edit, private = self._wish(page, mark), self.dice.random() < 0.2
        knows_version = page is not None and self.dice.random() < 0.6
        await asyncio.sleep(self.dice.random() * 0.1)
        try:
            if edit == Edit(comment=mark):
                outcome: Written | HelpdeskError = await backend.comment(actor, task, mark, private)
            else:
                asked = edit._replace(version=page.version if page and knows_version else None)
                outcome = await backend.change(actor, task, asked)
        except HelpdeskError as error:
            outcome = error
        return Attempt(mark, actor.id, task, edit, page if knows_version else None, outcome)

    async def _page(self, backend: RedmineBackend, login: str, task: int) -> Task | None:
        """The task; now and then as the person saw it last."""
        if self.dice.random() < 0.9 or (login, task) not in self.pages:
            try:
                self.pages[login, task] = await backend.task(self.world.actor(login), task)
            except HelpdeskError:
                return None
        return self.pages[login, task]

    def _wish(self, page: Task | None, mark: str) -> Edit:
        """Of what is offered, and now and then of what is not."""
        if page is None or self.dice.random() < 0.2:
            return Edit(comment=mark)
        dice, may, room = self.dice, page.choices, self.world.custom_field(ROOM)
        status = dice.choice([*(status.id for status in may.statuses), self.world.status("closed")])
        priority = dice.choice([*(each.id for each in may.priorities), self.world.priority("urgent")])
        assignee = dice.choice([*(who.id for who in may.assignees), None])
        channels = {self.world.custom_field(CHANNELS): self._channels()}
        return dice.choice([
            Edit({"status": status}, mark),
            Edit({"priority": priority}, mark),
            Edit({"assignee": assignee}, mark),
            Edit(details={"subject": mark}),
            Edit(details={"description": mark}),
            Edit(custom={room: (mark,)}),
            Edit(custom=channels, comment=mark),
            Edit({"status": status}, mark, details={"subject": mark}, custom={room: (mark,), **channels}),
        ])  # fmt: skip

    def _channels(self) -> tuple[str, ...]:
        return tuple(name for name in ("Телефон", "Почта", "Лично") if self.dice.random() < 0.6)

    async def _others_write(self, over: asyncio.Event) -> None:
        while not over.is_set():
            await self._other_writes(self.dice.choice(self.tasks))
            await asyncio.sleep(self.dice.random() * 0.2)

    async def _other_writes(self, task: int, fields: Collection[str] = ()) -> None:
        """In Redmine itself, whose last writer wins; what it refuses or does not answer is no matter of ours."""
        headers = {"X-Redmine-Switch-User": self.dice.choice(OTHERS), "X-Redmine-API-Key": self.world.redmine.admin_key}
        wishes = self._others(f"другой {self.dice.random()}")
        wish = self.dice.choice([each for each in wishes if not each.keys().isdisjoint(fields)] or wishes)
        with suppress(httpx.HTTPError):
            await self.redmine.put(f"/issues/{task}.json", json={"issue": wish}, headers=headers)

    def _others(self, mark: str) -> list[dict[str, object]]:
        room, channels = self.world.custom_field(ROOM), self.world.custom_field(CHANNELS)
        return [
            {"notes": mark},
            {"status_id": self.world.status(self.dice.choice(["in_progress", "resolved", "waiting"]))},
            {"priority_id": self.world.priority(self.dice.choice(["low", "normal", "high"]))},
            {"assigned_to_id": self.world.redmine.user_ids[self.dice.choice(["anna", "boris"])]},
            {"subject": mark},
            {"description": mark},
            {"custom_fields": [{"id": room, "value": mark}]},
            {"custom_fields": [{"id": channels, "value": [*self._channels(), ""]}]},
        ]
