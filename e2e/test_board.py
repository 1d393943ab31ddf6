"""The board: a card goes where the workflow lets it, in every way that people have; a refusal puts it back."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from playwright.sync_api import Page, expect

from e2e import boards, steps
from e2e.boards import WAYS, Keys, Move
from e2e.watching import Announced
from tests.running import Helpdesk, database_of, running_demo, running_over_redmine
from tests.servers.process import end, free_port
from tests.servers.redmine import Redmine
from tests.tasks.worlds import RedmineWorld

BOARD = "/tasks/board"
HTMX_SAYS = "htmx: htmx:error: Failed to fetch TypeError: Failed to fetch"
WITH_SCRIPTS = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
ON_REDMINE = pytest.mark.xdist_group("redmine pages")
# What is no gesture's matter is the same in each; over Redmine the mouse stands for all.
WAYS_AND_WORLDS = [*((way, "demo") for way in WAYS), pytest.param("mouse", "Redmine", marks=ON_REDMINE)]
ENDING_IT = pytest.mark.parametrize("world", ["own process"], indirect=True)
WITHOUT = pytest.mark.parametrize("javascript", [False], ids=["without JavaScript"], indirect=True)


class World(NamedTuple):
    """A helpdesk over some tracker, how it is begun again at its place, its people, and something to move on anna's
    board."""

    helpdesk: Helpdesk
    again: Callable[[], AbstractContextManager[Helpdesk]]
    anna: httpx.Client
    boris: httpx.Client
    passwords: dict[str, str]
    move: Move

    def come_in(self, page: Page, login: str = "anna") -> None:
        steps.come_in(page, login, self.passwords[login])
        page.goto(BOARD + "?assigned_to_id=any" if login != "anna" else BOARD)
        expect(page.locator("#board")).to_be_visible()


@pytest.fixture(params=["demo"])
def world(request: pytest.FixtureRequest, tmp_path: Path, seeded: Path) -> Iterator[World]:
    """The demo of all journeys, a demo with a process of its own for journeys that end it, or one over Redmine."""
    port = free_port()
    if request.param != "Redmine":
        passwords, own = {"anna": "demo", "boris": "demo"}, None
        begin = partial(running_demo, tmp_path, seeded, port)
        if request.param == "demo":
            begin = partial(nullcontext, request.getfixturevalue("demo"))
    else:
        redmine: Redmine = request.getfixturevalue("redmine")
        passwords, own = dict(redmine.passwords), RedmineWorld(redmine)
        begin = partial(running_over_redmine, tmp_path, redmine, port=port, **database_of(redmine))
    with begin() as helpdesk, ExitStack() as closed:
        anna, boris = (
            closed.enter_context(closing(steps.program(helpdesk.url, login, passwords[login])))
            for login in ("anna", "boris")
        )
        if own:
            closed.enter_context(closing(own.http))
            own.new_task("Сканер гудит", assignee="anna", status="in_progress")
        listed = [it["id"] for it in steps.tasks(anna, status="В работе")["tasks"]]
        yield World(helpdesk, begin, anna, boris, passwords, boards.some_move(anna, listed))


@pytest.fixture
def site(world: World) -> str:
    return world.helpdesk.url


@WITH_SCRIPTS
@pytest.mark.parametrize(("way", "world"), WAYS_AND_WORLDS, indirect=["world"])
def test_a_card_goes_where_the_workflow_lets_it(page: Page, world: World, way: str, announced: Announced) -> None:
    announced.add(409)
    task, home, target, forbidden = world.move
    world.come_in(page)
    there = boards.total(page, target)
    steps.mark(page)

    if way != "keys":  # which know no forbidden column
        with WAYS[way]().holding(page, task, forbidden):
            pass
        expect(steps.toast(page, "Рабочий процесс не пускает туда эту задачу.")).to_be_visible()
        boards.stands_in(page, task, home)
        assert boards.status_of(world.anna, task) == home

    with WAYS[way]().holding(page, task, target):
        boards.there_and_back(world.boris, world.move)
    fault = boards.card(page, task).get_by_role("alert")
    expect(fault).to_contain_text("Борис")
    boards.stands_in(page, task, home)
    assert boards.status_of(world.anna, task) == home
    expect(boards.card(page, task).locator(".subject")).to_be_focused()
    with page.expect_response(lambda answer: "/tasks/board/cards" in answer.url):
        page.keyboard.press("Escape")
    expect(fault).to_have_count(0)

    with WAYS[way]().holding(page, task, target):
        pass
    expect(steps.toast(page, "Перемещено")).to_be_visible()
    boards.stands_in(page, task, target)
    assert (boards.status_of(world.anna, task), boards.total(page, target)) == (target, there + 1)
    boards.numbers_agree(page)
    expect(boards.card(page, task).locator(".subject")).to_be_focused()
    assert steps.is_marked(page)


@WITH_SCRIPTS
@ENDING_IT
@pytest.mark.parametrize("way", WAYS)
def test_a_card_goes_back_when_nobody_answers(page: Page, world: World, way: str, announced: Announced) -> None:
    announced.update({"net::ERR_CONNECTION_REFUSED", HTMX_SAYS})
    world.come_in(page)
    with WAYS[way]().holding(page, world.move.task, world.move.target):
        end(world.helpdesk.process)
    expect(steps.toast(page, "Возможно, ничего не сохранено.")).to_be_visible()
    boards.stands_in(page, world.move.task, world.move.home)
    expect(page.locator("#spoken")).to_have_text("Возвращено на место.")


@WITHOUT
def test_without_scripts_a_page_offers_where_a_card_may_go(page: Page, world: World, announced: Announced) -> None:
    announced.add(409)
    task, home, target, forbidden = world.move
    world.come_in(page)
    tray = boards.open_tray(page, task)
    assert [tray.locator(f"button[value='{status}']").count() for status in (target, forbidden)] == [1, 0]
    boards.there_and_back(world.boris, world.move)
    tray.locator(f"button[value='{target}']").click()
    expect(page.get_by_role("alert")).to_contain_text("Борис")
    assert boards.status_of(world.anna, task) == home
    page.locator(f".tray button[value='{target}']").click()
    expect(page).to_have_url(f"{world.helpdesk.url}{BOARD}")
    boards.stands_in(page, task, target)


@WITHOUT
@ENDING_IT
def test_without_scripts_a_form_outlives_a_server_that_is_down(page: Page, world: World) -> None:
    task, home, target, _ = world.move
    world.come_in(page)
    boards.open_tray(page, task)
    button = page.locator(f".tray button[value='{target}']")
    end(world.helpdesk.process)
    button.click()
    expect(button).to_have_count(0)  # the browser's own page has come
    with world.again():
        page.go_back()
        assert boards.status_of(world.anna, task) == home
        button.click()
        boards.stands_in(page, task, target)


@WITH_SCRIPTS
@pytest.mark.parametrize("world", ["demo", pytest.param("Redmine", marks=ON_REDMINE)], indirect=True)
def test_a_card_moved_by_others_moves_here(page: Page, world: World) -> None:
    task, _, target, _ = world.move
    world.come_in(page)
    expect(page.locator("#fresh")).to_have_text("на связи")
    other = page.context.browser.new_context(base_url=world.helpdesk.url, locale="ru-RU")  # type: ignore[union-attr]  # it has one
    with closing(other):
        his = other.new_page()
        world.come_in(his, "boris")
        expect(his.locator("#fresh")).to_have_text("на связи")
        steps.mark(page)
        with Keys().holding(his, task, target):
            pass
        boards.stands_in(page, task, target)
        boards.stands_in(his, task, target)
        boards.numbers_agree(page)
        assert boards.status_of(world.anna, task) == target
        # One in use is not touched, and catches up when it is left.
        boards.open_tray(his, task).get_by_label("Комментарий", exact=True).fill("Пишу, пишу")
        button = boards.open_tray(page, task).locator(".move > button").first
        onward = int(button.get_attribute("value") or 0)
        button.click()
        boards.stands_in(page, task, onward)
        expect(his.locator(".bell [data-unread]")).to_have_text(re.compile(r"\d+"))
        boards.stands_in(his, task, target)
        expect(his.locator(".tray").get_by_label("Комментарий", exact=True)).to_have_value("Пишу, пишу")
        his.keyboard.press("Escape")
        boards.stands_in(his, task, onward)
        his.reload()
        expect(his.locator(".bell [data-unread]")).to_have_text(re.compile(r"\d+"))
        expect(boards.card(his, task).locator(".mark")).to_have_text("есть новое")
    assert steps.is_marked(page)
