"""Find tasks, pages and commands by words; keys, and switching them off."""

import asyncio
import re
from pathlib import Path

import pytest

from helpdesk.errors import NotAllowed, Unavailable
from helpdesk.paths import folder
from helpdesk.services import Services
from helpdesk.web.core.services import path_maker
from helpdesk.web.people import colleagues
from helpdesk.web.routes import ROUTES
from helpdesk.web.search import views
from helpdesk.web.search.views import MOST_TASKS
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import NAMES, PEOPLE_IDS, EmbeddedWorld


def found(client: Client, words: str, **headers: str) -> dict[str, list[str]]:
    """Return the names of what a program finds."""
    answer = client.get("/search", params={"q": words}, headers=headers).json()
    return {"tasks": [it["subject"] for it in answer["tasks"]], "pages": [it["name"] for it in answer["pages"]]}


def test_tasks_are_found_by_words_and_by_their_number(anna: Client, embedded: EmbeddedWorld) -> None:
    number, _ = embedded.new_task("Принтер мигает"), embedded.new_task("Мышь")
    assert found(anna, "ПРИНТЕР")["tasks"] == found(anna, f"#{number}")["tasks"] == ["Принтер мигает"]
    assert found(anna, "ничего такого") == {"tasks": [], "pages": []}


def test_nobody_finds_a_task_that_is_not_for_them(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task("Принтер мигает")
    for words in ("принтер", str(number)):
        assert found(visit("stranger"), words)["tasks"] == []


def test_colleagues_are_found_by_name_and_login_and_lead_to_their_tasks(visit: Visit, number: int) -> None:
    for words in ("СМИРН", "анна см", "Ann"):
        people = visit("boris").get("/search", params={"q": words}).json()["people"]
        assert people == [{"id": PEOPLE_IDS["anna"], "name": NAMES["anna"], "login": "anna"}]
    page = visit("boris").get("/search?q=анна", headers=HTML).text
    (address,) = re.findall(r'href="(/tasks\?assigned_to_id=\d+)"', page)
    assert [it["id"] for it in visit("boris").get(address).json()["tasks"]] == [number]


@pytest.mark.parametrize("most", [0, 1])
def test_a_page_says_that_more_colleagues_have_the_words(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(views, "MOST_PEOPLE", most)
    page = visit("boris").get("/search?q=анна", headers=HTML).text
    assert page.count("?assigned_to_id=") == most and ("There may be more people" in page) is (most == 0)


def test_nobody_is_found_whom_one_may_not_know(visit: Visit) -> None:
    for login, words in (("stranger", "анна"), ("irina", "степан"), ("irina", "алла")):
        assert visit(login).get("/search", params={"q": words}).json()["people"] == []
    assert visit("anna").get("/search").json()["people"] == [], "without words nobody is"


def test_no_more_tasks_are_found_than_fit(anna: Client, embedded: EmbeddedWorld) -> None:
    for _ in range(MOST_TASKS + 1):
        embedded.new_task("Принтер")
    assert len(found(anna, "принтер")["tasks"]) == MOST_TASKS
    assert found(anna, "")["tasks"] == [], "without words the backend is not asked"


def test_pages_are_those_that_a_person_may_enter(visit: Visit) -> None:
    visit("anna").post("/views", data={"name": "Board of mine", "address": "/tasks"})
    assert found(visit("anna"), "board")["pages"] == ["Board", "Keyboard", "Board of mine"]
    assert found(visit("admin"), "board")["pages"] == ["Board", "Columns of the board", "Keyboard"]
    pages = visit("irina").get("/search", headers={"Accept-Language": "ru"}).json()["pages"]
    assert {"name": "Мои задачи", "address": "/tasks/my-tasks"} in pages
    assert {"name": "Начальная страница", "address": "/"} in pages
    assert pages[-1] == {"name": "Выйти", "address": "/users/logout"}


def test_without_scripts_it_is_a_page_with_a_form(anna: Client, number: int) -> None:
    page = anna.get("/search", params={"q": f"{number} <b>"}, headers=HTML).text
    assert '<form role="search"' in page and f'name="q" value="{number} &lt;b&gt;"' in page
    assert "Nothing found." in page
    page = anna.get("/search", params={"q": number}, headers=HTML).text
    assert f'href="/tasks/{number}"' in page and 'class="status' in page
    page = anna.get("/search", params={"q": "dark"}, headers=HTML).text
    assert '<button name="theme" value="dark">Dark colours</button>' in page


def test_htmx_gets_the_palette_and_then_results_alone(anna: Client) -> None:
    assert anna.get("/search", headers=HTMX).text.lstrip().startswith('<dialog class="palette" id="palette"')
    results = anna.get("/search?q=", headers=HTMX).text
    assert "<dialog" not in results and "Dark colours" in results


def test_pages_and_commands_are_found_while_the_tasks_cannot_be_asked(
    anna: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(services.backend, "tasks", fail)
    page = anna.get("/search?q=board", headers=HTMX)
    assert page.status_code == 200 and 'href="/tasks/board"' in page.text and Unavailable.default.text in page.text
    answer = anna.get("/search?q=board")
    assert (answer.status_code, answer.json()["success"]) == (503, False), "a program is not told that there are none"


@pytest.mark.parametrize("slow", [False, True])
def test_tasks_do_not_wait_for_people_who_cannot_be_read(
    anna: Client, services: Services, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    async def fail(*_: object) -> None:
        if not slow:
            raise Unavailable
        await asyncio.sleep(60)

    embedded.new_task("Анна просит стул")
    monkeypatch.setattr(services.backend, "colleagues", fail)
    monkeypatch.setattr(colleagues, "WAIT_SECONDS", 0.01)
    answer = anna.get("/search?q=анна").json()
    assert [it["subject"] for it in answer["tasks"]] == ["Анна просит стул"] and answer["people"] == []


def test_somebody_whom_the_task_system_does_not_know_finds_pages(
    visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def identify(_: object) -> None:
        raise NotAllowed

    monkeypatch.setitem(vars(services), "identify", identify)
    anna = visit("anna")
    for headers in (HTMX, HTML):
        page = anna.get("/search?q=my+requests", headers=headers)
        assert page.status_code == 200 and 'href="/requests"' in page.text
    assert anna.get("/search?q=board").status_code == 403


def test_the_width_of_the_menu_is_no_command_on_the_board_where_it_is_fixed(anna: Client) -> None:
    for address in ("/search", "/users/menu"):
        for page, offered in (("/tasks/board?assignee_id=me", False), ("/tasks", True)):
            answer = anna.get(address, headers=HTMX | {"Referer": f"http://testserver{page}"})
            assert ("Menu of icons" in answer.text) is offered
        answer = anna.get(address, headers=HTML | {"Referer": "http://testserver/tasks/board"})
        assert "Menu of icons" in answer.text, "a page of its own has the width that was chosen"


@pytest.mark.parametrize("words", ["x" * 3000, "\0", "а" * 250, "%", "#"])
def test_odd_words_are_no_trouble(anna: Client, words: str) -> None:
    assert anna.get("/search", params={"q": words}, headers=HTML).status_code == 200


def test_single_keys_can_be_switched_off_and_on_again(anna: Client) -> None:
    body = 'data-keys="off"'
    assert body not in anna.get("/keys", headers=HTML).text
    anna.post("/preferences", data={"keys": "off"}, headers=HTML)
    page = anna.get("/keys", headers=HTML).text
    assert body in page and "Switch single keys on" in page and "Switch single keys off" not in page
    anna.post("/preferences", data={"keys": ""}, headers=HTML)
    assert body not in anna.get("/tasks", headers=HTML).text


def test_the_addresses_that_keys_lead_to_exist() -> None:
    path, script = path_maker(ROUTES), Path(folder("static"), "js/lazy/keys.js").read_text("utf-8")
    names = ("tasks:my_tasks", "tasks:index", "tasks:board", "notifications:index", "tasks:new", "search:keys")
    assert set(re.findall(r'"(/[a-z/-]+)"', script)) == {path(name) for name in names}
