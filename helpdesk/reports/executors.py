"""Remember for a while who the executors of the tasks are that somebody sees: a form offers them on every page."""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Any

import sqlalchemy as sa
from cachetools import TTLCache

from helpdesk.reports.sql import Tables

FRESH_SECONDS = 60
MOST_KNOWN = 200


class Executors:
    """One for all people and threads. Those who see the same tasks share an answer; whose rights change has another at
    once, as answers are known by the statement and its values."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: MutableMapping[bytes, Sequence[int]] = TTLCache(
            MOST_KNOWN, FRESH_SECONDS, timer=lambda: monotonic()
        )

    def ids(self, tables: Tables, run: Callable[[sa.Select[Any]], Iterable[Any]]) -> Sequence[int]:
        """Return the executors of visible tasks, each once. `run` returns the values of the first column."""
        statement = sa.select(tables.executor.label("executor")).where(tables.visible).distinct()
        compiled = statement.compile()
        key = sha256(f"{compiled} {compiled.params}".encode()).digest()
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        ids = tuple(run(statement))
        with self._lock:
            self._known[key] = ids
        return ids
