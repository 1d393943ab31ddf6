"""A log line for every slow query of a database: the function that asked it and how long it took, never its values."""

import logging
import sys
from collections.abc import Callable
from time import perf_counter
from types import FrameType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

log = logging.getLogger(__name__)

SLOW_SECONDS = 0.2
PACKAGE = "helpdesk."
ASKING_FOR_OTHERS = {__name__, "helpdesk.tasks.redmine.sql.batched_selects"}
"""Modules whose functions pass on a query of their caller."""


def log_slow_queries(engine: Engine, database: str) -> None:
    """Log queries of this engine that take longer than SLOW_SECONDS; `database` says in the log which one it is.

    The events around a cursor would be the usual way, but they cost 9 microseconds for each query, and these cost one.
    """
    for name in ("do_execute", "do_executemany"):
        sa.event.listen(engine, name, _timed(name, database))


def _timed(name: str, database: str) -> Callable[[Any, str, Any, Any], bool]:
    """Return a listener that executes a query by the dialect's method of this name."""

    def execute(cursor: Any, statement: str, values: Any, context: Any) -> bool:
        began = perf_counter()
        try:
            getattr(context.dialect, name)(cursor, statement, values, context)
        finally:  # also when it was broken off
            if (seconds := perf_counter() - began) > SLOW_SECONDS:
                extra = {"database": database, "query": _caller(sys._getframe(1)), "seconds": round(seconds, 3)}
                log.warning("a query was slow", extra=extra)
        return True  # it has been executed

    return execute


def _caller(frame: FrameType | None) -> str:
    """Return the name of the innermost function of ours, without those that ask for others."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(PACKAGE) and module not in ASKING_FOR_OTHERS:
            return f"{module.removeprefix(PACKAGE)}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return "unknown"
