"""Pages in the states that people bring them into: usable by everybody, valid, wide enough, with controls one sees."""

import pytest
from playwright.sync_api import Page

from e2e import steps
from e2e.conftest import AsProgram
from e2e.looking import Look
from e2e.states import PARTS, Part, Stage
from e2e.watching import Announced
from tests.running import Helpdesk

pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_states(
    page: Page, look: Look, announced: Announced, as_program: AsProgram, demo: Helpdesk, part: Part
) -> None:
    announced.update(part.refusals)
    anna, boris, admin = (as_program(login) for login in ("anna", "boris", "admin"))
    task, other = (it["id"] for it in steps.tasks(anna, status="В работе")["tasks"][:2])
    stage = Stage(page, anna, boris, admin, demo, task, other)
    steps.come_in(page, part.login)
    for name, reach in part.states.items():
        reach(stage)
        look(name)
