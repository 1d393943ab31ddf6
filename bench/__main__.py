"""`make bench`: measure a private demo and tell, on the screen and in bench/RESULTS.md. `--long` for steadier numbers.

Nothing is compared with Redmine here: that needs the same 20,000 issues there.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.many import seeded
from bench.paint import visits
from bench.rates import rate
from e2e import steps
from e2e.conftest import ARGUMENTS, CHROMIUM
from tests.running import running_demo

RESULTS = Path(__file__).parent / "RESULTS.md"
LIST = "/tasks/my-tasks"
VERSIONS = ("starlette", "uvicorn", "jinja2", "sqlalchemy", "starlette-compress", "brotli")


def main() -> None:
    reader = argparse.ArgumentParser(prog="bench", description=__doc__)
    reader.add_argument("--tasks", type=int, default=20_000)
    reader.add_argument("--long", action="store_true", help="five times as long")
    asked = reader.parse_args()
    lines = []
    for line in report(asked.tasks, 5 if asked.long else 1):
        print(line, flush=True)
        lines.append(line)
    RESULTS.write_text("\n".join(lines) + "\n", "utf-8")


def report(tasks: int, times: int) -> Iterator[str]:
    """The lines of RESULTS.md, each as soon as it is known."""
    yield from _circumstances(tasks)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "seeded").mkdir()
        (folder / "run").mkdir()
        with running_demo(folder / "run", seeded(folder / "seeded", tasks)) as helpdesk:
            with closing(steps.program(helpdesk.url, "anna")) as client:
                cookie = client.cookies["session"]
                with_history = [it["id"] for it in steps.tasks(client, sort="id", order="asc")["tasks"]]
                task = max(with_history, key=lambda number: len(steps.history(client, number)))
                entries = len(steps.history(client, task))
            pages = {LIST: "my-tasks, 25 rows", f"/tasks/{task}": f"a task with {entries} entries"}
            yield from _rates(helpdesk.url, cookie, pages, times)
            yield from _paints(helpdesk.url, f"/tasks/{task}", 5 * times)
    yield f"\nLoad average at the end: {os.getloadavg()[0]:.1f}."


def _circumstances(tasks: int) -> Iterator[str]:
    yield "# What `make bench` measured\n"
    yield f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores, {platform.system()},"
    yield f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in VERSIONS) + "."
    yield f"Embedded tracker, SQLite, {tasks} tasks, one process. The client runs on the same machine."
    yield f"Load average at the start: {os.getloadavg()[0]:.1f}; what else ran there slowed this down.\n"


def _rates(url: str, cookie: str, pages: dict[str, str], times: int) -> Iterator[str]:
    yield "| page, compressed | parallel | requests/s (least to most of 3 rounds) | p50 ms | p95 ms |"
    yield "|---|---|---|---|---|"
    for path, told in pages.items():
        for parallel in (1, 8):
            it = rate(url, path, cookie, parallel, 1.5 * times, 3)
            spread = f"{it.per_second:.0f} ({it.least:.0f} to {it.most:.0f})"
            yield f"| {told} | {parallel} | {spread} | {it.p50:.1f} | {it.p95:.1f} |"


def _paints(url: str, task: str, runs: int) -> Iterator[str]:
    yield f"\nFirst contentful paint at 256 kbit/s and 400 ms, {runs} runs, one more not counted:\n"
    yield "| page | median s (least to most) | bytes | goal s |"
    yield "|---|---|---|---|"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        visits(browser, url, LIST, task, 1)
        cold, warm = visits(browser, url, LIST, task, runs)
        browser.close()
    for told, it, goal in (("my-tasks, empty cache", cold, "2.0"), ("then a task", warm, "1.0")):
        yield f"| {told} | {it.seconds:.2f} ({it.least:.2f} to {it.most:.2f}) | {it.size} | {goal} |"


if __name__ == "__main__":
    if not CHROMIUM.exists():
        sys.exit("bench: no Chromium: run scripts/install-test-services")
    main()
