"""The cost of a poll of the feed at a million journals: `python -m bench.feed` fills a real MariaDB and writes
docs/feed.md anew. Only root can start that Redmine."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bench.many import ENTRIES
from bench.redmine import Filled, running_many
from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.feed import FeedPage
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.feed import FallbackFeed, RestFeed, SqlFeed
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.source import Source
from tests.servers import mariadb
from tests.servers.mariadb import url_of
from tests.servers.redmine import Redmine, why_not_here

DOCUMENT = Path(__file__).parent.parent / "docs" / "feed.md"
TIMES = 300
NEW = 10
MANY_PEOPLE = 10_000
HEAD = """\
# The cost of a poll of the feed

`python -m bench.feed` measured this on {now:%Y-%m-%d}: {issues:,} issues and {journals:,} journals in MariaDB with
{buffer} of memory; in process, one poll after another, {times} times each. A poll that finds something new needs
Redmine's rules, which are read once in five seconds for everybody. The machine's load average was {load:.1f}.

| what | people in Redmine | p50 ms | p95 ms | least ms | queries |
|---|---|---|---|---|---|"""
PEOPLE = f"""
INSERT INTO users (login, firstname, lastname, type, status, language, admin)
SELECT CONCAT('person', seq), 'Person', seq, 'User', 1, 'ru', 0 FROM seq_1_to_{MANY_PEOPLE}"""
NEWS = f"""
INSERT INTO journals (journalized_id, journalized_type, user_id, notes, created_on, private_notes)
SELECT :issue + seq, 'Issue', :anna, 'Changed', NOW(), 0 FROM seq_1_to_{NEW}"""
CHANGES = f"""
INSERT INTO journal_details (journal_id, property, prop_key, old_value, value)
SELECT id, 'attr', 'assigned_to_id', :anna, :boris FROM journals ORDER BY id DESC LIMIT {NEW}"""


class Cost(NamedTuple):
    """Milliseconds of each time, and how many queries the last one took."""

    told: str
    people: int
    waits: list[float]
    queries: int


async def costs(redmine: Redmine, issue: int) -> list[Cost]:
    client = RedmineClient(redmine.url, redmine.admin_key)
    database = RedmineDatabase(url_of(redmine.mysql), ZoneInfo(redmine.timezone))
    feed, sent = FallbackFeed(SqlFeed(Source(database, 3600.0)), RestFeed(client)), []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *told: sent.append(told[2]))
    writer = sa.create_engine(url_of(redmine.mysql_writer))

    def write(*statements: str) -> int:
        ids = {"issue": issue, "anna": redmine.user_ids["anna"], "boris": redmine.user_ids["boris"]}
        with writer.begin() as db:
            for statement in statements:
                db.execute(sa.text(statement), ids)
            return db.scalar(sa.text("SELECT COUNT(*) FROM users WHERE type = 'User'")) or 0

    async def cost(told: str, people: int, look: Callable[[], Awaitable[object]]) -> Cost:
        waits = []
        for _ in range(TIMES + 1):
            sent.clear()
            began = time.perf_counter()
            await look()
            waits.append((time.perf_counter() - began) * 1000)
        return Cost(told, people, waits[1:], len(sent))

    found = []
    for people in (write(), write(PEOPLE)):
        position = await feed.start()
        found.append(await cost("a poll with nothing new", people, lambda at=position: feed.read(at)))
    position, everybody = await feed.start(), write(NEWS, CHANGES)
    found.append(await cost(f"a poll with {NEW} events", everybody, lambda: feed.read(position)))
    told: FeedPage = await feed.read(position)
    assert len(told.events) == NEW
    actors = [Actor(redmine.user_ids[login], login) for login in ("anna", "boris", "irina", "stranger", "admin")]
    found.append(await cost("which of 5 see an event", everybody, lambda: feed.visible_to(told.events[0], actors)))
    writer.dispose()
    database.close()
    await client.close()
    return found


def document(filled: Filled, issues: int, journals: int) -> Iterator[str]:
    found = asyncio.run(costs(filled.redmine, filled.issue))
    told = {"now": datetime.now(UTC), "buffer": mariadb.BUFFER, "load": os.getloadavg()[0], "times": TIMES}
    yield HEAD.format(issues=issues, journals=journals, **told)
    for it in found:
        half, late, least = median(it.waits), quantiles(it.waits, n=20)[-1], min(it.waits)
        yield f"| {it.told} | {it.people:,} | {half:.1f} | {late:.1f} | {least:.1f} | {it.queries} |"


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.feed", description=__doc__)
    reader.add_argument("--journals", type=int, default=1_000_000)
    issues = -(-reader.parse_args().journals // ENTRIES)
    mariadb.BUFFER = "512M"
    if reason := why_not_here():
        sys.exit(f"bench.feed: {reason}")
    with running_many(issues) as filled:
        lines = list(document(filled, issues, issues * ENTRIES))
    print("\n".join(lines))
    DOCUMENT.write_text("\n".join(lines) + "\n", "utf-8")
