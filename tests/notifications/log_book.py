"""What the proof's script did to Redmine, in its own words, in the order in which it was done."""

from collections.abc import Sequence
from typing import NamedTuple


class Made(NamedTuple):
    """A new task. `assignee` is a login or the group; `calls` are the logins that the description calls."""

    key: str
    task: int
    project: str
    author: str
    private: bool
    assignee: str | None
    watchers: frozenset[str]
    text: str
    calls: frozenset[str]


class Did(NamedTuple):
    """What somebody did to a task at once: pairs are before and after. `text` is a comment, `files` what was added."""

    key: str
    task: int
    by: str
    text: str = ""
    calls: frozenset[str] = frozenset()
    private: bool = False
    status: tuple[str, str] | None = None
    priority: tuple[str, str] | None = None
    handed: tuple[str | None, str | None] | None = None
    files: tuple[str, ...] = ()
    progress: int | None = None


class Watched(NamedTuple):
    """Somebody, or the group, watches a task from now on, or no more. All that was done to it before had been told."""

    task: int
    who: str
    on: bool


class Edited(NamedTuple):
    """A comment has another text, after it had been told."""

    key: str
    task: int
    text: str


Entry = Made | Did | Watched | Edited


def number(key: str) -> int:
    """The number of a journal; a task's making comes before all of them."""
    kind, _, told = key.partition(".")
    return int(told) if kind == "journal" else 0


def about(log: Sequence[Entry], keys: set[str]) -> str:
    """The lines of the log about the tasks of these acts, for whoever reads why a proof failed."""
    tasks = {it.task for it in log if isinstance(it, Made | Did) and it.key in keys}
    return "\n".join(str(it) for it in log if it.task in tasks)
