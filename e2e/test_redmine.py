"""The same job over a real Redmine, whose own history must name the person."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from tests.running import Helpdesk
from tests.servers.redmine import Redmine
from tests.tasks.worlds import RedmineWorld

pytestmark = pytest.mark.xdist_group("redmine")


@pytest.fixture
def site(over_redmine: Helpdesk) -> str:
    return over_redmine.url


@pytest.fixture
def world(redmine: Redmine) -> Iterator[RedmineWorld]:
    world = RedmineWorld(redmine)
    with closing(world.http):
        yield world


def test_a_status_that_anna_changes_is_hers_in_the_history_of_redmine(
    page: Page, world: RedmineWorld, javascript: bool
) -> None:
    number = world.new_task("Сканер гудит и не сканирует", description="С утра, *каждый* раз.")
    page.goto("/tasks/my-tasks")
    steps.sign_in(page, "anna", world.redmine.passwords["anna"])
    steps.search(page, f"#{number}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Сканер гудит и не сканирует")
    expect(page.get_by_role("region", name="Описание").locator("strong")).to_have_text("каждый")
    steps.mark(page)
    steps.change(page, "status", "В работе", "Беру, поднимусь к вам через час.")
    expect(steps.fact(page, "status")).to_have_text("В работе")
    expect(steps.entries(page).last).to_contain_text("Беру, поднимусь к вам через час.")
    assert steps.is_marked(page) is javascript

    last = journals(world, number)[-1]
    assert last["user"]["id"] == world.redmine.user_ids["anna"]
    assert last["notes"] == "Беру, поднимусь к вам через час."
    new, working = (str(world.status(name)) for name in ("new", "in_progress"))
    assert last["details"] == [{"property": "attr", "name": "status_id", "old_value": new, "new_value": working}]


def journals(world: RedmineWorld, number: int) -> list[dict[str, Any]]:
    """What Redmine itself remembers."""
    answer = world.http.get(f"/issues/{number}.json", params={"include": "journals"}).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["issue"]["journals"]
    return found
