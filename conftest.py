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
OPT_IN = {"HELPDESK_ORACLE_TEST_DSN": "a real Oracle", "HELPDESK_FINESSE_TEST_URL": "a real Finesse"}
"""The systems that tests marked as `opt_in` need, by the variable that names each."""


def pytest_configure() -> None:
    """Put temporary files into memory where there is room: a fifth of the time went into waiting for the disk."""
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of outside systems that nobody has named; the summary lists them."""
    unnamed = [item for item in items if any(mark.args[0] not in os.environ for mark in item.iter_markers("opt_in"))]
    if unnamed:
        config.hook.pytest_deselected(items=unnamed)
        items[:] = [item for item in items if item not in unnamed]


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking at what was collected: it stays to the end."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was left out of a whole run, and the seconds of each part: those of all workers together."""
    if terminalreporter.config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        for variable, system in OPT_IN.items():
            if variable not in os.environ:
                terminalreporter.write_line(f"not run: tests with {system}, for want of {variable}")
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
