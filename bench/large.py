"""What reading by SQL costs where Redmine is large: `python -m bench.large` fills a real MariaDB and writes anew
docs/performance.md, with EXPLAIN of every query. Only root can start that Redmine."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bench.many import ENTRIES
from bench.redmine import Filled, running_many
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.sql import connection, issue, lists
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.source import Reading, Source
from tests.servers import mariadb
from tests.servers.mariadb import url_of
from tests.servers.redmine import why_not_here

DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
TIMES = 30
LONGEST_MS = 20_000
SMALL = 1_000  # rows of a table that may be read whole
HEAD = """\
# Reading a large Redmine by SQL

To find out why a page is slow, open the browser's network panel. Answers to administrators, and in the demo to
everybody, carry `Server-Timing`: the milliseconds of waiting for our store (`store`) and for Redmine or the embedded
backend (`backend`), and of rendering templates (`render`). Parallel calls count once. The log has a line "a query was
slow" for each query of our store or of Redmine's database that took over 200 ms. The line names the function that
asked, and never a value.

`python -m bench.large` measured this on {now:%Y-%m-%d}: {issues:,} issues and {journals:,} journals in MariaDB, after
ANALYZE, with {buffer} of memory; in process, one after another, {times} times. The person has 700 open tasks and sees
all of them. The table shows milliseconds and the number of queries. Each call of the backend reads the person's
rights in one query. Redmine's rules are read once in five seconds for everybody; their queries are at the end. The
machine's load average was {load:.1f}.

The page of my tasks reads the vocabulary, and the tasks with their totals. The page of a task, its JSON, and a change
of status (before and after the write) read the task. EXPLAIN of their queries follows. `ALL` reads a whole table,
`index` a whole index; **whole** marks those of more than {small:,} rows.

| what | p50 ms | least ms | queries |
|---|---|---|---|"""


class Asked(NamedTuple):
    """A query as it was sent."""

    text: str
    values: Any


class Cost(NamedTuple):
    """Milliseconds of each time, and the queries of the last one."""

    told: str
    waits: list[float]
    queries: list[Asked]


async def costs(filled: Filled) -> list[Cost]:
    """What each reading verb costs anna, and then the rules."""
    redmine = filled.redmine
    database = RedmineDatabase(url_of(redmine.mysql), ZoneInfo(redmine.timezone))
    anna = Actor(redmine.user_ids["anna"], "anna")
    mine, every = TaskQuery(("me",)), TaskQuery()
    verbs: dict[str, Callable[[Reading], object]] = {
        "vocabulary": lists.vocabulary,
        "my tasks, 25 rows, with totals": lambda read: lists.tasks(read, mine, summed=True),
        "a task with 10 journals": lambda read: issue.task(read, filled.issue),
        "all tasks, 25 rows, with totals": lambda read: lists.tasks(read, every, summed=True),
    }
    sent: list[Asked] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *told: sent.append(Asked(told[2], told[3])))
    seldom, each_time = Source(database, 3600.0), Source(database, 0.0)
    rules = await _cost("the rules", lambda: each_time.read(anna, lists.vocabulary), sent)
    found = [await _cost(told, partial(seldom.read, anna, verb), sent) for told, verb in verbs.items()]
    database.close()
    return [*found, rules]


async def _cost(told: str, verb: Callable[[], Awaitable[object]], sent: list[Asked]) -> Cost:
    """Raises Silent for what takes longer than we ever wait."""
    waits: list[float] = []
    while len(waits) <= TIMES and sum(waits) < LONGEST_MS:
        sent.clear()
        began = time.perf_counter()
        await verb()
        waits.append((time.perf_counter() - began) * 1000)
    return Cost(told, waits[1:], list(sent))


def document(filled: Filled, issues: int, found: Iterable[Cost]) -> Iterator[str]:
    """The lines of docs/performance.md."""
    numbers = {"issues": issues, "journals": issues * ENTRIES, "times": TIMES, "small": SMALL}
    told = {"now": datetime.now(UTC), "buffer": mariadb.BUFFER, "load": os.getloadavg()[0], **numbers}
    yield HEAD.format(**told)
    kept = list(found)
    for it in kept:
        yield f"| {it.told} | {median(it.waits):.1f} | {min(it.waits):.1f} | {len(it.queries)} |"
    engine = sa.create_engine(url_of(filled.redmine.mysql_writer))
    explained: set[str] = set()
    with engine.connect() as db:
        for it in kept:
            yield f"\n## {it.told[0].upper()}{it.told[1:]}"
            for query in it.queries:
                if query.text not in explained:
                    explained.add(query.text)
                    yield from _explained(db, query)
    engine.dispose()


def _explained(db: sa.Connection, query: Asked) -> Iterator[str]:
    yield f"\n```sql\n{query.text}\n```\n\n| table | type | key | rows | extra |\n|---|---|---|---|---|"
    for step in db.exec_driver_sql(f"EXPLAIN {query.text}", query.values).mappings():
        cells = (step["table"], step["type"], step["key"], step["rows"], step["Extra"])
        whole = step["type"] in ("ALL", "index") and int(step["rows"] or 0) > SMALL
        yield "| " + " | ".join(str(cell or "") for cell in cells) + (" **whole**" if whole else "") + " |"


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.large", description=__doc__)
    reader.add_argument("--issues", type=int, default=200_000)
    issues = reader.parse_args().issues
    # to see by how much something takes too long
    connection.READ_SECONDS, connection.LIMITS = 60, ("SET SESSION max_statement_time = 55",) * 2
    mariadb.BUFFER = "512M"
    if reason := why_not_here():
        sys.exit(f"bench.large: {reason}")
    with running_many(issues) as filled:
        lines = list(document(filled, issues, asyncio.run(costs(filled))))
    DOCUMENT.write_text("\n".join(lines) + "\n", "utf-8")
