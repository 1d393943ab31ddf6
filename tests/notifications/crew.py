"""Several people who change tasks in Redmine at random and at once, each act written into the log book."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from tests.notifications.company import GROUP, NAMES, ROLES, reads_private, role
from tests.notifications.doing import Doing
from tests.notifications.known_task import KnownTask, Until, assignable
from tests.notifications.log_book import Did, Edited, Entry, Made, Watched, number

STATUSES = ("Новая", "В работе", "Решена", "Нужен отклик", "Закрыта", "Отклонена")
PRIORITIES = ("Низкий", "Нормальный", "Высокий", "Срочный")
BUSY_WITH = 12
WATCHERS = sorted({*NAMES, GROUP} - {"locked"})
COMMENTS = {"comment": 2, "call": 2, "private comment": 1, "private call": 1}
CHANGES = {"status": 1, "priority": 1, "hand over": 3, "progress": 1, "several": 2, "several in private": 1}
OTHERS = {"files": 1, "nothing": 1, "make": 3, "watch": 2, "edit": 1}
KINDS = COMMENTS | CHANGES | OTHERS
"""How often each is done by those who work, among 22 changes."""
ASKS = {"make": 1, "comment": 1, "call": 1}


class Crew:
    """`left` changes are still to be begun, `done` were made."""

    def __init__(self, doing: Doing, told_until: Until, seed: str, changes: int) -> None:
        self.doing, self.told_until, self.seed = doing, told_until, seed
        self.left, self.done = changes, 0
        self.log: list[Entry] = []
        self.tasks: list[KnownTask] = []
        self.texts = 0
        self.others: dict[str, Callable[[str, Random], Coroutine[Any, Any, bool]]] = {
            "make": self.make, "watch": self._watch, "edit": self._edit
        }  # fmt: skip

    async def begin(self) -> None:
        """A few tasks, each with a private comment, of which not all may be told who watch; admin watches only when
        they have been told."""
        dice = Random(f"{self.seed} beginning")
        for project in ROLES:
            wish = self.task_of("anna", dice)._replace(project=project, assignee=None)
            for private in (False, True):
                watchers = frozenset({"vera", "irina", "stranger", GROUP})
                await self._make(wish._replace(private=private, watchers=watchers))
                assert await self._do("private comment", "anna", dice, self.tasks[-1:])
        for task in self.tasks:
            await self._turn_watching(task, "admin")

    async def work(self, login: str) -> None:
        """One after another, until nothing is left: each kind as often as KINDS says before they begin anew."""
        dice, deck = Random(f"{self.seed} {login}"), list[str]()
        often = ASKS if login == "irina" else KINDS
        while self.left > 0:
            if not deck:
                deck = dice.sample(list(often), sum(often.values()), counts=list(often.values()))
            kind = deck.pop()
            self.left -= 1
            was_done = await (self.others[kind](login, dice) if kind in self.others else self._do(kind, login, dice))
            self.done += was_done
            self.left += not was_done

    async def make(self, login: str, dice: Random) -> bool:
        """A new task."""
        await self._make(self.task_of(login, dice))
        return True

    def task_of(self, login: str, dice: Random) -> Made:
        """What somebody may make; it has no number yet."""
        project = dice.choice([name for name in ROLES if login == "admin" or role(login, name)])
        own = role(login, project)
        works = own is None or own.works
        text, calls = dice.choice([("", frozenset()), self.text(dice, False), self.text(dice, True)])
        watchers = frozenset(dice.sample(WATCHERS, dice.randrange(3))) if works else frozenset()
        private = works and dice.random() < 0.4
        assignee = dice.choice([*assignable(project), None])
        return Made("", 0, project, login, private, assignee, watchers, text, calls)

    def made(self, task: Made) -> None:
        self.log.append(task)
        self.tasks.append(KnownTask(task))

    def did(self, task: KnownTask, act: Did) -> None:
        self.log.append(act)
        task.did(act)

    def choose(
        self, dice: Random, may: Callable[[KnownTask], bool], among: Sequence[KnownTask] = ()
    ) -> KnownTask | None:
        """One of these, or of the latest tasks."""
        found = [task for task in among or self.tasks[-BUSY_WITH:] if may(task)]
        return dice.choice(found) if found else None

    def text(self, dice: Random, calls: bool) -> tuple[str, frozenset[str]]:
        """A text that nobody wrote before, and whom it calls."""
        self.texts += 1
        called = dice.sample(sorted(NAMES), dice.choice([1, 1, 2])) if calls else []
        aside = dice.choice(["", " Почта: boris@example.test.", " См. @borisov и `@anna`.", " @, @@, @nobody"])
        words = ", ".join(dice.choice([f"@{login}", f"@{login.upper()}", f"(@{login})"]) for login in called)
        text = f"№{self.texts} {dice.choice(['Прошу', 'Нет,', 'Ещё раз:'])} {words}{aside}"
        return " ".join(text.split()), frozenset(called)

    async def _make(self, wish: Made) -> None:
        self.texts += 1
        self.made(await self.doing.make(f"Задача {self.seed}-{self.texts}", wish))

    async def _do(self, kind: str, login: str, dice: Random, among: Sequence[KnownTask] = ()) -> bool:
        def may(task: KnownTask) -> bool:
            return task.is_seen_by(login) if kind in COMMENTS else task.is_worked_on_by(login)

        task = self.choose(dice, may, among)
        if task is None:
            return False
        to = dice.choice(task.candidates())
        async with self._at(task, kind, to) as is_so:
            if not is_so or not may(task):
                return False
            act = self.wish(kind, login, task, to, dice)
            if act is None:
                return False
            for part in await self.doing.do(act):
                self.did(task, part)
        return True

    def wish(self, kind: str, login: str, task: KnownTask, to: str | None, dice: Random) -> Did | None:
        """What somebody does to a task as it is now."""
        if "private" in kind and not reads_private(login, task.project):
            return None
        text, calls = self.text(dice, "call" in kind or dice.random() < 0.2)
        act, said = Did("", task.number, login), {"text": text, "calls": calls, "private": "private" in kind}
        status = (task.status, dice.choice([name for name in STATUSES if name != task.status]))
        priority = (task.priority, dice.choice([name for name in PRIORITIES if name != task.priority]))
        several = {"status": status, "priority": priority, "handed": (task.assignee, to), **said}
        changes: dict[str, dict[str, Any]] = {
            "status": {"status": status},
            "priority": {"priority": priority},
            "progress": {"progress": (task.progress + 10) % 100},
            "hand over": {"handed": (task.assignee, to)},
            "files": {"files": (f"{self.texts}.txt",)},
            "several": several,
            "several in private": several,
            "nothing": {},
        }
        return act._replace(**changes.get(kind, said))

    @asynccontextmanager
    async def _at(self, task: KnownTask, kind: str, to: str | None) -> AsyncIterator[bool]:
        """At a task to do that; whether it may be done after all."""
        hands = kind in ("hand over", "several", "several in private")
        if hands and task.changes_sight(to):
            async with task.alone(self.told_until):
                yield to != task.assignee
        elif kind in CHANGES:
            async with task.shared(), task.turn:
                yield not hands or (to != task.assignee and not task.changes_sight(to))
        else:
            async with task.shared():
                yield True

    async def _watch(self, login: str, dice: Random) -> bool:
        task = self.choose(dice, lambda it: True)
        if task is None:
            return False
        await self._turn_watching(task, dice.choice(WATCHERS))
        return True

    async def _turn_watching(self, task: KnownTask, who: str) -> None:
        """Somebody watches from now on, or no more."""
        async with task.alone(self.told_until):
            wish = Watched(task.number, who, who not in task.watchers)
            await self.doing.watch(wish)
            (task.watchers.add if wish.on else task.watchers.discard)(who)
            self.log.append(wish)

    async def _edit(self, login: str, dice: Random) -> bool:
        """A comment calls others than it did, when it has been told."""
        tasks = {task.number: task for task in self.tasks}
        comments = [it for it in self.log[-60:] if isinstance(it, Did) and it.text]
        if not comments:
            return False
        comment = dice.choice(comments)
        async with tasks[comment.task].shared():
            await self.told_until(tasks[comment.task].last)
            text, _ = self.text(dice, True)
            await self.doing.edit(number(comment.key), text)
            self.log.append(Edited(comment.key, comment.task, text))
        return True
