"""Remember for a while who the executors of the tasks are that somebody sees: a form offers them on every page."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from time import monotonic
from typing import Any

import sqlalchemy as sa

from helpdesk.reports.sql import Tables

FRESH_SECONDS = 60
MOST_KNOWN = 200


class Executors:
    """One for all people and threads. Those who see the same tasks share an answer; whose rights change has another at
    once, as answers are known by the statement and its values."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[float, Sequence[int]]] = {}

    def ids(self, tables: Tables, run: Callable[[sa.Select[Any]], Iterable[Any]]) -> Sequence[int]:
        """Return the executors of visible tasks, each once. `run` returns the values of the first column."""
        statement = sa.select(tables.executor.label("executor")).where(tables.visible).distinct()
        compiled = statement.compile()
        key = sha256(f"{compiled} {compiled.params}".encode()).digest()
        read_at, ids = self._known.get(key, (0.0, ()))
        if key not in self._known or monotonic() - read_at > FRESH_SECONDS:
            if len(self._known) >= MOST_KNOWN:
                self._known = {}
            read_at, ids = monotonic(), tuple(run(statement))
            self._known[key] = read_at, ids
        return ids
