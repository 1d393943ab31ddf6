"""The same job over a real Redmine, whose own history must name the person."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from e2e import steps
from tests.running import Helpdesk, database_of, running_over_redmine
from tests.servers.redmine import Redmine
from tests.tasks.worlds import RedmineWorld

pytestmark = pytest.mark.xdist_group("redmine pages")

PLAN: FilePayload = {"name": "План «А» этажа.txt", "mimeType": "text/plain", "buffer": "кабинеты".encode()}


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
    steps.answer_and(page, "Беру, поднимусь к вам через час.", "В работе")
    expect(steps.fact(page, "status")).to_have_text("В работе")
    expect(steps.entries(page).last).to_contain_text("Беру, поднимусь к вам через час.")
    assert steps.is_marked(page) is javascript

    last = journals(world, number)[-1]
    assert last["user"]["id"] == world.redmine.user_ids["anna"]
    assert last["notes"] == "Беру, поднимусь к вам через час."
    new, working = (str(world.status(name)) for name in ("new", "in_progress"))
    assert last["details"] == [{"property": "attr", "name": "status_id", "old_value": new, "new_value": working}]


def test_a_new_task_with_a_file_is_redmines_own_afterwards(page: Page, world: RedmineWorld, javascript: bool) -> None:
    steps.come_in(page, "irina", world.redmine.passwords["irina"])
    page.goto("/tasks/new")
    page.get_by_label("Проект").select_option(label="Служба поддержки")
    if not javascript:
        page.get_by_role("button", name="Показать форму для них").click()
    page.get_by_label("Тема").fill("Мигает лампа")
    page.get_by_label("Кабинет").fill("214")
    page.get_by_label("Файлы").set_input_files([PLAN])
    page.get_by_role("button", name="Создать задачу").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Мигает лампа")
    expect(page.locator(".task-attachments a")).to_have_text(PLAN["name"])

    issue = kept(world, int(page.url.rpartition("/")[2]))
    assert (issue["subject"], issue["author"]["id"]) == ("Мигает лампа", world.redmine.user_ids["irina"])
    assert [file["filename"] for file in issue["attachments"]] == [PLAN["name"]]
    assert "214" in {field["value"] for field in issue["custom_fields"]}


def test_a_detail_a_field_and_a_file_are_redmines_own_afterwards(page: Page, world: RedmineWorld) -> None:
    number = world.new_task("Стул шатается")
    steps.come_in(page, "anna", world.redmine.passwords["anna"])
    steps.open_task(page, number)
    page.get_by_role("link", name="Изменить", exact=True).click()
    page.get_by_label("Срок").fill("2027-01-11")
    page.get_by_label("Кабинет").fill("214")
    page.get_by_label("Способ связи").select_option(label="Почта")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Стул шатается")
    expect(steps.entries(page).last).to_contain_text("Кабинет: 214")

    steps.comment_form(page).locator("input[type=file]").set_input_files([PLAN])
    steps.press_comment(page)
    expect(steps.entries(page).last).to_contain_text(PLAN["name"])
    with page.expect_download() as fetched:
        page.locator(".task-attachments a").click()
    assert Path(fetched.value.path()).read_bytes() == PLAN["buffer"]
    assert fetched.value.suggested_filename == PLAN["name"]

    issue = kept(world, number)
    fields = {field["id"]: field["value"] for field in issue["custom_fields"]}
    assert (issue["due_date"], fields[world.custom_field("Кабинет")]) == ("2027-01-11", "214")
    assert fields[world.custom_field("Способ связи")] == "Почта"
    (file,) = issue["attachments"]
    assert (file["filename"], file["author"]["id"]) == (PLAN["name"], world.redmine.user_ids["anna"])


class TestReadFromItsDatabase:
    """What somebody does in Redmine itself comes by itself."""

    @pytest.fixture
    def site(self, redmine: Redmine, tmp_path: Path) -> Iterator[str]:
        with running_over_redmine(tmp_path, redmine, **database_of(redmine)) as helpdesk:
            yield helpdesk.url

    @pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
    def test_a_change_in_redmine_is_seen_at_once(self, page: Page, world: RedmineWorld) -> None:
        number = world.new_task("Лампа гудит", assignee="anna")
        steps.come_in(page, "anna", world.redmine.passwords["anna"])
        steps.open_task(page, number)
        expect(page.locator("#fresh")).to_have_text("на связи")
        world.put(number, {"notes": "Заменил дроссель."}, "boris")
        page.locator(".happened").get_by_role("link", name="Показать").click()
        expect(steps.entries(page).last).to_contain_text("Заменил дроссель.")
        page.locator(".bell").click()
        expect(page.locator("#widget")).to_contain_text("Заменил дроссель.")


def journals(world: RedmineWorld, number: int) -> list[dict[str, Any]]:
    """What Redmine itself remembers."""
    found: list[dict[str, Any]] = kept(world, number)["journals"]
    return found


def kept(world: RedmineWorld, number: int) -> dict[str, Any]:
    """A task as Redmine itself tells it."""
    answer = world.http.get(f"/issues/{number}.json", params={"include": "journals,attachments"}).raise_for_status()
    issue: dict[str, Any] = answer.json()["issue"]
    return issue
