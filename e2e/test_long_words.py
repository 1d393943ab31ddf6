"""Words of 300 characters without a place to break, in whatever others wrote: no page is wider than a small phone."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, ViewportSize, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced
from tests.foreign import give_everything
from tests.running import STORE, Helpdesk
from tests.telling import tell_in

PHONE: ViewportSize = {"width": 320, "height": 640}
WORD = "Ш" * 300
NARROWED = (
    "status_id=2&priority_id=2&project_id=1&tracker_id=1&assigned_to_id=3&author_id=4&closed=1&search=" + "Ш" * 200
)
WHOLE = 301

Fits = Callable[[str], None]

pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@pytest.fixture
def fits(page: Page) -> Iterator[Fits]:
    """`fits("the list")` looks at what is on the screen now, by that name; what was too wide is told at the end."""
    page.set_viewport_size(PHONE)
    faults: list[str] = []

    def here(name: str) -> None:
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            widest = page.evaluate(TOO_WIDE, PHONE["width"])
            faults.append(f"{name} is {width} px wide: {widest}")

    yield here
    assert faults == []


def test_lists_and_statistics(demo: Helpdesk, page: Page, fits: Fits, announced: Announced, anna: httpx.Client) -> None:
    announced.add(422)
    anna.post("/views", json={"name": "x", "address": "/tasks?status_id=2"}).raise_for_status()
    _give(demo)
    steps.come_in(page, "anna")
    for name, address in {
        "one's own tasks": "/tasks/my-tasks",
        "all tasks": "/tasks?sort=id",
        "a narrowed list": f"/tasks?{NARROWED}",
        "a list of nobody's": "/tasks?assigned_to_id=none",
        "statistics": "/tasks/statistics",
        "narrowed statistics": f"/tasks/statistics?{NARROWED.rpartition('&')[0]}",
        "saved views": "/views",
        "a list to be saved": f"/views?of=/tasks&{NARROWED}",
        "a search for a word": f"/tasks?search={'Ш' * 200}",
        "a wrong question": f"/tasks?sort={WORD}",
    }.items():
        page.goto(address)
        fits(name)
    page.goto("/tasks")
    page.locator(".list-edit a").first.click()
    expect(page.locator(".editing")).to_be_visible()
    fits("a row's form")
    page.locator("tbody input[type=checkbox]").last.check()
    page.locator("#bulk textarea").fill(WORD)
    fits("a change of many tasks")
    page.locator("#bulk button").click()
    expect(page.locator("#toasts .toast")).to_be_visible()
    fits("what became of many tasks")
    page.goto("/tasks?filter=1")
    fits("all filters")
    page.get_by_role("link", name="столбцы").click()
    expect(page.get_by_role("form", name="Столбцы")).to_be_visible()
    fits("the choice of columns")


def test_the_pages_of_a_task(
    demo: Helpdesk, page: Page, fits: Fits, announced: Announced, as_program: AsProgram
) -> None:
    announced.add(409)
    admin = as_program("admin")
    admin.post(f"/tasks/{WHOLE}/attachments", files={"files": ("x.txt", b"x", "text/plain")}).raise_for_status()
    told = admin.post(f"/tasks/api/task/{WHOLE}/comments", json={"comment": "x"}).raise_for_status()
    admin.put(f"/tasks/api/task/{WHOLE}", json={"subject": "y"}).raise_for_status()
    admin.post("/replies", json={"name": "x", "text": "x"}).raise_for_status()
    _give(demo)
    steps.come_in(page, "admin")
    for name, address in {
        "a task": f"/tasks/{WHOLE}",
        "a task with a parent": f"/tasks/{WHOLE + 1}",
        "the form of a task": f"/tasks/{WHOLE}/edit",
        "a comment being changed": f"/tasks/{WHOLE}/comments/{told.json()['comment']['id']}",
        "a question before deleting": f"/tasks/{WHOLE}/delete",
        "whom one can mention": f"/tasks/{WHOLE}/mentions",
        "who was found": "/search?q=анна",
        "where a new task goes": "/tasks/new",
        "a new task": "/tasks/new?project_id=1",
        "reply templates": "/replies",
        "columns of the board": "/tasks/board/columns",
    }.items():
        page.goto(address)
        fits(name)
    page.goto(f"/tasks/{WHOLE}")
    its = page.locator(".task-facts")
    boris, address = as_program("boris"), f"/tasks/api/task/{WHOLE}"
    offered = boris.get(f"{address}/statuses").json()
    theirs = next(it for it in offered["available_statuses"] if it["id"] != offered["current_status"]["id"])
    boris.put(f"{address}/status", json={"status_id": theirs["id"]}).raise_for_status()
    status = steps.control(page, "status")
    status.evaluate("(it) => { it.selectedIndex = it.options.length - 1; it.form.requestSubmit() }")
    expect(its.get_by_role("alert")).to_be_visible()
    fits("a conflict")
    status.evaluate("(it) => it.form.requestSubmit()")
    expect(page.locator("#toasts .toast")).to_be_visible()
    fits("a change told of")


def test_requests(demo: Helpdesk, page: Page, fits: Fits, as_program: AsProgram) -> None:
    category = {"name": "x", "hint": "x", "project_id": 1, "is_active": True}
    for _ in range(2):
        as_program("admin").post("/admin/categories", json=category).raise_for_status()
    number = as_program("irina").get("/requests?phase=waiting").json()["requests"][0]["id"]
    _give(demo)
    for login, addresses in {
        "irina": ("/requests", f"/requests/{number}", "/requests/new"),
        "admin": ("/admin/categories", "/admin/categories/1"),
    }.items():
        steps.come_in(page, login)
        for address in addresses:
            page.goto(address)
            fits(address)


def test_the_board(demo: Helpdesk, page: Page, fits: Fits, announced: Announced, anna: httpx.Client) -> None:
    _give(demo)
    steps.come_in(page, "anna")
    for name, address in {
        "the board": "/tasks/board?assigned_to_id=any",
        "a narrowed board": f"/tasks/board?{NARROWED}",
        "a compact board": "/tasks/board?assigned_to_id=any&compact=1",
        "a board with lanes": "/tasks/board?assigned_to_id=any&lanes=assignee",
        "a card by itself": f"/tasks/{WHOLE}/card",
    }.items():
        page.goto(address)
        fits(name)
    page.goto("/tasks/board")
    page.locator(".board-filter summary").click()
    expect(page.locator(".board-filter select").first).to_be_visible()
    fits("a board being narrowed")
    page.locator(".board-filter summary").click()
    page.locator(".grip").first.press("Enter")
    move = page.locator(".tray .move")
    expect(move).to_be_visible()
    fits("what can be done to a card")
    move.locator("button").first.press("Enter")
    expect(page.locator("#toasts .toast")).to_be_visible()
    fits("a card moved")


def test_notifications(demo: Helpdesk, page: Page, fits: Fits, anna: httpx.Client) -> None:
    task = steps.some_task(anna)["id"]
    for place in (f"task/{task}", "project/1"):
        anna.post(f"/notifications/mute/{place}", json={"muted": True}).raise_for_status()
    for number, told in enumerate(({}, {"kind": "status", "type": "status_change", "old": "x", "new": "y"})):
        tell_in(demo.folder / "data" / STORE, "anna", task, f"entry.{number}", **told)
    _give(demo)
    steps.come_in(page, "anna")
    for name, address in {
        "notifications": "/notifications",
        "settings of notifications": "/notifications/preferences",
    }.items():
        page.goto(address)
        fits(name)


def test_long_words_that_are_shown_back_fit(page: Page, fits: Fits, announced: Announced, anna: httpx.Client) -> None:
    announced.update({404, 422})
    page.goto("/users/login")
    page.locator("#username").evaluate("(it) => it.removeAttribute('maxlength')")
    steps.sign_in(page, WORD, WORD)
    expect(page.get_by_role("alert")).to_be_visible()
    fits("signing in")
    page.goto(f"/{WORD}")
    fits("an unknown address")
    steps.come_to(page, "anna", "/views?of=/tasks")
    page.locator("#view-name").evaluate("(it) => it.removeAttribute('maxlength')")
    page.locator("#view-name").fill(WORD)
    page.locator("#view-name").press("Enter")
    expect(page.locator("#view-name[aria-invalid]")).to_be_visible()
    fits("a name refused")
    page.goto("/tasks/new?project_id=1")
    page.get_by_label("Тема").evaluate("(it) => it.removeAttribute('maxlength')")
    page.get_by_label("Тема").fill(WORD)
    page.get_by_label("Описание").fill(
        f"{WORD}\n\n```\n{WORD}\n```\n\n> {WORD}\n\n| {WORD} | b |\n|--|--|\n| c | {WORD} |\n"
    )
    page.get_by_role("button", name="Предпросмотр").click()
    expect(page.locator(".preview pre")).to_be_visible()
    fits("a text as it will look")
    page.get_by_role("button", name="Создать задачу").click()
    expect(page.get_by_label("Тема")).to_have_attribute("aria-invalid", "true")
    fits("a new task refused")


def _give(demo: Helpdesk) -> None:
    give_everything(demo.folder / "data" / STORE, WORD)


TOO_WIDE = """(most) => [...document.querySelectorAll("body *")]
    .filter((it) => it.getBoundingClientRect().right > most + 1 && !it.closest(".board, #panel, pre, table"))
    .map((it) => it.tagName + "." + it.className + "#" + it.id + " " + Math.round(it.getBoundingClientRect().right))
    .slice(0, 12)"""
