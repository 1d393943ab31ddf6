"""What was measured as lines of Markdown, told as soon as they are known and kept in bench/RESULTS.md."""

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from bench.changes import Waits
from bench.paint import Seen
from bench.rates import Rate
from tests.servers.redmine_instance import packages

RESULTS = Path(__file__).parent / "RESULTS.md"
VERSIONS = ("starlette", "uvicorn", "jinja2", "sqlalchemy", "pymysql", "starlette-compress", "brotli")
CIRCUMSTANCES = """\
{tasks} tasks each, 3 entries a task; she who asks has 700 open ones. The client and all sides run on the same machine.
Redmine is Puma with 2 workers of 3 threads, and a MariaDB. The helpdesk is one process where not two are named;
embedded it keeps its tasks in SQLite. Over REST it reads and writes that same Redmine; over SQL it reads that MariaDB
and writes over REST. Rounds take turns.
"""


class Weight(NamedTuple):
    """Bytes, or milliseconds where `what` says so, and how many they are to be at most."""

    what: str
    measured: int
    goal: int | None = None


def write(lines: Iterable[str]) -> None:
    kept = []
    for line in lines:
        print(line, flush=True)
        kept.append(line)
    RESULTS.write_text("\n".join(kept) + "\n", "utf-8")


def circumstances(tasks: int) -> Iterator[str]:
    yield "# What `make bench` measured\n"
    yield f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores, {platform.system()},"
    yield f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in VERSIONS) + ";"
    yield ", ".join(f"{name} {number}" for name, number in packages().items()) + ".\n"
    yield CIRCUMSTANCES.format(tasks=f"{tasks:,}")
    yield load("at the start")


def load(when: str) -> str:
    return f"\nLoad average {when}: {os.getloadavg()[0]:.1f}; what else ran there slowed this down."


def speed_head() -> Iterator[str]:
    yield "\n## Speed\n"
    yield from _speed_columns()


def _speed_columns() -> Iterator[str]:
    yield "| page | parallel | whose | requests/s (least to most of 3 rounds) | p50 ms | p95 ms | × the first | p50 |"
    yield "|---|---|---|---|---|---|---|---|"


def speed(page: str, parallel: int, sides: Sequence[str], found: Sequence[Rate]) -> Iterator[str]:
    for side, it in zip(sides, found, strict=True):
        spread = f"{it.per_second:.1f} ({it.least:.1f} to {it.most:.1f})"
        times_more = f"{it.per_second / found[0].per_second:.1f} ×"
        part = f"1/{found[0].p50 / it.p50:.1f}"
        yield f"| {page} | {parallel} | {side} | {spread} | {it.p50:.1f} | {it.p95:.1f} | {times_more} | {part} |"


def changes(sides: Sequence[str], found: Sequence[Waits]) -> Iterator[str]:
    yield "\n## A change of status, one after another\n"
    yield "Redmine's own is a program's PUT, with nothing read before or after; ours answers with parts of the page.\n"
    yield "| by whom | p50 ms | least ms | p95 ms | to the first |"
    yield "|---|---|---|---|---|"
    for side, it in zip(sides, found, strict=True):
        yield f"| {side} | {it.p50:.0f} | {it.least:.0f} | {it.p95:.0f} | {it.p50 / found[0].p50:.1f} × |"


def board_head(tasks: int, statuses: int, rows: int) -> Iterator[str]:
    yield "\n## The board\n"
    yield f"{tasks:,} tasks of a project in {statuses} statuses, 25 cards of each. Redmine's own is its list of those"
    yield f"tasks with {rows} rows, which it was set up for: of itself it shows 100. Embedded it is all tasks.\n"
    yield from _speed_columns()


def weights(told: Iterable[Weight]) -> Iterator[str]:
    yield "\nWith headers, except for files; by Brotli unless gzip is named. 1 KB is 1,024 bytes.\n"
    yield "| what | measured | goal | |"
    yield "|---|---|---|---|"
    for it in told:
        reached = "" if it.goal is None else "reached" if it.measured <= it.goal else "**missed**"
        yield f"| {it.what} | {it.measured:,} | {'' if it.goal is None else f'{it.goal:,}'} | {reached} |"


def line_head() -> Iterator[str]:
    yield "\n## On a line of 256 kbit/s and 400 ms\n"
    yield "By Chromium's own count, headers included. Redmine compresses nothing by itself.\n"
    yield "| page | whose | requests | bytes | first contentful paint s (least to most) |"
    yield "|---|---|---|---|---|"


def visit(page: str, side: str, it: Seen) -> str:
    paint = f"{it.seconds:.2f} ({it.least:.2f} to {it.most:.2f})"
    return f"| {page} | {side} | {it.requests} | {it.size:,} | {paint} |"


def exchange(what: str, side: str, size: int, requests: int) -> str:
    return f"| {what} | {side} | {requests} | {size:,} | |"
