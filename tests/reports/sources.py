"""The worlds whose backends can tell reports, and their sources of reports."""

import pytest

from helpdesk.reports.source import ReportSource
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.tasks.redmine.reports import RedmineReports
from tests.tasks.worlds import WORLDS, RedmineWorld, World

IN_ALL = [
    pytest.mark.usefixtures("nothing_is_set_up"),
    pytest.mark.parametrize(
        "world",
        [pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in WORLDS if it != "redmine"],
        indirect=True,
    ),
]
"""The marks of tests that run in each of these worlds."""


def reports(world: World) -> ReportSource:
    if isinstance(world, RedmineWorld):
        assert world.backend.source
        return RedmineReports(world.backend.source)
    return EmbeddedReports(world.database)
