"""The start page: what it shows to whom, that its numbers are those of the lists, and that it waits for nobody long."""

import asyncio
import logging
from dataclasses import replace
from types import ModuleType

import pytest
import sqlalchemy as sa

from helpdesk.errors import HelpdeskError, LockedOut, Unavailable, WrongKey, sentence
from helpdesk.paths import folder
from helpdesk.services import Services
from helpdesk.store.models.tables import Task
from helpdesk.web.admin import broken as broken_module
from helpdesk.web.core.errors import status_of
from helpdesk.web.edge.readiness import Readiness
from helpdesk.web.edge.static_files import minified
from helpdesk.web.lists import page as list_page
from helpdesk.web.start import sections
from helpdesk.web.tasks import colors
from tests.people.scripted import ScriptedDirectory
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import Element, parsed
from tests.world import PASSWORDS, EmbeddedWorld

SILENT = "The task system does not answer just now"
LATE = "The task system has not answered in time"


def page(client: Client, status: int = 200) -> Element:
    answer = client.get("/", headers=HTML)
    assert answer.status_code == status, answer.text
    return parsed(answer.text)


def lists(client: Client) -> dict[str, Element]:
    """The lists on the start page by their names."""
    return {it["aria-labelledby"].removeprefix("start-"): it for it in page(client).of_class("start-list")}


def links(element: Element) -> list[str]:
    return [it["href"] for it in element.all(lambda it: it.tag == "a")]


def overdue(services: Services, number: int) -> None:
    past = sa.update(Task).where(Task.id == number).values(due_date=sa.func.date("2020-01-01"))
    services.database.run_here(lambda db: db.execute(past), writes=True)


async def never(*_args: object, **_named: object) -> None:
    await asyncio.Event().wait()


def test_visitors_sign_in_first_and_programs_get_their_tasks(visit: Visit) -> None:
    assert visit().get("/", headers=HTML).headers["location"] == "/users/login?next=%2F"
    assert visit().get("/").status_code == 401
    assert visit("anna").get("/").headers["location"] == "/tasks/my-tasks"


def test_each_number_is_that_of_its_list_and_the_first_tasks_are_the_first_there(
    anna: Client, embedded: EmbeddedWorld, services: Services
) -> None:
    for priority in ("low", "urgent", "normal", "high"):
        overdue(services, embedded.new_task(f"Мне {priority}", priority=priority))
    for status in ("in_progress", "closed"):
        embedded.new_task(f"Мне {status}", status=status)
    for number in range(4):
        embedded.new_task(f"Ничья {number}", assignee=None)
    embedded.new_task("Чужая", assignee="boris")
    shown = lists(anna)
    assert list(shown) == ["for-me", "overdue", "new"]
    for name, total in (("for-me", 5), ("overdue", 4), ("new", 4)):
        first, *tasks, more = links(shown[name])
        (number,) = shown[name].all(lambda it: it.tag == "b")
        told = anna.get(first).json()
        assert int(number.text) == told["pagination"]["total"] == total
        assert [it.partition("?")[0] for it in tasks] == [f"/tasks/{it['id']}" for it in told["tasks"]][
            : sections.SHOWN
        ] and more == first
    assert "Мне urgent" in shown["for-me"].text and "Мне low" not in shown["for-me"].text
    assert "What is broken" not in anna.get("/", headers=HTML).text


def test_a_task_leads_on_through_its_list_and_back_to_it(anna: Client, embedded: EmbeddedWorld) -> None:
    for priority in ("low", "urgent", "normal", "high"):
        embedded.new_task(f"Мне {priority}", priority=priority, author="irina")
    address, _, second, *_ = links(lists(anna)["for-me"])
    (way,) = parsed(anna.get(second, headers=HTML).text).of_class("task-way")
    back, _, forth = links(way)
    assert back.partition("#")[0] == address and "2 of 4" in way.text
    listed = [it["id"] for it in anna.get(address).json()["tasks"]]
    assert anna.get(forth, headers=HTML).headers["location"].startswith(f"/tasks/{listed[2]}?")


def test_staff_without_work_get_the_next_act(anna: Client, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Когда-то моя", status="closed")
    shown = lists(anna)
    assert "Nothing waits for you." in shown["for-me"].text and "/tasks" in links(shown["for-me"])
    assert "Nothing of yours is overdue." in shown["overdue"].text


def test_somebody_who_only_asks_sees_what_becomes_of_each_request(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Взята", author="irina", status="in_progress")
    embedded.new_task("Ничья", author="irina", assignee=None)
    embedded.new_task("Сделана", author="irina", status="resolved")
    embedded.new_task("Прежняя", author="irina", status="closed")
    embedded.new_task("Чужая", author="boris")
    irina = visit("irina")
    (requests,) = lists(irina).values()
    assert links(requests)[0] == "/requests" and "Чужая" not in requests.text
    assert all(it.startswith("/requests") for it in links(requests))
    words = {it.all(lambda it: it.tag == "a")[0].text: it.text for it in requests.all(lambda it: it.tag == "li")}
    assert "Анна Смирнова works on it" in words["Взята"]
    assert "nobody has taken it yet" in words["Ничья"]
    assert "done: see whether it helped" in words["Сделана"]
    assert list(words)[-1] == "Прежняя", "closed ones come last"
    (ask,) = page(irina).of_class("start-ask")
    assert links(ask) == ["/requests/new"]


def test_who_may_ask_nowhere_is_told_so(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Чужая")
    there = page(visit("stranger"))
    (ask,) = there.of_class("start-ask")
    assert links(ask) == [] and "can't be created here yet" in ask.text and "Чужая" not in there.text


def test_new_staff_may_begin_with_a_task_that_nobody_has(anna: Client, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Ничья", assignee=None, author="irina")
    assert list(lists(anna)) == ["requests", "new"]
    assert "Ничья" in lists(anna)["new"].text


def test_a_slow_list_is_left_out_and_the_others_are_there(
    anna: Client, embedded: EmbeddedWorld, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.new_task("Стул")
    read = type(services.backend).tasks

    async def slow(backend: object, who: object, query: object, **named: object) -> object:
        await (never() if getattr(query, "due_by", None) else asyncio.sleep(0))
        return await read(backend, who, query, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(sections, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(type(services.backend), "tasks", slow)
    shown = lists(anna)
    assert LATE in shown["overdue"].text and len(links(shown["overdue"])) == 2
    assert "Стул" in shown["for-me"].text


@pytest.mark.parametrize(
    ("module", "slow"), [(list_page, "was_never_assigned"), (colors, "prepare"), (None, "projects_for_new")]
)
def test_a_slow_lookup_beside_the_lists_takes_none_of_them_away(
    visit: Visit,
    embedded: EmbeddedWorld,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType | None,
    slow: str,
) -> None:
    embedded.new_task("Стул", author="irina")
    monkeypatch.setattr(sections, "BESIDE_SECONDS", 0.01)
    monkeypatch.setattr(module or type(services.backend), slow, never)
    for login, first in (("anna", "for-me"), ("irina", "requests")):
        client = visit(login)
        assert "Стул" in lists(client)[first].text
        assert bool(page(client).of_class("start-ask")) == (login == "irina")


def test_whoever_may_be_no_staff_can_ask_though_the_task_system_is_silent(
    visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "WAIT_SECONDS", 0.01)
    for name in ("vocabulary", "tasks"):
        monkeypatch.setattr(type(services.backend), name, never)
    (ask,) = page(visit("irina")).of_class("start-ask")
    assert links(ask) == ["/requests/new"]
    assert not page(visit("admin")).of_class("start-ask")


@pytest.mark.parametrize("refused", ["vocabulary", "tasks"])
@pytest.mark.parametrize("error", [LockedOut(), WrongKey(detail="user 5")], ids=lambda it: type(it).__name__)
def test_a_refusal_is_told_and_no_other_try_is_offered(
    anna: Client, services: Services, monkeypatch: pytest.MonkeyPatch, error: HelpdeskError, refused: str
) -> None:
    async def refuses(*_args: object, **_named: object) -> None:
        raise error

    monkeypatch.setattr(type(services.backend), refused, refuses)
    there = page(anna, status_of(error))
    assert error.message.text in there.text
    assert SILENT not in there.text and LATE not in there.text and not there.of_class("start-list")


def test_why_a_list_is_missing_is_logged(
    anna: Client, services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_args: object, **_named: object) -> None:
        raise Unavailable(detail="the line broke")

    caplog.set_level(logging.INFO)
    monkeypatch.setattr(type(services.backend), "tasks", fails)
    assert LATE in page(anna).text
    assert {getattr(it, "detail", "") for it in caplog.records if it.name == sections.__name__} == {"the line broke"}


@pytest.mark.parametrize("silent", ["vocabulary", "tasks"])
def test_administrators_are_not_told_that_a_silent_task_system_works(
    visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    monkeypatch.setattr(sections, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(type(services.backend), silent, never)
    (broken,) = page(visit("admin")).of_class("start-broken")
    assert "has not answered in time" in broken.text and "helpdesk doctor" in broken.text
    assert "Nothing:" not in broken.text


@pytest.mark.parametrize("silent", ["vocabulary", "tasks", "projects_for_new"])
def test_a_silent_task_system_holds_no_page(
    visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    monkeypatch.setattr(sections, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(type(services.backend), silent, never)
    for login in ("anna", "irina"):
        assert (SILENT in page(visit(login)).text) >= (silent == "vocabulary")


def test_administrators_see_what_is_broken_and_what_to_do(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(client: Client) -> str:
        return "".join(it.text for it in page(client).of_class("start-broken"))

    assert "Nothing: the store" in broken(visit("admin"))

    async def fails(readiness: Readiness) -> None:
        raise Unavailable(sentence("The disk is full, or can't be written to."))

    monkeypatch.setattr(Readiness, "require", fails)
    told = broken(visit("admin"))
    assert "The disk is full" in told and "helpdesk doctor" in told and "Nothing:" not in told
    assert broken(visit("anna")) == ""
    monkeypatch.setattr(Readiness, "require", never)
    monkeypatch.setattr(broken_module, "WAIT_SECONDS", 0.01)
    assert "has not been checked in time" in broken(visit("admin"))


def test_administrators_are_told_of_a_directory_that_refuses_the_helpdesk(visit: Visit, services: Services) -> None:
    refusing = ScriptedDirectory("oracle")
    refusing.trouble = "ORA-28000"

    def broken(login: str) -> str:
        client = visit(login)
        here = client.app.app.state.services
        directories = replace(services.authentication, directories=(refusing,))
        client.app.app.state.services = replace(here, authentication=directories)
        return "".join(it.text for it in page(client).of_class("start-broken"))

    assert "ORA-28000" in broken("admin") and broken("anna") == ""


def greets(client: Client) -> bool:
    return bool(page(client).of_class("splash"))


def sign_in(client: Client, **more: str) -> None:
    form = {"username": "anna", "password": PASSWORDS["anna"], **more}
    assert client.post("/users/login", data=form, headers=HTML).status_code == 303


def test_a_splash_greets_once_a_day_after_signing_in(visit: Visit) -> None:
    client = visit()
    sign_in(client)
    client.head("/", headers=HTML).raise_for_status()
    client.get("/", headers=HTML | {"Sec-Purpose": "prefetch"}).raise_for_status()
    assert (greets(client), greets(client)) == (True, False)
    sign_in(client)
    assert not greets(client)
    client.cookies.delete("splash")
    client.cookies.set("splash", "2020-01-01", domain="testserver.local")
    assert not greets(client)
    sign_in(client)
    assert greets(client)


def test_a_splash_is_for_people_at_the_start_page_alone(visit: Visit) -> None:
    client = visit()
    client.post("/users/login", json={"username": "anna", "password": PASSWORDS["anna"]}).raise_for_status()
    assert not greets(client)
    answer = client.post("/users/login", data={"username": "anna", "password": PASSWORDS["anna"]}, headers=HTML)
    assert "splash=due; HttpOnly; Max-Age=60" in answer.headers["set-cookie"]
    assert 'class="splash"' not in client.get("/tasks/my-tasks", headers=HTML).text


def test_the_menu_switches_the_splash_off_and_on(visit: Visit) -> None:
    client = visit()
    sign_in(client)
    for value, greeted in (("off", False), ("", True)):
        (button,) = parsed(client.get("/users/menu", headers=HTML).text).all(lambda it: it.get("name") == "splash")
        assert button["value"] == value
        assert client.post("/preferences", data={"splash": value}, headers=HTML).status_code == 303
        sign_in(client)
        assert greets(client) == greeted


def test_a_splash_has_little_style_and_no_script() -> None:
    style = (folder("static") / "css/pages/splash.css").read_text()
    assert len(minified(folder("static") / "css/pages/splash.css")) <= 1024
    assert style.count("prefers-reduced-motion: no-preference") == 1
    assert not [it for it in folder("static").rglob("*.js") if "splash" in it.read_text()]
