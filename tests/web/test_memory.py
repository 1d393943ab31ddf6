"""A file is never whole in memory, on its way in as on its way out: measured in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Helpdesk
from tests.servers.redmine import Redmine
from tests.transfers import MEGABYTE, running_for_files, there_and_back
from tests.world import PASSWORDS

SIZE = 60 * MEGABYTE


@pytest.fixture(params=["embedded", pytest.param("redmine", marks=pytest.mark.xdist_group("redmine pages"))])
def helpdesk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Helpdesk, str]]:
    """One that takes large files, and irina's password there."""
    redmine: Redmine | None = request.getfixturevalue("redmine") if request.param == "redmine" else None
    with running_for_files(tmp_path, "100 MB", redmine) as running:
        yield running, redmine.passwords["irina"] if redmine else PASSWORDS["irina"]


def test_a_large_file_goes_in_and_out_without_ever_being_held_whole(
    helpdesk: tuple[Helpdesk, str], tmp_path: Path
) -> None:
    for passage in there_and_back(*helpdesk, tmp_path, SIZE):
        assert passage.grown < SIZE / 2
