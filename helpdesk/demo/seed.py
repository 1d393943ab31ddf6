"""Read the demo company from `seed.jsonl`: an object a line, whose only key says what it is.

The lines stand in the order in which pages list them. A line refers to another by its login, key, name or number.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

SEED = Path(__file__).with_name("seed.jsonl")

Line = dict[str, Any]
World = dict[str, list[Line]]


class Entry(NamedTuple):
    """One line of a task's history, `at` so many working minutes before now; `changes` maps a field to [old, new]."""

    at: int
    author: str
    changes: dict[str, Sequence[str | None]] = {}
    private: bool = False
    notes: str = ""


class Task(NamedTuple):
    """A task with its history, oldest first.

    `created`, `start` and `closed` are working minutes before now. The due date is `due_in` working days from today,
    but not before the start, or `planned_days` working days after the start. `spent_hours` are of the first days on
    which the assignee wrote something.
    """

    number: int
    project: str
    tracker: str
    status: str
    priority: str
    author: str
    created: int
    subject: str
    assignee: str | None = None
    start: int | None = None
    closed: int | None = None
    due_in: int | None = None
    planned_days: int | None = None
    done_ratio: int = 0
    estimated_hours: float | None = None
    parent: int | None = None
    blocks: Sequence[int] = ()
    related: Sequence[int] = ()
    description: str = ""
    custom_values: dict[str, str] = {}
    watchers: Sequence[str] = ()
    spent_hours: Sequence[float] = ()
    history: Sequence[Entry] = ()

    @property
    def updated(self) -> int:
        """Working minutes between the last entry, or the creation, and now."""
        return self.history[-1].at if self.history else self.created


class Seed(NamedTuple):
    """`world` holds the lines about people and rules by what they are; `tasks` are in the order of their numbers."""

    world: World
    tasks: list[Task]


def read() -> Seed:
    """Return all that the demo begins with."""
    lines: World = defaultdict(list)
    with SEED.open(encoding="utf-8") as file:
        for text in file:
            ((kind, line),) = json.loads(text).items()
            lines[kind].append(line)
    tasks = [_task(line) for line in lines.pop("task")]
    return Seed(dict(lines), tasks)


def _task(line: Line) -> Task:
    history = tuple(Entry(**entry) for entry in line.pop("history", ()))
    return Task(**line, history=history)
