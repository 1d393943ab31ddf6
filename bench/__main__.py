"""`make bench`: our pages beside a real Redmine's own, on the screen and in bench/RESULTS.md. `--long` for steadier
numbers. Where no Redmine can be started, only ours are measured."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench import access, board, report
from bench.board import Board, Move
from bench.changes import by_redmine, by_us, on_our_page, on_redmines_page, waits
from bench.many import seeded
from bench.paint import visits
from bench.rates import rates
from bench.redmine import Filled, running_many
from bench.sides import Side, ours, redmines_own
from e2e.conftest import ARGUMENTS, CHROMIUM
from tests.running import database_of, running_demo, running_over_redmine
from tests.servers.redmine import why_not_here

IN_WORK, ASKED_BACK = 2, 3  # the demo's statuses
TWICE = "two processes"
OVER_REDMINE = {
    "over-rest": ("helpdesk over REST", False, 1),
    "over-sql": ("helpdesk over SQL", True, 1),
    "over-sql-twice": (f"{TWICE} over SQL", True, 2),
}
CHANGES = 20  # an even number leaves the tasks asked back

Shown = tuple[Side, str]


def main() -> None:
    reader = argparse.ArgumentParser(prog="bench", description=__doc__)
    reader.add_argument("--tasks", type=int, default=20_000)
    reader.add_argument("--long", action="store_true", help="five times as long")
    asked = reader.parse_args()
    with ExitStack() as running:
        report.write(_lines(running, asked.tasks, 5 if asked.long else 1))


def _lines(running: ExitStack, tasks: int, times: int) -> Iterator[str]:
    yield from report.circumstances(tasks)
    folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
    for name in ("seeded", "demo", *OVER_REDMINE):
        (folder / name).mkdir()
    many = seeded(folder / "seeded", tasks)
    demo = running.enter_context(running_demo(folder / "demo", many.folder))
    embedded = ours("helpdesk, embedded", demo, "demo", many.task, many.change)
    sides, changes = [embedded], {embedded.told: by_us(embedded, (ASKED_BACK, IN_WORK))}
    shown: list[Shown] = []
    if reason := why_not_here():
        yield f"No real Redmine: {reason}.\n"
    else:
        filled = running.enter_context(running_many(tasks))
        spread = board.spread(filled)
        statuses = filled.redmine.statuses["Нужен отклик"], filled.redmine.statuses["В работе"]
        over = list(_over_redmine(running, folder, filled))
        sides = [redmines_own("Redmine's own", filled), *over, embedded]
        theirs, by_sql = sides[0], over[1]
        move = board.by_htmx(by_sql, spread, statuses)
        changes = {
            theirs.told: by_redmine(filled, statuses),
            **{side.told: by_us(side, statuses) for side in over[:2]},
            f"{by_sql.told}, a card on the board": move,
            **changes,
        }
        # Not over REST, where eight boards at once are more questions than this Redmine answers in time.
        shown = [(theirs, spread.redmines), *((side, spread.ours) for side in over[1:]), (embedded, board.EVERYBODYS)]
    yield from _speed(sides, times)
    yield from report.changes(list(changes), waits(list(changes.values()), CHANGES * times))
    (folder / "access").mkdir()
    yield from access.lines(folder / "access", times)
    if shown:
        yield from _board(spread, shown, move, times)
    sides = [side for side in sides if not side.told.startswith(TWICE)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield from _line(browser, sides, times)
        browser.close()
    yield report.load("at the end")


def _over_redmine(running: ExitStack, folder: Path, filled: Filled) -> Iterator[Side]:
    """The helpdesk over that Redmine in each way."""
    password = filled.redmine.passwords["anna"]
    for (name, (told, by_sql, workers)), change in zip(
        OVER_REDMINE.items(), (filled.change_over_rest, filled.change_over_sql, 0), strict=True
    ):
        settings = database_of(filled.redmine) if by_sql else {}
        start = running_over_redmine(folder / name, filled.redmine, workers=workers, **settings)
        yield ours(told, running.enter_context(start), password, filled.issue, change)


def _speed(sides: list[Side], times: int) -> Iterator[str]:
    yield from report.speed_head()
    for told, pages in (
        ("my tasks, 25 rows", [(side, side.list) for side in sides]),
        ("a task with 10 entries", [(side, side.task) for side in sides]),
        ("that task as JSON", [(side, side.json) for side in sides]),
    ):
        for parallel in (1, 8):
            found = rates(pages, parallel, 2.0 * times, 3)
            yield from report.speed(told, parallel, [side.told for side in sides], found)


def _board(spread: Board, shown: list[Shown], move: Move, times: int) -> Iterator[str]:
    """Redmine's own list comes first in `shown`, the board over SQL second."""
    names = [side.told for side, _ in shown]
    (rows, theirs), (cards, ours) = board.weighed(*shown[0]), board.weighed(*shown[1])
    yield from report.board_head(spread.tasks, board.STATUSES, rows)
    for parallel in (1, 8):
        found = rates(shown, parallel, 4.0 * times, 3)
        yield from report.speed(f"the board, {cards} cards", parallel, names, found)
    moved = max(board.size(move(which)) for which in (1, 0))  # the task was asked back last
    yield from report.weights(board.weights(theirs, ours, round(found[1].p95), moved))


def _line(browser: Browser, sides: list[Side], times: int) -> Iterator[str]:
    yield from report.line_head()
    for side in sides:
        theirs = side.cookie == "Redmine"
        for told, seen in visits(browser, side, times if theirs else 5 * times).items():
            yield report.visit(told, side.told, seen)
        exchange = on_redmines_page if theirs else on_our_page
        size, requests = exchange(browser, side, "В работе")
        yield report.exchange("a change of status", side.told, size, requests)


if __name__ == "__main__":
    if not CHROMIUM.exists():
        sys.exit("bench: no Chromium: run scripts/install-test-services")
    main()
