"""What every run of the tests has: files in memory, less work for the garbage collector, and where the time went."""

import gc
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3


def pytest_configure() -> None:
    """Put temporary files into memory where there is room: a fifth of the time went into waiting for the disk."""
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


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
