"""What every run of the tests has: less work for the garbage collector, and where the time went."""

import gc
from collections import Counter

import pytest


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking at what was collected: it stays to the end."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seconds of each part: those of all workers together."""
    parts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                parts[part_of(report.nodeid)] += report.duration
    if sum(parts.values()) > 60:
        terminalreporter.section("seconds of each part, all workers together")
        for part, seconds in parts.most_common():
            terminalreporter.write_line(f"{seconds:7.1f} {part}")


def part_of(nodeid: str) -> str:
    """Return the folder of a test, two names deep."""
    folders = nodeid.partition("::")[0].split("/")[:-1]
    return "/".join(folders[:2])
