"""Pages in the states that people bring them into: usable by everybody, valid, wide enough, with controls one sees."""

import pytest
from playwright.sync_api import Page, expect

from e2e import controls, steps
from e2e.conftest import AsProgram
from e2e.looking import Look
from e2e.states import PARTS, PROJECT, Part, Stage
from e2e.watching import Announced
from tests.running import Helpdesk

pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_states(
    page: Page, look: Look, announced: Announced, as_program: AsProgram, demo: Helpdesk, part: Part
) -> None:
    announced.update(part.refusals)
    anna, boris, admin = (as_program(login) for login in ("anna", "boris", "admin"))
    task, other = (it["id"] for it in steps.tasks(anna, status="В работе", project_id=PROJECT)["tasks"][:2])
    stage = Stage(page, anna, boris, admin, demo, task, other)
    steps.come_in(page, part.login)
    for name, reach in part.states.items():
        reach(stage)
        look(name)


def test_nothing_vanishes_where_colours_are_forced(page: Page) -> None:
    """The browser takes away drawings and colours of grounds there: what only they say must be said otherwise."""
    steps.come_to(page, "anna", "/tasks")
    page.emulate_media(forced_colors="active")
    drawn = "(it) => getComputedStyle(it, '::before').backgroundImage"
    assert page.locator(".rank").first.evaluate(drawn) != "none"
    assert controls.faults(page) == []
    page.keyboard.press("Control+k")
    chosen = page.locator("#palette [aria-selected=true]")
    expect(chosen).to_have_css("outline-style", "solid")
    expect(chosen).not_to_have_css("outline-color", "rgba(0, 0, 0, 0)")
    expect(page.locator("#palette")).to_have_css("border-top-width", "1px")
