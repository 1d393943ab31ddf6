"""Nothing typed is lost: crashes, ended sessions, refusals, a tracker that is down; and replies written beforehand."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from itsdangerous import Signer
from playwright.sync_api import Locator, Page, Request, expect
from sqlmodel import Session

from e2e import axe, html, steps
from e2e.conftest import AsProgram
from e2e.watching import Announced
from helpdesk.store import people, schema, sessions
from helpdesk.store.database import Database
from tests.running import STORE, Helpdesk, running_helpdesk
from tests.servers import imitated_redmine as imitation
from tests.servers.imitated_redmine import ImitatedRedmine, imitated_redmine
from tests.servers.process import wait_until

TEXT = "Набирала долго,\nтерять жалко: «кавычки» & <скобки>."
NOT_SENT = "не отправлен"

with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def note(page: Page) -> Locator:
    return page.locator(".draft")


def is_a_draft(request: Request) -> bool:
    return "/drafts/" in request.url


def offered_again(page: Page, number: int) -> None:
    """The comment is in its form, marked as not sent."""
    steps.open_task(page, number)
    expect(steps.comment_box(page)).to_have_value(TEXT)
    expect(note(page).first).to_contain_text(NOT_SENT)


def wait_for_drafts(client: httpx.Client, task: int, count: int) -> None:
    """Until the server has so many of a task: what a page sends while it is left is told by no event."""

    def there() -> bool:
        return client.get(f"/tasks/{task}", headers={"Accept": "text/html"}).text.count(NOT_SENT) == count

    wait_until(there, seconds=8, what=f"{count} drafts")


# A crash


@with_javascript
def test_a_moment_after_typing_stops_the_text_is_safe_from_a_crash(
    page: Page, anna: httpx.Client, html_faults: html.Faults
) -> None:
    task = steps.some_task(anna)["id"]
    count = len(steps.history(anna, task))
    steps.come_to(page, "anna", task)
    with page.expect_request_finished(is_a_draft) as kept:
        steps.comment_box(page).fill(TEXT)
        steps.comment_form(page).get_by_text("Внутренний комментарий").click()
    assert kept.value.method == "PUT"
    after_the_crash = page.context.new_page()
    offered_again(after_the_crash, task)
    expect(steps.comment_form(after_the_crash).get_by_label("Внутренний комментарий")).to_be_checked()
    assert html_faults(served(after_the_crash)) == [] and axe.faults(after_the_crash) == []
    assert len(steps.history(anna, task)) == count
    steps.press_comment(after_the_crash)
    expect(steps.entries(after_the_crash).last).to_contain_text("терять жалко")
    after_the_crash.reload()
    expect(steps.comment_box(after_the_crash)).to_have_value("")
    expect(note(after_the_crash)).to_have_count(0)


@with_javascript
def test_a_page_closed_while_typing_gives_its_text_to_the_server(page: Page, anna: httpx.Client) -> None:
    task = steps.some_task(anna, status="В работе")["id"]
    steps.come_to(page, "anna", task)
    steps.comment_box(page).fill(TEXT)
    page.goto("about:blank")
    wait_for_drafts(anna, task, 1)
    offered_again(page, task)


@with_javascript
def test_a_sent_text_leaves_no_draft_behind(page: Page, anna: httpx.Client) -> None:
    task = steps.some_task(anna)["id"]
    steps.come_to(page, "anna", task)
    steps.add_comment(page, TEXT)
    expect(steps.entries(page).last).to_contain_text("терять жалко")
    page.goto("/tasks/my-tasks")
    steps.open_task(page, task)
    expect(note(page)).to_have_count(0)
    expect(steps.comment_box(page)).to_have_value("")


def test_a_draft_can_be_thrown_away(page: Page, anna: httpx.Client, javascript: bool) -> None:
    task = steps.some_task(anna)["id"]
    anna.put(f"/drafts/task:{task}:comments", data={"comment": TEXT}).raise_for_status()
    anna.put(f"/drafts/task:{task}:priority", data={"comment": "О приоритете"}).raise_for_status()
    steps.come_in(page, "anna")
    of_earlier = page.locator(".draft-stray")
    steps.open_task(page, task)
    steps.mark(page)
    steps.comment_form(page).get_by_role("button", name="Удалить черновик").click()
    expect(steps.comment_box(page)).to_have_value("")
    expect(of_earlier.get_by_role("textbox")).to_have_value("О приоритете")
    assert steps.is_marked(page) is javascript
    of_earlier.get_by_role("button", name="Удалить черновик").click()
    expect(note(page)).to_have_count(0)
    expect(of_earlier).to_have_count(0)


def test_another_person_at_the_same_machine_sees_nothing(page: Page, anna: httpx.Client) -> None:
    task = steps.some_task(anna)["id"]
    anna.put(f"/drafts/task:{task}:comments", data={"comment": TEXT}).raise_for_status()
    steps.come_in(page, "anna")
    offered_again(page, task)
    page.goto("/users/logout")
    page.get_by_role("main").get_by_role("button", name="Выйти", exact=True).click()
    steps.sign_in(page, "boris")
    expect(steps.own_menu(page)).to_contain_text("Борис Громов")
    steps.open_task(page, task)
    expect(steps.comment_box(page)).to_have_value("")
    expect(page.get_by_text("терять жалко")).to_have_count(0)


@with_javascript
def test_a_page_left_open_gives_nothing_of_its_text_to_whoever_signed_in_since(
    page: Page, anna: httpx.Client, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(403)
    task = steps.some_task(anna)["id"]
    steps.come_to(page, "anna", task)
    steps.come_in(page, "boris")
    with page.expect_response(lambda answer: "/drafts/" in answer.url) as kept:
        steps.comment_box(page).fill(TEXT)
    assert kept.value.status == 403
    steps.press_comment(page)
    expect(steps.toast(page, "Эту страницу открыл другой человек")).to_be_visible()
    expect(steps.comment_box(page)).to_have_value(TEXT)
    assert TEXT not in steps.notes(anna, task)
    steps.open_task(page, task)
    expect(page.get_by_text("терять жалко")).to_have_count(0)


# The end of a session


def test_after_a_mistyped_password_the_text_still_waits_for_its_person(
    page: Page, anna: httpx.Client, announced: Announced
) -> None:
    announced.add(401)
    task = steps.some_task(anna)["id"]
    count = len(steps.history(anna, task))
    steps.come_to(page, "anna", task)
    steps.end_all_sessions(anna)
    steps.add_comment(page, TEXT, private=True)
    expect(page.get_by_label("Ваш текст.")).to_have_value(TEXT)
    steps.sign_in(page, "anna", "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Ваш текст.")).to_have_value(TEXT)
    steps.sign_in(page, "anna")
    expect(page.locator(f"#task-{task}")).to_be_visible()
    expect(steps.comment_box(page)).to_have_value(TEXT)
    expect(note(page)).to_contain_text(NOT_SENT)
    expect(steps.comment_form(page).get_by_label("Внутренний комментарий")).to_be_checked()
    expect(steps.entries(page)).to_have_count(count)


# Refused


def test_a_conflict_and_a_refusal_are_offered_again_later(
    page: Page, anna: httpx.Client, as_program: AsProgram, announced: Announced
) -> None:
    announced.update({409, 422})
    task, boris = steps.some_task(anna, status="Новая")["id"], as_program("boris")
    steps.come_to(page, "anna", task)
    steps.change_elsewhere(boris, task, "status", "Запрошено уточнение")
    steps.answer_and(page, TEXT, "Отклонена")
    expect(steps.comment_form(page).get_by_role("alert")).to_contain_text("Ничего не отправлено")
    page.goto("/tasks/my-tasks")
    steps.open_task(page, task)
    expect(steps.comment_box(page)).to_have_value(TEXT)
    expect(note(page)).to_contain_text(NOT_SENT)

    closed = next(it["id"] for it in _statuses(boris) if it["name"] == "Закрыта")
    steps.comment_form(page).locator("[name=then]").first.evaluate("(it, id) => { it.value = id }", str(closed))
    steps.comment_form(page).locator("[name=then]").first.click()
    expect(steps.comment_form(page).get_by_role("alert")).to_be_visible()
    page.goto("/tasks/my-tasks")
    steps.open_task(page, task)
    expect(steps.comment_box(page)).to_have_value(TEXT)


def _statuses(client: httpx.Client) -> list[dict[str, str]]:
    found: list[dict[str, str]] = client.get("/api/redmine/statuses").raise_for_status().json()["statuses"]
    return found


# A tracker that is down


class OverImitation(NamedTuple):
    """A helpdesk over an imitated Redmine that can be made to fail, and a cookie of anna's."""

    url: str
    redmine: ImitatedRedmine
    cookie: str


@contextmanager
def imitation_in_a_thread() -> Iterator[ImitatedRedmine]:
    """The imitation, in a loop of its own thread: a journey itself runs in none."""
    begun: Future[ImitatedRedmine] = Future()
    loop, done = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with imitated_redmine() as redmine:
            begun.set_result(redmine)
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        yield begun.result(10)
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def over_imitation(tmp_path: Path) -> Iterator[OverImitation]:
    secret, url = "for the length of a test and no longer", f"sqlite:///{tmp_path / STORE}"

    def sign_in(db: Session) -> str:
        person = people.bind_redmine(db, imitation.ANNA, "anna", "Анна", "")
        return sessions.begin(db, person.id or 0, datetime.now(UTC), False, "", "")[0]

    with imitation_in_a_thread() as redmine:
        environ = {"SECRET_KEY": secret, "DATABASE_URL": url, "REDMINE_URL": redmine.url, "REDMINE_API_KEY": "a key"}
        database = Database(url)
        schema.migrate(database, "production")
        cookie = Signer(secret, salt="session").sign(database.run_here(sign_in, writes=True)).decode()
        database.close()
        with running_helpdesk(tmp_path, "serve", environ=environ) as helpdesk:
            yield OverImitation(helpdesk.url, redmine, cookie)


@pytest.fixture
def site(request: pytest.FixtureRequest) -> str:
    """The demo, unless the journey asks for a Redmine that can fail."""
    if "over_imitation" in request.fixturenames:
        found: OverImitation = request.getfixturevalue("over_imitation")
        return found.url
    demo: Helpdesk = request.getfixturevalue("demo")
    return demo.url


def test_a_tracker_that_is_down_costs_no_text(
    page: Page, over_imitation: OverImitation, announced: Announced, javascript: bool
) -> None:
    announced.add(503)
    redmine = over_imitation.redmine
    page.context.add_cookies([{"name": "session", "value": over_imitation.cookie, "url": over_imitation.url}])
    steps.open_task(page, 7)
    redmine.answers[imitation.EVERYTHING] = imitation.says(500)
    steps.add_comment(page, TEXT)
    if javascript:
        expect(steps.toast(page, "Система задач сейчас не отвечает")).to_be_visible()
        expect(steps.comment_box(page)).to_have_value(TEXT)
        page.goto("about:blank")
    else:
        expect(page.get_by_label("Ваш текст.")).to_have_value(TEXT)
    redmine.answers.clear()
    if javascript:
        steps.open_task(page, 7)
    else:
        page.get_by_role("link", name="Назад к форме").click()
    expect(steps.comment_box(page)).to_have_value(TEXT)
    expect(note(page)).to_contain_text(NOT_SENT)
    assert len(redmine.issue["journals"]) == 1
    steps.press_comment(page)
    expect(steps.entries(page).last).to_contain_text("терять жалко")
    page.reload()
    expect(note(page)).to_have_count(0)


# Replies written beforehand


def test_a_reply_written_beforehand_is_inserted_and_sent(page: Page, anna: httpx.Client, javascript: bool) -> None:
    task = steps.some_task(anna)
    steps.come_to(page, "anna", task["id"])
    steps.compose_tools(page).get_by_role("link", name="Шаблоны ответов").click()
    page.get_by_label("Название").fill("Взято")
    page.get_by_label("Текст").fill("Заявка {task} у меня. {nonsense}\n{person}")
    page.get_by_role("button", name="Добавить шаблон").click()
    expect(page.get_by_role("heading", name="Взято")).to_be_visible()

    steps.open_task(page, task["id"])
    box = steps.comment_box(page)
    box.fill("Здравствуйте! До свидания!")
    if javascript:
        box.evaluate("(it) => it.setSelectionRange(14, 14)")
    steps.mark(page)
    steps.compose_tools(page).get_by_label("Шаблон ответа").select_option(label="Взято")
    steps.comment_form(page).get_by_role("button", name="Вставить").click()
    reply = f"Заявка #{task['id']} у меня. {{nonsense}}\nАнна Светлова"
    whole = f"Здравствуйте! {reply}До свидания!" if javascript else f"Здравствуйте! До свидания!\n{reply}"
    expect(box).to_have_value(whole)
    assert steps.is_marked(page) is javascript
    assert whole not in steps.notes(anna, task["id"])
    steps.press_comment(page)
    expect(steps.entries(page).last).to_contain_text("{nonsense}")
    expect(note(page)).to_have_count(0)
    assert steps.notes(anna, task["id"])[-1] == whole


def test_a_reply_is_edited_and_deleted(page: Page, anna: httpx.Client) -> None:
    anna.post("/replies", json={"name": "Взято", "text": "Беру."}).raise_for_status()
    steps.come_to(page, "anna", "/replies")
    page.get_by_role("link", name="Изменить «Взято»").click()
    page.get_by_label("Текст").fill("Уже беру.")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("Уже беру.")).to_be_visible()
    page.get_by_role("button", name="Удалить «Взято»").click()
    expect(page.get_by_text("Уже беру.")).to_have_count(0)


@with_javascript
def test_the_pages_of_replies_and_drafts_are_usable_by_everybody(
    page: Page,
    anna: httpx.Client,
    as_program: AsProgram,
    announced: Announced,
    html_faults: html.Faults,
) -> None:
    announced.add(422)
    task = steps.some_task(anna)["id"]
    number = (
        anna.post("/replies", json={"name": "Взято", "text": "слово" * 90}).raise_for_status().json()["reply"]["id"]
    )
    as_program("admin").post("/replies", json={"name": "Общий", "text": "…", "shared": True}).raise_for_status()
    anna.put(f"/drafts/task:{task}:comments", data={"comment": TEXT}).raise_for_status()
    anna.put(f"/drafts/task:{task}:status", data={"comment": TEXT}).raise_for_status()
    steps.come_in(page, "anna")
    for address in ("/replies", f"/replies/{number}", f"/tasks/{task}"):
        page.goto(address)
        looks_right(page, html_faults)
    page.goto("/replies")
    page.locator("form.reply").evaluate("(it) => it.submit()")
    expect(page.get_by_label("Название")).to_have_attribute("aria-invalid", "true")
    looks_right(page, html_faults)
    steps.come_to(page, "admin", "/replies")
    looks_right(page, html_faults)


def looks_right(page: Page, html_faults: html.Faults) -> None:
    assert html_faults(served(page)) == [] and axe.faults(page) == []
    desk = page.viewport_size
    assert desk
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("() => document.scrollingElement.scrollWidth") <= 320
    page.set_viewport_size(desk)


def served(page: Page) -> str:
    """The page as the server sends it: what a browser writes of its document is its own HTML."""
    return page.request.get(page.url, headers={"Accept": "text/html"}).text()
