"""How much memory a helpdesk takes while a large file goes in and out: `python -m bench.files [--megabytes 100]`."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.servers.redmine import Redmine, running_redmine, why_not_here
from tests.transfers import MEGABYTE, running_for_files, there_and_back
from tests.world import PASSWORDS


def lines(running: ExitStack, megabytes: int) -> Iterator[str]:
    """A table: by how much the process grows at its highest, and the seconds from the first byte to the answer."""
    yield f"\nA file of {megabytes} MB through one process:\n"
    yield "| tracker | in: grows by MB | seconds | out: grows by MB | seconds |"
    yield "|---|---|---|---|---|"
    yield _line(running, "embedded", megabytes, PASSWORDS["irina"])
    if reason := why_not_here():
        yield f"\nNo real Redmine: {reason}."
        return
    folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="helpdesk-bench-")))
    folder.chmod(0o711)
    redmine = running.enter_context(running_redmine(folder))
    yield _line(running, "Redmine over REST", megabytes, redmine.passwords["irina"], redmine)


def _line(running: ExitStack, tracker: str, megabytes: int, password: str, redmine: Redmine | None = None) -> str:
    folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
    helpdesk = running.enter_context(running_for_files(folder, f"{megabytes + 1} MB", redmine))
    ways = there_and_back(helpdesk, password, folder, megabytes * MEGABYTE)
    told = (f"{way.grown / MEGABYTE:.1f} | {way.seconds:.1f}" for way in ways)
    return f"| {tracker} | {' | '.join(told)} |"


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.files", description=__doc__)
    reader.add_argument("--megabytes", type=int, default=100)
    with ExitStack() as running:
        for line in lines(running, reader.parse_args().megabytes):
            print(line, flush=True)
